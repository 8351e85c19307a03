//! What breaks in a night of AutoPay (reliability.md, faults to inject). The crashes are in `crash.rs`.

use crate::stage::{Stage, VISA};
use jiff::{SignedDuration, ToSpan as _};
use payments::work::run_nights_due;
use proto::payments::v1::*;
use serde_json::json;

#[tokio::test]
async fn f30_three_missed_nights_are_one_run_and_one_try() {
    let stage = Stage::start().await;
    stage
        .card_on_file(crate::autopay_stage::FAILS_WHEN_CHARGED)
        .await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    stage.night().await;
    assert_eq!(stage.charges().await, 1, "declined");
    // Nobody was there on days 1, 2 and 3.
    let night = stage.nights_later(4).await;
    assert_eq!(
        stage.charges().await,
        2,
        "tried once, and not for each night"
    );
    assert_eq!(stage.runs().await.len(), 2, "one run for today");
    assert_eq!(stage.fate(night, bill).await.0, AutoPayOutcome::Declined);
    assert_eq!(run_nights_due(&stage.payments).await.expect("looked"), 0);
    stage.finish().await;
}

#[tokio::test]
async fn f31_workers_at_once_charge_each_bill_once() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    for amount in 1..=12 {
        stage.owed(amount * 1_000, due).await;
    }
    let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
    let day = due.saturating_add(1.day());
    let begin = day.at(4, 0, 0, 0).to_zoned(zone).expect("an instant");
    stage.clock.set(begin.timestamp());
    // One takes the night; the others' leases have run out meanwhile, and they take it over.
    let first = tokio::spawn({
        let payments = stage.payments.clone();
        async move { run_nights_due(&payments).await }
    });
    let mut others = Vec::new();
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        stage.clock.advance(SignedDuration::from_mins(6));
        let payments = stage.payments.clone();
        others.push(tokio::spawn(async move { run_nights_due(&payments).await }));
    }
    first.await.expect("it ends").expect("run");
    for other in others {
        other.await.expect("it ends").expect("run");
    }
    // Whoever was overtaken wrote nothing more; the night is finished by the last, or by the next look.
    stage.clock.advance(SignedDuration::from_mins(6));
    run_nights_due(&stage.payments).await.expect("run");
    stage.reconcile().await;
    assert_eq!(stage.charges().await, 12);
    let items = stage.items(day).await;
    assert_eq!(items.len(), 12);
    assert!(
        items
            .iter()
            .all(|it| it.outcome() == AutoPayOutcome::Charged),
        "{items:?}"
    );
    assert_eq!(stage.runs().await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn f02_a_busy_processor_is_left_alone_and_the_night_goes_on() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    stage.fault("/v1/payment_intents", "status=429").await;
    stage
        .fault("/v1/payment_intents/*/confirm", "status=429")
        .await;
    let begun = std::time::Instant::now();
    let night = stage.night().await;
    assert_eq!(stage.fate(night, bill).await.0, AutoPayOutcome::Charged);
    assert!(
        begun.elapsed().as_secs() >= 4,
        "it waited after each refusal"
    );
    assert_eq!(stage.charges().await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn f02_a_lost_answer_at_night_is_settled_with_one_charge() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let night = stage.night().await;
    assert_eq!(stage.fate(night, bill).await.0, AutoPayOutcome::Pending);
    // It is looked after the next night too, and not charged anew.
    let next = stage.night().await;
    assert_eq!(
        stage.fate(next, bill).await.1,
        AutoPaySkipReason::PaymentInProgress
    );
    stage.reconcile().await;
    assert_eq!(stage.fate(night, bill).await.0, AutoPayOutcome::Charged);
    assert_eq!((stage.charges().await, stage.billing.balance(bill)), (1, 0));
    stage.finish().await;
}

#[tokio::test]
async fn f06_a_payer_who_pays_at_that_moment_is_not_charged_by_the_night_as_well() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    let paid = stage.pay_request(bill, 4_000, VISA);
    let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
    let day = due.saturating_add(1.day());
    let begin = day.at(4, 0, 0, 0).to_zoned(zone).expect("an instant");
    stage.clock.set(begin.timestamp());
    let (by_payer, night) = tokio::join!(stage.try_pay(paid), run_nights_due(&stage.payments));
    night.expect("run");
    assert_eq!(stage.charges().await, 1, "{by_payer:?}");
    assert_eq!(stage.billing.balance(bill), 0);
    assert_eq!(stage.billing.books().credit, 0);
    stage.finish().await;
}

#[tokio::test]
async fn f34_billing_away_charges_nothing_and_the_night_is_finished_later() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    stage.billing.books().down = true;
    let night = stage.night().await;
    assert_eq!(stage.charges().await, 0);
    assert!(stage.runs().await[0].end_time.is_none(), "it goes on later");
    stage.billing.books().down = false;
    stage.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(run_nights_due(&stage.payments).await.expect("run"), 1);
    assert_eq!(stage.fate(night, bill).await.0, AutoPayOutcome::Charged);
    assert!(stage.runs().await[0].end_time.is_some());
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r21_a_bill_that_is_held_while_its_credit_is_used_is_not_charged() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    {
        let mut books = stage.billing.books();
        books.credit = 1_000;
        books.credit_gate = Some(gate.clone());
    }
    let (night, ()) = tokio::join!(stage.night(), async {
        gate.wait().await;
        stage.hold(bill).await;
        gate.wait().await;
    });
    assert_eq!(
        stage.fate(night, bill).await,
        (AutoPayOutcome::Skipped, AutoPaySkipReason::Held)
    );
    assert_eq!(stage.charges().await, 0);
    assert_eq!(
        stage.billing.balance(bill),
        3_000,
        "what credit paid is paid"
    );
    stage.finish().await;
}
