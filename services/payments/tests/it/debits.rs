//! R17 and R25: a bank account is debited, which takes days.

use crate::stage::{Stage, VISA, reason, usd};
use proto::billing::v1::PaymentKind;
use proto::payments::v1::*;
use serde_json::json;

const DEBIT: &str = "pm_usBankAccount_processing";
const DAY: i64 = 24 * 60;

async fn settle(stage: &Stage, payment: &Payment, outcome: &str) {
    let intent = stage.intent_of(payment).await;
    let path = format!("payment_intents/{intent}/settle");
    stage.command(&path, json!({ "outcome": outcome })).await;
}

#[tokio::test]
async fn r17_a_bank_debit_is_on_its_way_for_days_and_nobody_pays_twice_meanwhile() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let debit = stage.pay(bill, 4_000, DEBIT).await;
    assert_eq!(debit.state(), PaymentState::Processing);
    assert_eq!(debit.kind(), PaymentKind::BankDebit);
    assert!(
        debit.state_text.contains("not yet paid"),
        "{}",
        debit.state_text
    );
    for day in 0..9 {
        assert_eq!(stage.billing.held(bill), 4_000, "day {day}: it is shown");
        let other = stage.try_pay(stage.pay_request(bill, 4_000, VISA)).await;
        assert_eq!(reason(other), "PAYMENT_IN_PROGRESS", "day {day}");
        stage.minutes(DAY);
        assert_eq!(stage.reconcile().await, 1, "day {day}");
    }
    settle(&stage, &debit, "succeeded").await;
    stage.minutes(DAY);
    stage.reconcile().await;
    let paid = stage.payment(&debit).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert!(paid.state_text.is_empty());
    assert_eq!(
        (stage.billing.balance(bill), stage.billing.held(bill)),
        (0, 0)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r17_a_debit_that_is_asked_for_while_billing_stumbles_is_held_by_the_reconciler() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "delay=250ms")
        .await;
    let request = stage.pay_request(bill, 4_000, DEBIT);
    let (debit, ()) = tokio::join!(stage.try_pay(request), async {
        testkit::eventually(std::time::Duration::from_secs(5), "a hold", || async {
            (stage.billing.held(bill) > 0).then_some(())
        })
        .await;
        stage.billing.books().down = true;
    });
    assert_eq!(debit.expect("asked for").state(), PaymentState::Processing);
    stage.billing.books().down = false;
    stage.minutes(1);
    assert_eq!(stage.reconcile().await, 1);
    stage.minutes(DAY);
    assert_eq!(stage.billing.held(bill), 4_000, "longer than anybody waits");
    stage.finish().await;
}

#[tokio::test]
async fn r25_a_bank_debit_goes_back_when_it_has_come_and_for_180_days() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let debit = stage.pay(bill, 4_000, DEBIT).await;
    assert_eq!(
        reason(stage.refund(&debit, 1_000, false).await),
        "PAYMENT_NOT_SUCCEEDED"
    );
    settle(&stage, &debit, "succeeded").await;
    stage.minutes(1);
    stage.reconcile().await;
    let back = stage
        .refund(&debit, 1_000, false)
        .await
        .expect("on its way");
    assert_eq!(
        back.refund.expect("a refund").state(),
        RefundState::Processing,
        "the bank takes its days"
    );
    stage.minutes(181 * DAY);
    assert_eq!(
        reason(stage.refund(&debit, 1_000, false).await),
        "REFUND_TOO_LATE"
    );
    let kept = stage.refund(&debit, 1_000, true).await.expect("as credit");
    assert_eq!(
        kept.payment.expect("the payment").refunded,
        Some(usd(2_000))
    );
    stage.finish().await;
}

