//! The sandbox's own book against our rows: charges, refunds and disputes, each to the cent.

use super::machine::Machine;
use ids::{PaymentId, RefundId};
use serde_json::Value;
use sqlx::Row as _;
use std::collections::BTreeMap;
use uuid::Uuid;

type Amounts = BTreeMap<String, i64>;

pub async fn is_ours(machine: &Machine, what: &str) {
    let book = machine.asked("book").await;
    let account = &book["accounts"][0];
    assert_eq!(charged(account), payments(machine).await, "{what}: charges");
    assert_eq!(
        given_back(account),
        refunds(machine).await,
        "{what}: refunds"
    );
    assert_eq!(taken(account), disputes(machine).await, "{what}: disputes");
    let requests = machine.asked("requests").await;
    every_key_has_one_body(&requests, what);
}

fn list<'a>(account: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    account[name].as_array().into_iter().flatten()
}

/// What was captured, by our payment; each of them once.
fn charged(account: &Value) -> Amounts {
    let mut amounts = Amounts::new();
    for charge in list(account, "charges").filter(|charge| charge["status"] == "succeeded") {
        let payment = charge["metadata"]["payment_id"].as_str().expect("ours");
        let amount = charge["amount_captured"].as_i64().expect("an amount");
        let before = amounts.insert(payment.to_owned(), amount);
        assert_eq!(before, None, "{payment} was charged twice");
    }
    amounts
}

fn given_back(account: &Value) -> Amounts {
    let refunds = list(account, "refunds").filter(|refund| refund["status"] != "failed");
    refunds
        .map(|refund| {
            let id = refund["metadata"]["refund_id"].as_str().expect("ours");
            (id.to_owned(), refund["amount"].as_i64().expect("an amount"))
        })
        .collect()
}

/// What disputes took and cost.
fn taken(account: &Value) -> BTreeMap<String, (i64, i64)> {
    list(account, "disputes")
        .map(|dispute| {
            let minor = |name: &str| dispute[name].as_i64().expect("an amount");
            let id = dispute["id"].as_str().expect("an id").to_owned();
            (id, (minor("withdrawn"), minor("fee")))
        })
        .collect()
}

async fn payments(machine: &Machine) -> Amounts {
    let rows = sqlx::query(
        "select payment_id, amount_minor from payments.payments
        where kind in ('card', 'bank_debit') and state = 'succeeded'",
    );
    let rows = rows.fetch_all(machine.payments_db.owner_pool()).await;
    let rows = rows.expect("read").into_iter().map(|row| {
        let id = PaymentId::from(row.get::<Uuid, _>(0));
        (id.to_string(), row.get(1))
    });
    rows.collect()
}

async fn refunds(machine: &Machine) -> Amounts {
    let rows = sqlx::query(
        "select refund_id, amount_minor from payments.refunds
        where processor_refund is not null and state <> 'failed'",
    );
    let rows = rows.fetch_all(machine.payments_db.owner_pool()).await;
    let rows = rows.expect("read").into_iter().map(|row| {
        let id = RefundId::from(row.get::<Uuid, _>(0));
        (id.to_string(), row.get(1))
    });
    rows.collect()
}

async fn disputes(machine: &Machine) -> BTreeMap<String, (i64, i64)> {
    let rows = sqlx::query(
        "select dispute.processor_dispute,
            coalesce(-sum(moved.amount_minor), 0)::bigint, coalesce(sum(moved.fee_minor), 0)::bigint
        from payments.disputes dispute
        left join payments.dispute_movements moved on moved.dispute_id = dispute.dispute_id
        group by dispute.processor_dispute",
    );
    let rows = rows.fetch_all(machine.payments_db.owner_pool()).await;
    let rows = rows.expect("read");
    let named = |row: &sqlx::postgres::PgRow| (row.get(0), (row.get(1), row.get(2)));
    rows.iter().map(named).collect()
}

/// As the processor reads them: parameters in any order are the same body.
fn every_key_has_one_body(requests: &Value, what: &str) {
    let mut bodies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for request in list(requests, "requests").filter(|request| request["method"] == "POST") {
        let key = request["idempotency_key"].as_str().expect("a key");
        let text = |name: &str| request[name].as_str().expect("a text");
        let mut body: Vec<&str> = text("form").split('&').collect();
        body.push(text("path"));
        body.sort_unstable();
        let first = bodies.entry(key).or_insert_with(|| body.clone());
        assert_eq!(*first, body, "{what}: {key} has one body");
    }
}
