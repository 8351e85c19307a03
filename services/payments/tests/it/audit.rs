//! After every story, for each account at the processor: no charge without a payment, no payment without a charge, no key with two bodies, one event and one
//! posting each, refunds within payments (reliability.md, invariants G, O and L6).

use crate::billing::{FakeBilling, posting};
use ids::{PaymentId, PracticeId, RefundId};
use prost::Message as _;
use proto::billing::v1::ledger_service_server::LedgerService as _;
use proto::payments::v1::{PaymentSucceeded, RefundFailed, RefundSucceeded};
use serde_json::Value;
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet};
use testkit::TestDatabase;
use uuid::Uuid;

/// In the metadata of a charge that a story made itself, past payments.
pub const BY_HAND: &str = "by_hand";

/// By account and id.
type Amounts = BTreeMap<(String, String), i64>;

/// The rows of a kind in the processor's books, each with its account.
fn rows<'a>(book: &'a Value, kind: &'a str) -> impl Iterator<Item = (String, &'a Value)> {
    let accounts = book["accounts"].as_array().into_iter().flatten();
    accounts.flat_map(move |account| {
        let name = account["account"].as_str().expect("an account");
        let rows = account[kind].as_array().into_iter().flatten();
        rows.map(move |row| (name.to_owned(), row))
    })
}

pub async fn audit(db: &TestDatabase, billing: &FakeBilling, book: &Value, requests: &Value) {
    let charged = charged(book);
    assert_eq!(
        charged,
        online_payments(db).await,
        "the processor's book and our payments"
    );
    assert_eq!(
        given_back(book),
        online_refunds(db).await,
        "the processor's refunds and ours"
    );
    assert_eq!(
        disputed(book),
        our_disputes(db).await,
        "the processor's disputes and ours"
    );
    payouts_are_whole(db, book).await;
    every_post_has_a_key_and_every_key_one_body(requests);
    nothing_about_people_was_sent(requests);
    refunds_stay_within_payments(db).await;
    streams_are_gapless(db).await;
    let (payments, refunds) = follow_the_feed(db, billing).await;
    let (posted, given_back) = posted(billing);
    assert_eq!(posted, payments, "payments are posted once each");
    assert_eq!(given_back, refunds, "refunds are posted once each");
    let succeeded = ids_of(
        db,
        "select payment_id from payments.payments where state = 'succeeded'",
    )
    .await;
    let succeeded = succeeded
        .into_iter()
        .map(|id| PaymentId::from(id).to_string());
    assert_eq!(
        succeeded.collect::<BTreeSet<_>>(),
        payments,
        "an event for each payment that succeeded"
    );
}

/// The payments and refunds that billing has.
fn posted(billing: &FakeBilling) -> (BTreeSet<String>, BTreeSet<String>) {
    let books = billing.books();
    let payments = books.payments.keys().cloned().collect();
    (payments, books.refunds.keys().cloned().collect())
}

/// Charges that took money, by our payment.
fn charged(book: &Value) -> Amounts {
    let mut amounts = Amounts::new();
    for (account, charge) in rows(book, "charges") {
        if charge["status"] != "succeeded" {
            continue;
        }
        if charge["metadata"][BY_HAND] == "true" {
            let ours = &charge["metadata"]["payment_id"];
            assert!(ours.is_null(), "a charge by hand is no payment: {ours}");
            continue;
        }
        let payment = charge["metadata"]["payment_id"]
            .as_str()
            .expect("ours")
            .to_owned();
        let amount = charge["amount_captured"].as_i64().expect("an amount");
        assert_eq!(
            amounts.insert((account, payment.clone()), amount),
            None,
            "{payment} was charged twice"
        );
    }
    amounts
}

fn given_back(book: &Value) -> Amounts {
    rows(book, "refunds")
        .filter(|(_, refund)| refund["status"] != "failed" && refund["status"] != "canceled")
        .map(|(account, refund)| {
            // One that was made in the dashboard bears no id of ours.
            let ours = refund["metadata"]["refund_id"].as_str();
            let id = ours.or(refund["id"].as_str()).expect("an id");
            let amount = refund["amount"].as_i64().expect("an amount");
            ((account, id.to_owned()), amount)
        })
        .collect()
}

/// By object: where each stands, what it took and cost.
type Disputes = BTreeMap<(String, String), (String, i64, i64)>;

