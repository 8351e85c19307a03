//! What billing tells of bills, taken in together in any way: each bill stands as its last word says, and is owed since the
//! client last began to owe something on it.

use crate::autopay_stage::facts;
use clock::Clock;
use ids::{BillId, ClientId, EventId, PracticeId};
use jiff::{SignedDuration, Timestamp};
use payments::work::Bills;
use payments::{MIGRATOR, SCHEMA};
use pg::feed::{Event, Handler as _};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use proto::billing::v1::BillBalanceChanged;
use proto::money::v1::Money;
use testkit::TestDatabase;
use tokio::runtime::Runtime;

const BILLS: usize = 3;

/// A bill by its place, what the client owes on it, and what insurance does.
type Told = (usize, i64, i64);

/// What is owed on a bill, since when, and what by insurance.
type Standing = (i64, Option<Timestamp>, i64);

fn time(place: usize) -> Timestamp {
    let seconds = i64::try_from(place).expect("a few");
    "2026-03-31T12:00:00Z".parse::<Timestamp>().expect("a time")
        + SignedDuration::from_secs(seconds)
}

/// By bill; none of which nothing was told.
fn expected(told: &[Told]) -> Vec<Option<Standing>> {
    let mut standing: Vec<Option<Standing>> = vec![None; BILLS];
    for (place, (bill, balance, insurance)) in told.iter().enumerate() {
        let before = standing[*bill].and_then(|(_, since, _)| since);
        let since = (*balance > 0).then(|| before.unwrap_or(time(place)));
        standing[*bill] = Some((*balance, since, *insurance));
    }
    standing
}

async fn taken_in(db: &TestDatabase, told: &[Told], sizes: &[usize]) -> Vec<Option<Standing>> {
    let clock = Clock::system();
    let (practice, client) = (PracticeId::new(&clock), ClientId::new(&clock));
    let bills: Vec<_> = (0..BILLS).map(|_| BillId::new(&clock)).collect();
    let event = |(place, (bill, balance, insurance)): (usize, &Told)| {
        let mut facts = facts(
            bills[*bill],
            client,
            *balance,
            jiff::civil::date(2026, 4, 1),
        );
        facts.insurance_balance = Some(Money {
            currency_code: "USD".to_owned(),
            minor_units: *insurance,
        });
        let changed = BillBalanceChanged {
            bill: Some(facts),
            ..BillBalanceChanged::default()
        };
        Event {
            practice,
            sequence: i64::try_from(place).expect("a few") + 1,
            event_id: EventId::new(&clock),
            event_type: "evenkeel.billing.v1.BillBalanceChanged".to_owned(),
            payload: changed.encode_to_vec().into(),
            occur_time: time(place),
        }
    };
    let events: Vec<_> = told.iter().enumerate().map(event).collect();
    let mut rest = events.as_slice();
    for size in sizes.iter().cycle() {
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        let mut tx = pg::begin(db.pool(), practice).await.expect("begun");
        Bills.apply_all(&mut tx, batch).await.expect("taken in");
        tx.commit().await.expect("committed");
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let mut standing = Vec::with_capacity(BILLS);
    for bill in bills {
        let row: Option<(i64, Option<jiff_sqlx::Timestamp>, i64)> = sqlx::query_as(
            "select client_balance_minor, owed_since, insurance_balance_minor
            from payments.bills
            where practice_id = $1 and bill_id = $2",
        )
        .bind(practice)
        .bind(bill)
        .fetch_optional(db.owner_pool())
        .await
        .expect("read");
        standing.push(row.map(|(balance, since, insurance)| {
            (balance, since.map(jiff_sqlx::Timestamp::to_jiff), insurance)
        }));
    }
    standing
}

#[test]
fn bills_told_of_together_stand_as_if_told_of_one_after_the_other() {
    let runtime = Runtime::new().expect("a runtime");
    let db = runtime.block_on(testkit::database(SCHEMA, &MIGRATOR));
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(48)
    };
    let owed = || prop::sample::select(vec![0_i64, 500, 900]);
    let told = prop::collection::vec((0..BILLS, owed(), owed()), 1..24);
    let sizes = prop::collection::vec(1..8_usize, 1..5);
    let ran = TestRunner::new(config).run(&(told, sizes), |(told, sizes)| {
        let wanted = expected(&told);
        prop_assert_eq!(runtime.block_on(taken_in(&db, &told, &[1])), wanted.clone());
        prop_assert_eq!(runtime.block_on(taken_in(&db, &told, &sizes)), wanted);
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(async move { drop(db) });
}
