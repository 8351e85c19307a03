//! R18: payments booked together, against the same payments booked one after the other. Two practices begin alike; one
//! gets each batch in one transaction, the other payment by payment, and nobody can tell them apart by what is on their
//! bills, in their accounts, or in what they announce.

use crate::app::{TODAY, TestApp, minor, usd};
use billing::work::Payments;
use ids::{ClientId, PaymentId, PracticeId};
use pg::feed::{Event, Handler as _};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::{
    Allocation, Bill, BillBalanceChanged, CancelBillRequest, EntryPosted, GetBillRequest,
    IssueBillRequest, PaymentKind, PaymentPosted,
};
use proto::payments::v1::{PaymentFacts, PaymentSucceeded};
use testkit::request_id;
use tokio::runtime::Runtime;

/// Bills of each batch, the last of which is cancelled.
const BILLS: usize = 4;

/// A payment: what it is meant for, by the bill's place, and what it brings beyond that. Or an earlier one again.
#[derive(Clone, Debug)]
enum Told {
    Payment(Vec<(usize, i64)>, i64),
    Again(usize),
}

fn told() -> impl Strategy<Value = Told> {
    let wanted = prop::collection::vec((0..BILLS, 1_i64..3_000), 0..4);
    prop_oneof![
        6 => (wanted, 0_i64..500).prop_map(|(wanted, beyond)| Told::Payment(wanted, beyond)),
        1 => (0_usize..20).prop_map(Told::Again),
    ]
}

/// A practice with a client, in which a batch is booked in its way.
struct Side {
    practice: PracticeId,
    client: ClientId,
    together: bool,
}

/// All that a batch left behind, in words that do not depend on ids.
#[derive(Debug, PartialEq)]
struct Trace {
    bills: Vec<(i64, i32)>,
    revisions: Vec<i64>,
    booked: Vec<(i64, Vec<(usize, i64)>)>,
    announced: Vec<String>,
    accounts: Vec<(String, i64, i64)>,
}

impl Side {
    async fn new(app: &TestApp, together: bool) -> Self {
        let practice = PracticeId::new(&app.clock);
        app.register(practice).await;
        let (client, _) = app.insured_client(practice).await;
        Self {
            practice,
            client,
            together,
        }
    }