fn disputed(book: &Value) -> Disputes {
    rows(book, "disputes")
        .map(|(account, dispute)| {
            let text = |name: &str| dispute[name].as_str().expect("a text").to_owned();
            let minor = |name: &str| dispute[name].as_i64().expect("an amount");
            let state = match text("status").as_str() {
                "warning_needs_response" => "inquiry_open".to_owned(),
                other => other.to_owned(),
            };
            let figures = (state, minor("withdrawn"), minor("fee"));
            ((account, text("id")), figures)
        })
        .collect()
}

async fn our_disputes(db: &TestDatabase) -> Disputes {
    let rows = sqlx::query(
        "select coalesce(payment.processor_account, 'acct_1SandboxPlatform'), dispute.processor_dispute, dispute.state,
            coalesce(-sum(moved.amount_minor), 0)::bigint, coalesce(sum(moved.fee_minor), 0)::bigint
        from payments.disputes dispute
        join payments.payments payment on payment.payment_id = dispute.payment_id
        left join payments.dispute_movements moved on moved.dispute_id = dispute.dispute_id
        group by payment.processor_account, dispute.processor_dispute, dispute.state",
    );
    let rows = rows.fetch_all(db.owner_pool()).await.expect("read");
    let named = |row: &sqlx::postgres::PgRow| {
        let figures = (row.get(2), row.get(3), row.get(4));
        ((row.get(0), row.get(1)), figures)
    };
    rows.iter().map(named).collect()
}

/// The practices' parts of each payout that was taken in, and what is nobody's, sum to it, and so do the items to the parts.
async fn payouts_are_whole(db: &TestDatabase, book: &Value) {
    let rows = sqlx::query(
        "select whole.processor_payout, (
            coalesce((
                select sum(gross_minor - fee_minor) from payments.payouts
                where processor_payout = whole.processor_payout
            ), 0) + coalesce((
                select sum(gross_minor - fee_minor) from payments.unclaimed_payout_items
                where processor_payout = whole.processor_payout
            ), 0)
        )::bigint, (
            select count(*)
            from payments.payouts part
            where part.processor_payout = whole.processor_payout
                and part.gross_minor - part.fee_minor <> (
                    select sum(item.gross_minor - item.fee_minor)
                    from payments.payout_items item
                    where item.payout_id = part.payout_id
                )
        )::bigint
        from payments.account_payouts whole",
    );
    let rows = rows.fetch_all(db.owner_pool()).await.expect("read");
    let paid: BTreeMap<_, _> = self::rows(book, "payouts")
        .map(|(_, payout)| (payout["id"].as_str(), payout["amount"].as_i64()))
        .collect();
    for row in rows {
        let (object, parts, broken): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let amount = paid.get(&Some(object.as_str()));
        assert_eq!(amount, Some(&Some(parts)), "the parts of {object}");
        assert_eq!(broken, 0, "parts of {object} that are not their items");
    }
}

async fn online_payments(db: &TestDatabase) -> Amounts {
    let rows = sqlx::query(
        "select payment_id, amount_minor, coalesce(processor_account, 'acct_1SandboxPlatform') from payments.payments
        where kind in ('card', 'bank_debit') and state = 'succeeded'",
    );
    let rows = rows.fetch_all(db.owner_pool()).await.expect("read");
    let named = |row: &sqlx::postgres::PgRow| {
        let payment = PaymentId::from(row.get::<Uuid, _>(0)).to_string();
        ((row.get(2), payment), row.get(1))
    };
    rows.iter().map(named).collect()
}

async fn online_refunds(db: &TestDatabase) -> Amounts {
    let rows = sqlx::query(
        "select refund.refund_id, refund.amount_minor,
            case when refund.made_at_processor then refund.processor_refund end,
            coalesce(payment.processor_account, 'acct_1SandboxPlatform')
        from payments.refunds refund
        join payments.payments payment on payment.payment_id = refund.payment_id
        left join payments.refund_closings closing on closing.refund_id = refund.refund_id
        where (refund.processor_refund is not null or closing.refunded) and refund.state <> 'failed'",
    );
    let rows = rows.fetch_all(db.owner_pool()).await.expect("read");
    let named = |row: &sqlx::postgres::PgRow| {
        let ours = RefundId::from(row.get::<Uuid, _>(0)).to_string();
        let id = row.get::<Option<String>, _>(2).unwrap_or(ours);
        ((row.get(3), id), row.get(1))
    };
    rows.iter().map(named).collect()
}

