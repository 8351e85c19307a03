//! What must hold of payments is checked, and what is broken on purpose is named.

use crate::stage::{Stage, VISA};
use proto::payments::v1::comparison_service_client::ComparisonServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection, Role};
use sqlx::AssertSqlSafe;
use tonic::Code;

impl Stage {
    fn checks(&self) -> ComparisonServiceClient<Connection> {
        let practice = self.practice;
        ComparisonServiceClient::new(self.connection(move |claims| Claims {
            role: Role::Biller,
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    /// What breaks an invariant of the stage's practice.
    pub async fn findings(&self) -> Vec<InvariantFinding> {
        let request = VerifyPaymentsRequest {
            practice_id: self.practice.to_string(),
        };
        let answer = self.checks().verify_payments(request).await;
        answer.expect("checked").into_inner().findings
    }
}

/// A life of all sorts: paid, declined, given back, disputed, charged at night, recorded.
async fn lived() -> Stage {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    stage.refund(&paid, 1_500, false).await.expect("given");
    stage.refund(&paid, 500, true).await.expect("credited");
    stage
        .pay(bill, 1_000, "pm_card_chargeDeclinedInsufficientFunds")
        .await;
    stage.pay(bill, 2_000, "pm_card_createDispute").await;
    stage
        .webhooks_came("charge.dispute.funds_withdrawn", 1)
        .await;
    stage.process_webhooks().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    stage.owed(4_000, due).await;
    stage.night().await;
    stage
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one damage after the other")]
async fn r26_every_broken_invariant_of_payments_is_named() {
    let stage = lived().await;
    assert_eq!(stage.findings().await, [], "nothing is broken");
    let card = "(select payment_id from payments.payments where amount_minor = 4000 and presence = 'payer')";
    let object =
        format!("(select processor_intent from payments.payments where payment_id = {card})");
    let damages = [
        ("G1", format!("update payments.payments set processor_intent = null where payment_id = {card}")),
        ("G1", "update payments.refunds set processor_refund = null".to_owned()),
        ("G2", format!("delete from payments.processor_objects where subject_id = {card}")),
        ("G2", "update payments.processor_objects set object_id = object_id || 'x' where kind = 'refund'".to_owned()),
        (
            "G2",
            "insert into payments.processor_objects (object_id, practice_id, kind, subject_id)
            select 'pi_nobodys', practice_id, 'payment', gen_random_uuid() from payments.practices"
                .to_owned(),
        ),
        ("G3", format!("update payments.payments set processor_intent = {object} where amount_minor = 2000")),
        ("G4", format!("update payments.payments set refunded_minor = 1 where payment_id = {card}")),
        ("G4", "update payments.refunds set state = 'failed' where not to_credit".to_owned()),
        ("G5", format!("delete from payments.attempts where subject_id = {card} and call = 'confirm_intent'")),
        ("G5", "delete from payments.attempts where call = 'create_refund'".to_owned()),
        ("G6", format!("update payments.payments set state = 'unknown' where payment_id = {card}")),
        ("G6", "update payments.refunds set state = 'processing' where not to_credit".to_owned()),
        (
            "G6",
            "insert into payments.unsettled (subject_id, practice_id, kind, due_time)
            select gen_random_uuid(), practice_id, 'payment', '2026-03-01T00:00Z' from payments.practices"
                .to_owned(),
        ),
        (
            "G7",
            format!(
                "insert into payments.discrepancies (
                    practice_id, discrepancy_id, kind, comparison_date, object, currency, recorded_minor, found_minor,
                    create_time
                )
                select practice_id, gen_random_uuid(), 'amount_differs', '2026-03-02', {object}, 'USD', 4000, 3999,
                    '2026-03-03T00:00Z'
                from payments.practices"
            ),
        ),
        ("O1", "delete from payments.outbox where seq = 2".to_owned()),
        ("O2", "delete from payments.outbox where event_type like '%.PaymentFailed'".to_owned()),
        (
            "O2",
            "update payments.outbox set payload = (
                select other.payload from payments.outbox other
                where other.event_type like '%.PaymentSucceeded' order by other.seq limit 1
            )
            where event_type like '%.PaymentSucceeded'"
                .to_owned(),
        ),
        ("O2", "update payments.payments set state = 'cancelled', decline_reason = null where state = 'failed'".to_owned()),
        ("O2", "update payments.outbox set event_type = 'x' where event_type like '%.RefundSucceeded'".to_owned()),
        (
            "J1",
            "update payments.autopay_runs set end_time = null, start_time = '2026-03-01T00:00Z'".to_owned(),
        ),
        ("J1", "update payments.autopay_items set state = 'due' where state = 'started'".to_owned()),
        ("J2", "update payments.autopay_items set amount_minor = amount_minor + 1 where state = 'started'".to_owned()),
        ("J2", format!("update payments.payments set presence = 'nobody' where payment_id = {card}")),
        ("D1", "update payments.requests set subject_id = gen_random_uuid() where method = 'PayBill'".to_owned()),
        ("D1", "update payments.requests set subject_id = gen_random_uuid() where method = 'RefundPayment'".to_owned()),
    ];
    for (invariant, damage) in damages {
        let found = stage.findings_after(&damage).await;
        assert!(
            found.iter().any(|finding| finding.invariant == invariant),
            "{invariant}, {damage}: {found:?}"
        );
    }
    assert_eq!(stage.findings().await, [], "all is as it was");
    stage.finish().await;
}

/// What was found to differ is closed once our books say the same.
#[tokio::test]
async fn r26_a_discrepancy_that_was_mended_is_no_finding() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.pay(bill, 4_000, VISA).await;
    let found = stage
        .findings_after(
            "insert into payments.discrepancies (
                practice_id, discrepancy_id, kind, comparison_date, object, currency, recorded_minor, found_minor,
                create_time
            )
            select practice_id, gen_random_uuid(), 'charge_not_recorded', '2026-03-02', processor_intent, 'USD', 0,
                amount_minor, '2026-03-03T00:00Z'
            from payments.payments",
        )
        .await;
    assert_eq!(found, []);
    stage.finish().await;
}

impl Stage {
    /// What is found after rows were damaged. The damage is undone.
    async fn findings_after(&self, damage: &str) -> Vec<InvariantFinding> {
        const TABLES: [&str; 10] = [
            "payments",
            "refunds",
            "processor_objects",
            "attempts",
            "unsettled",
            "discrepancies",
            "outbox",
            "autopay_runs",
            "autopay_items",
            "requests",
        ];
        let owner = self.db.owner_pool();
        let mut copies = String::new();
        let mut back = "begin; set local session_replication_role = replica;".to_owned();
        for table in TABLES {
            copies.push_str(&format!(
                "drop table if exists public.{table}; create table public.{table} as table payments.{table};"
            ));
            back.push_str(&format!(
                "delete from payments.{table}; insert into payments.{table} table public.{table};"
            ));
        }
        back.push_str("commit;");
        let broken = format!(
            "{copies} begin; set local session_replication_role = replica; {damage}; commit;"
        );
        let done = sqlx::raw_sql(AssertSqlSafe(broken)).execute(owner).await;
        done.unwrap_or_else(|error| panic!("{damage}: {error}"));
        let found = self.findings().await;
        let undone = sqlx::raw_sql(AssertSqlSafe(back)).execute(owner).await;
        undone.expect("restored");
        found
    }
}

#[tokio::test]
async fn r41_another_practices_check_is_not_there() {
    let stage = Stage::start().await;
    let mut stranger = ComparisonServiceClient::new(stage.connection(move |claims| Claims {
        practice_id: Some("prac_00000000000000000000000001".to_owned()),
        ..claims
    }));
    let request = VerifyPaymentsRequest {
        practice_id: stage.practice.to_string(),
    };
    let refused = stranger.verify_payments(request).await;
    assert_eq!(refused.expect_err("refused").code(), Code::NotFound);
    stage.finish().await;
}