    async fn bills(&self, app: &TestApp, prices: &[i64]) -> Vec<Bill> {
        let mut service = BillServiceClient::new(app.owner_of(self.practice));
        let mut bills = Vec::new();
        for price in prices {
            let request = IssueBillRequest {
                practice_id: self.practice.to_string(),
                client_id: self.client.to_string(),
                ..app.product_request(*price)
            };
            let issued = service.issue_bill(request).await.expect("issued");
            bills.push(issued.into_inner().bill.expect("a bill"));
        }
        let last = CancelBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bills.last().expect("some").bill_id.clone(),
            reason: String::new(),
        };
        service.cancel_bill(last).await.expect("cancelled");
        bills
    }

    fn events(&self, app: &TestApp, bills: &[Bill], batch: &[Told]) -> (Vec<Event>, Vec<String>) {
        let (mut events, mut payments) = (Vec::new(), Vec::<PaymentFacts>::new());
        for told in batch {
            let facts = match told {
                Told::Again(_) if payments.is_empty() => continue,
                Told::Again(at) => payments[at % payments.len()].clone(),
                Told::Payment(wanted, beyond) => {
                    let amount = wanted.iter().map(|(_, amount)| amount).sum::<i64>() + beyond;
                    if amount == 0 {
                        continue;
                    }
                    let wanted = wanted.iter().map(|(at, amount)| Allocation {
                        bill_id: bills[*at].bill_id.clone(),
                        amount: Some(usd(*amount)),
                    });
                    PaymentFacts {
                        payment_id: PaymentId::new(&app.clock).to_string(),
                        client_id: self.client.to_string(),
                        kind: PaymentKind::Cash.into(),
                        amount: Some(usd(amount)),
                        receive_date: Some(TODAY),
                        allocations: wanted.collect(),
                        method_text: "Cash".to_owned(),
                        ..PaymentFacts::default()
                    }
                }
            };
            payments.push(facts.clone());
            let succeeded = PaymentSucceeded {
                payment: Some(facts),
                payer: None,
            };
            events.push(app.event(self.practice, 1, &succeeded));
        }
        let mut ids: Vec<String> = payments.into_iter().map(|paid| paid.payment_id).collect();
        ids.sort();
        ids.dedup();
        (events, ids)
    }

    async fn book(&self, app: &TestApp, events: &[Event]) {
        let follower = Payments(app.billing.clone());
        let size = if self.together {
            events.len().max(1)
        } else {
            1
        };
        for batch in events.chunks(size) {
            let mut tx = pg::begin(&app.billing.db, self.practice)
                .await
                .expect("begun");
            follower.apply_all(&mut tx, batch).await.expect("applied");
            tx.commit().await.expect("committed");
        }
    }

    /// Books a batch on fresh bills, and tells what is left of it.
    async fn trace(&self, app: &TestApp, prices: &[i64], batch: &[Told]) -> Trace {
        let bills = self.bills(app, prices).await;
        let before = self.head(app).await;
        let (events, payments) = self.events(app, &bills, batch);
        self.book(app, &events).await;
        let mut service = BillServiceClient::new(app.owner_of(self.practice));
        let mut standing = Vec::new();
        for bill in &bills {
            let request = GetBillRequest {
                practice_id: self.practice.to_string(),
                bill_id: bill.bill_id.clone(),
            };
            let bill = service.get_bill(request).await.expect("read").into_inner();
            let bill = bill.bill.expect("a bill");
            standing.push((minor(&bill.client_balance), bill.status));
        }
        Trace {
            bills: standing,
            revisions: self.revisions(app).await,
            booked: self.booked(app, &bills, &payments).await,
            announced: self.announced(app, (before, &bills, &payments)).await,
            accounts: self.accounts(app).await,
        }
    }

    async fn head(&self, app: &TestApp) -> i64 {
        sqlx::query_scalar("select head from billing.streams where practice_id = $1")
            .bind(self.practice.uuid())
            .fetch_one(app.db.owner_pool())
            .await
            .expect("a stream")
    }

    async fn revisions(&self, app: &TestApp) -> Vec<i64> {
        sqlx::query_scalar(
            "select revision from billing.bills where practice_id = $1 order by number",
        )
        .bind(self.practice.uuid())
        .fetch_all(app.db.owner_pool())
        .await
        .expect("read")
    }

    /// Debits and credits of every kind of account.
    async fn accounts(&self, app: &TestApp) -> Vec<(String, i64, i64)> {
        sqlx::query_as(
            "select kind, sum(debits_minor)::bigint, sum(credits_minor)::bigint
            from billing.accounts where practice_id = $1 group by kind order by kind",
        )
        .bind(self.practice.uuid())
        .fetch_all(app.db.owner_pool())
        .await
        .expect("read")
    }

    /// Of each payment, what became credit and what went to which bill.
    async fn booked(
        &self,
        app: &TestApp,
        bills: &[Bill],
        payments: &[String],
    ) -> Vec<(i64, Vec<(usize, i64)>)> {
        let mut booked = Vec::new();
        for payment in payments {
            let id: PaymentId = payment.parse().expect("an id");
            let credited: i64 = sqlx::query_scalar(
                "select credited_minor from billing.posted_payments where practice_id = $1 and payment_id = $2",
            )
            .bind(self.practice.uuid())
            .bind(id.uuid())
            .fetch_one(app.db.owner_pool())
            .await
            .expect("booked");
            let placed: Vec<(uuid::Uuid, i64)> = sqlx::query_as(
                "select bill_id, amount_minor from billing.posted_allocations
                where practice_id = $1 and payment_id = $2 order by position",
            )
            .bind(self.practice.uuid())
            .bind(id.uuid())
            .fetch_all(app.db.owner_pool())
            .await
            .expect("read");
            let placed = placed
                .into_iter()
                .map(|(bill, amount)| (place(bills, &ids::BillId::from(bill).to_string()), amount));
            booked.push((credited, placed.collect()));
        }
        booked
    }

    async fn announced(
        &self,
        app: &TestApp,
        (before, bills, payments): (i64, &[Bill], &[String]),
    ) -> Vec<String> {
        let events: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "select event_type, payload from billing.outbox where practice_id = $1 and seq > $2 order by seq",
        )
        .bind(self.practice.uuid())
        .bind(before)
        .fetch_all(app.db.owner_pool())
        .await
        .expect("read");
        let said = |(kind, payload): (String, Vec<u8>)| match kind.as_str() {
            "evenkeel.billing.v1.PaymentPosted" => {
                let posted = PaymentPosted::decode(&*payload).expect("an event");
                let at = payments.iter().position(|id| *id == posted.payment_id);
                format!("payment {at:?} credited {:?}", minor(&posted.credited))
            }
            "evenkeel.billing.v1.BillBalanceChanged" => {
                let changed = BillBalanceChanged::decode(&*payload).expect("an event");
                let bill = changed.bill.expect("a bill");
                let (at, left) = (place(bills, &bill.bill_id), minor(&bill.client_balance));
                format!("bill {at} {left} {:?}", bill.status())
            }
            "evenkeel.billing.v1.EntryPosted" => {
                let posted = EntryPosted::decode(&*payload).expect("an event");
                let transfers = posted.entry.expect("an entry").transfers;
                let moved = transfers.iter().map(|it| {
                    let accounts = (it.debit_account_kind(), it.credit_account_kind());
                    (accounts, minor(&it.amount))
                });
                format!("entry {:?}", moved.collect::<Vec<_>>())
            }
            other => other.to_owned(),
        };
        events.into_iter().map(said).collect()
    }
}

fn place(bills: &[Bill], id: &str) -> usize {
    let found = bills.iter().position(|bill| bill.bill_id == id);
    found.expect("one of the batch's")
}

#[test]
fn r18_a_batch_of_payments_is_what_they_are_one_after_the_other() {
    let runtime = Runtime::new().expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    let (together, singly) = runtime.block_on(async {
        let together = Side::new(&app, true).await;
        (together, Side::new(&app, false).await)
    });
    let mut runner = TestRunner::new(Config {
        cases: 24,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    });
    let prices = prop::array::uniform4(1_i64..4_000);
    let batch = prop::collection::vec(told(), 1..24);
    let compared = runner.run(&(prices, batch), |(prices, batch)| {
        let (one, other) = runtime.block_on(async {
            let one = together.trace(&app, &prices, &batch).await;
            (one, singly.trace(&app, &prices, &batch).await)
        });
        prop_assert_eq!(one, other);
        Ok(())
    });
    compared.expect("nobody can tell them apart");
    runtime.block_on(app.finish());
}