fn every_post_has_a_key_and_every_key_one_body(requests: &Value) {
    let mut bodies: BTreeMap<_, (&str, BTreeSet<&str>)> = BTreeMap::new();
    for request in requests["requests"].as_array().expect("requests") {
        if request["method"] != "POST" {
            continue;
        }
        let key = request["idempotency_key"]
            .as_str()
            .expect("a POST carries a key");
        let path = request["path"].as_str().expect("a path");
        // Parameters in any order are the same body, as the processor reads them.
        let parameters = request["form"]
            .as_str()
            .expect("a form")
            .split('&')
            .collect();
        let body = (path, parameters);
        let account = request["account"].as_str().expect("an account");
        let first = bodies.entry((account, key)).or_insert_with(|| body.clone());
        assert_eq!(*first, body, "{key} has one body");
    }
}

/// Stories put this word wherever text can be typed.
pub const CANARY: &str = "canary";

fn nothing_about_people_was_sent(requests: &Value) {
    assert!(
        !requests.to_string().contains(CANARY),
        "what people typed reached the processor"
    );
}

async fn refunds_stay_within_payments(db: &TestDatabase) {
    let wrong = ids_of(
        db,
        "select payment.payment_id
        from payments.payments payment
        left join payments.refunds refund
            on refund.payment_id = payment.payment_id and refund.state <> 'failed'
        group by payment.payment_id, payment.amount_minor, payment.refunded_minor
        having coalesce(sum(refund.amount_minor), 0) <> payment.refunded_minor
            or payment.refunded_minor > payment.amount_minor",
    );
    assert_eq!(wrong.await, Vec::<Uuid>::new(), "refunds sum up");
}

async fn streams_are_gapless(db: &TestDatabase) {
    let wrong = ids_of(
        db,
        "select stream.practice_id from payments.streams stream
        where stream.head <> (select count(*) from payments.outbox event where event.practice_id = stream.practice_id)",
    );
    assert_eq!(
        wrong.await,
        Vec::<Uuid>::new(),
        "events are numbered without gaps"
    );
}

/// Does what billing does with our feed: posts every payment and refund again, and it must say the same.
async fn follow_the_feed(
    db: &TestDatabase,
    billing: &FakeBilling,
) -> (BTreeSet<String>, BTreeSet<String>) {
    billing.books().down = false;
    let rows = sqlx::query(
        "select practice_id, event_type, payload from payments.outbox order by practice_id, seq",
    );
    let rows = rows.fetch_all(db.owner_pool()).await.expect("read");
    let (mut payments, mut refunds) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let practice = PracticeId::from(row.get::<Uuid, _>(0));
        let (kind, payload): (String, Vec<u8>) = (row.get(1), row.get(2));
        match kind.as_str() {
            "evenkeel.payments.v1.PaymentSucceeded" => {
                let event = PaymentSucceeded::decode(&*payload).expect("an event");
                let facts = event.payment.as_ref().expect("facts");
                assert!(
                    payments.insert(facts.payment_id.clone()),
                    "{} succeeded twice",
                    facts.payment_id
                );
                let posted = billing.post_payment(tonic::Request::new(posting(practice, event)));
                posted.await.expect("the feed says the same as the call");
            }
            "evenkeel.payments.v1.RefundSucceeded" => {
                let event = RefundSucceeded::decode(&*payload).expect("an event");
                assert!(
                    refunds.insert(event.refund_id.clone()),
                    "{} succeeded twice",
                    event.refund_id
                );
                let posted = billing.post_refund(tonic::Request::new(
                    proto::billing::v1::PostRefundRequest {
                        practice_id: practice.to_string(),
                        refund_id: event.refund_id,
                        payment_id: event.payment_id,
                        amount: event.amount,
                        refund_date: event.refund_date,
                        to_credit: event.to_credit,
                    },
                ));
                posted.await.expect("the feed says the same as the call");
            }
            "evenkeel.payments.v1.RefundFailed" => {
                let event = RefundFailed::decode(&*payload).expect("an event");
                if event.came_back {
                    billing.books().returned.insert(event.refund_id);
                }
            }
            _other => {}
        }
    }
    (payments, refunds)
}

async fn ids_of(db: &TestDatabase, query: &'static str) -> Vec<Uuid> {
    sqlx::query_scalar(query)
        .fetch_all(db.owner_pool())
        .await
        .expect("read")
}