/// What each confirmation has told the processor of the payer's agreement, as it was sent.
async fn agreements(stage: &Stage) -> Vec<Vec<String>> {
    let log = stage.asked("requests").await;
    let confirmed = log["requests"].as_array().expect("requests").iter();
    let confirmed = confirmed.filter(|it| {
        let path = it["path"].as_str().expect("a path");
        path.starts_with("/v1/payment_intents/") && path.ends_with("/confirm")
    });
    let said = confirmed.map(|it| {
        let form = it["form"].as_str().expect("a form");
        let form = form.replace("%5B", "[").replace("%5D", "]");
        let mandate = form.split('&').filter(|it| it.starts_with("mandate_data"));
        let mut mandate: Vec<_> = mandate
            .map(|it| it.replace("mandate_data[customer_acceptance]", ""))
            .collect();
        mandate.sort();
        mandate
    });
    said.collect()
}

#[tokio::test]
async fn r17_a_debit_says_when_and_where_its_payer_agreed_and_a_repeat_says_the_same() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let agreed = stage.clock.now().as_second();
    stage.fault("/v1/payment_intents/*/confirm", "reset").await;
    let request = stage.pay_request(bill, 4_000, DEBIT);
    let lost = stage.try_pay(request.clone()).await.expect("an answer");
    assert_eq!(lost.state(), PaymentState::Unknown);
    stage.minutes(2);
    let asked = stage.try_pay(request).await.expect("an answer");
    assert_eq!(asked.state(), PaymentState::Processing);
    let said = agreements(&stage).await;
    assert_eq!(said.len(), 2, "the first never arrived");
    let [when, address, program, how] = &said[0][..] else {
        panic!("{said:?}");
    };
    assert_eq!(*when, format!("[accepted_at]={agreed}"));
    assert_eq!(address, "[online][ip_address]=127.0.0.1");
    assert!(
        program.starts_with("[online][user_agent]=tonic"),
        "{program}"
    );
    assert_eq!(how, "[type]=online");
    assert_eq!(said[0], said[1], "however late it is asked again");
    stage.finish().await;
}

#[tokio::test]
async fn r17_staff_who_enter_a_bank_account_were_told_and_one_on_file_was_agreed_to_before() {
    let stage = Stage::start().await;
    let told = stage.bill(4_000).await;
    let mut owner = stage.owner();
    let entered = owner.pay_bill(stage.pay_request(told, 4_000, DEBIT)).await;
    let entered = entered.expect("asked for").into_inner().payment;
    assert_eq!(entered.expect("it").state(), PaymentState::Processing);
    let wallet = stage.wallet();
    let account = wallet.add("pm_usBankAccount_success").await;
    let bill = stage.bill(3_000).await;
    let with_it = PayBillRequest {
        processor_method: String::new(),
        method_id: account.method_id,
        ..stage.pay_request(bill, 3_000, "")
    };
    let debit = owner.pay_bill(with_it).await.expect("asked for");
    let debit = debit.into_inner().payment.expect("it");
    assert_eq!(debit.state(), PaymentState::Processing);
    let agreed = format!("[accepted_at]={}", stage.clock.now().as_second());
    let offline = vec![agreed, "[type]=offline".to_owned()];
    assert_eq!(agreements(&stage).await, [offline, Vec::new()]);
    stage.finish().await;
}

async fn kept_agreements(stage: &Stage) -> i64 {
    sqlx::query_scalar("select count(*) from payments.debit_acceptances")
        .fetch_one(stage.db.owner_pool())
        .await
        .expect("counted")
}

#[tokio::test]
async fn r17_that_a_payer_agreed_is_kept_of_debits_and_of_no_card() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    let paid = stage.pay(bill, 1_000, VISA).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    let declined = stage.pay(bill, 1_000, "pm_card_chargeDeclined").await;
    assert_eq!(declined.state(), PaymentState::Failed);
    let said = agreements(&stage).await;
    assert_eq!(
        said.iter().filter(|it| !it.is_empty()).count(),
        2,
        "what a new method is, nobody knows before"
    );
    assert_eq!(kept_agreements(&stage).await, 0);
    // A card whose outcome is lost says the same again until it is known.
    stage.fault("/v1/payment_intents/*/confirm", "reset").await;
    let lost = stage.pay(bill, 1_000, VISA).await;
    assert_eq!(
        (lost.state(), kept_agreements(&stage).await),
        (PaymentState::Unknown, 1)
    );
    stage.minutes(2);
    stage.reconcile().await;
    assert_eq!(stage.payment(&lost).await.state(), PaymentState::Succeeded);
    assert_eq!(kept_agreements(&stage).await, 0);

    let debit = stage.pay(bill, 4_000, DEBIT).await;
    assert_eq!(kept_agreements(&stage).await, 1);
    settle(&stage, &debit, "succeeded").await;
    stage.minutes(DAY);
    stage.reconcile().await;
    assert_eq!(stage.payment(&debit).await.state(), PaymentState::Succeeded);
    assert_eq!(kept_agreements(&stage).await, 1, "a bank may ask for it");
    stage.finish().await;
}

