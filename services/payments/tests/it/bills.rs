use crate::billing::bill_issued;
use crate::neighbours::apply;
use crate::stage::Stage;
use payments::work::Bills;
use proto::billing::v1::BillEdited;
use proto::google::r#type::Date;

#[tokio::test]
async fn r49_a_bills_new_due_date_is_known_when_it_is_edited() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let mut facts = bill_issued(bill, stage.client, 4_000).bill;
    if let Some(facts) = &mut facts {
        facts.due_date = Some(Date {
            year: 2026,
            month: 4,
            day: 30,
        });
    }
    let edited = BillEdited { bill: facts };
    apply(stage.db.pool(), &Bills, stage.practice, &edited).await;
    let due: String =
        sqlx::query_scalar("select due_date::text from payments.bills where bill_id = $1")
            .bind(bill.uuid())
            .fetch_one(stage.db.owner_pool())
            .await
            .expect("known");
    assert_eq!(due, "2026-04-30");
    stage.finish().await;
}