#[tokio::test]
async fn f01_what_a_confirmation_says_is_read_before_it_is_written_down_as_made() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let access = async |verb: &str| {
        let statement = format!("{verb} evenkeel_payments");
        let done = sqlx::query(sqlx::AssertSqlSafe(statement));
        done.execute(stage.db.owner_pool()).await.expect("done");
    };
    access("revoke select on payments.debit_acceptances from").await;
    let told = stage.try_pay(stage.pay_request(bill, 4_000, DEBIT)).await;
    assert_eq!(reason(told), "DATABASE");
    assert_eq!(stage.confirmations().await, 0, "none was made");
    access("grant select on payments.debit_acceptances to").await;
    stage.minutes(2);
    stage.reconcile().await;
    assert_eq!(stage.billing.held(bill), 0, "nothing can have been charged");
    stage.finish().await;
}

#[tokio::test]
async fn f33_a_confirmation_that_another_version_sent_with_other_words_is_unknown_until_it_is_read()
{
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents", "delay_after_work=450ms")
        .await;
    let request = stage.pay_request(bill, 4_000, VISA);
    let (told, key) = tokio::join!(stage.try_pay(request), confirmed_by_another(&stage));
    let told = told.expect("an answer");
    assert_eq!(
        told.state(),
        PaymentState::Unknown,
        "neither failed nor paid"
    );
    let log = stage.asked("requests").await;
    let answers = log["requests"].as_array().expect("requests").iter();
    let answers = answers.filter(|it| it["idempotency_key"] == *key);
    let answers: Vec<_> = answers.map(|it| it["status"].as_u64()).collect();
    assert_eq!(answers, [Some(200), Some(400)], "one key, two bodies");
    stage.minutes(2);
    stage.reconcile().await;
    let paid = stage.payment(&told).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_eq!(stage.billing.balance(bill), 0);
    stage.finish_despite_key(&key).await;
}

/// A version that tells the processor of no agreement goes on with the stage's only charge first. Answers its key.
async fn confirmed_by_another(stage: &Stage) -> String {
    let soon = std::time::Duration::from_secs(5);
    let key = testkit::eventually(soon, "a charge", || async {
        let begun = sqlx::query_scalar("select payment_id from payments.attempts join payments.payments on payment_id = subject_id")
            .fetch_optional(stage.db.owner_pool());
        let begun: Option<uuid::Uuid> = begun.await.expect("read");
        let payment = ids::PaymentId::from(begun?);
        Some(format!("{payment}-confirm_intent"))
    })
    .await;
    let url = stage.sandbox.url();
    let http = reqwest::Client::new();
    let intent = testkit::eventually(soon, "an object", || async {
        let list = http.get(format!("{url}/v1/payment_intents"));
        let page = list.bearer_auth("sk_test_sandbox").send().await;
        let page: serde_json::Value = page.expect("a page").json().await.expect("JSON");
        page["data"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let confirm = http
        .post(format!("{url}/v1/payment_intents/{intent}/confirm"))
        .bearer_auth("sk_test_sandbox")
        .header("idempotency-key", &key)
        .form(&[("payment_method", VISA)]);
    let confirmed = confirm.send().await.expect("an answer");
    assert!(confirmed.status().is_success());
    key
}
