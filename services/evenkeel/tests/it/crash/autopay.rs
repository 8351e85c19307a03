//! A night of AutoPay that charges three bills, and uses credit first, with a death before each of its effects. A night
//! belongs to a practice and a day, so that each death has a practice of its own.

use super::machine::{Doomed, Machine, PATIENCE, Tenant, usd};
use proto::billing::v1::PaymentKind;
use proto::payments::v1::auto_pay_service_client::AutoPayServiceClient;
use proto::payments::v1::method_service_client::MethodServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::{
    AutoPaySettings, FinishMethodSetupRequest, RecordPaymentRequest, SetAutoPaySettingsRequest,
    SetUpMethodRequest, TurnOnAutoPayRequest,
};
use testkit::{eventually, request_id};

/// More effects than a night has.
const MOST: u32 = 200;
/// What each bill is.
const OWED: i64 = 4_000;
/// Enough for a part of one bill.
const CREDIT: i64 = 1_000;

/// Every `step`th effect from `first`.
async fn night_dies(first: u32, step: usize, at_least: u32) {
    let mut machine = Machine::start(Doomed::Payments).await;
    for number in (first..=MOST).step_by(step) {
        let what = format!("a night of AutoPay, effect {number}");
        let tenant = prepared(&machine).await;
        machine.die_before(number).await;
        night_comes(&machine, &tenant).await;
        let died = dies_or_ends(&mut machine, &tenant, &what).await;
        let charged: i64 = sqlx::query_scalar(
            "select coalesce(sum(amount_minor), 0)::bigint from payments.payments
            where practice_id = $1 and kind = 'card' and state = 'succeeded'",
        )
        .bind(tenant.practice.uuid())
        .fetch_one(machine.payments_db.owner_pool())
        .await
        .expect("summed");
        assert_eq!(charged, 3 * OWED - CREDIT, "{what}: once each");
        machine.all_holds(&tenant, &what).await;
        if !died {
            assert!(number > at_least, "only {number} effects");
            machine.finish().await;
            return;
        }
    }
    panic!("more than {MOST} effects");
}

/// A client with three bills that are due, some credit, a card on file and AutoPay.
async fn prepared(machine: &Machine) -> Tenant {
    let tenant = machine.tenant().await;
    for _ in 0..3 {
        machine.bill(&tenant, OWED).await;
    }
    let practice_id = tenant.practice.to_string();
    let connection = machine.to_payments(&tenant.owner);
    let request = RecordPaymentRequest {
        practice_id: practice_id.clone(),
        request_id: request_id(),
        client_id: tenant.client_id.clone(),
        kind: PaymentKind::Cash.into(),
        amount: Some(usd(CREDIT)),
        ..RecordPaymentRequest::default()
    };
    let mut payments = PaymentServiceClient::new(connection.clone());
    payments.record_payment(request).await.expect("recorded");
    card_on_file(machine, &tenant).await;
    let mut auto_pay = AutoPayServiceClient::new(connection);
    let request = TurnOnAutoPayRequest {
        practice_id: practice_id.clone(),
        request_id: request_id(),
        client_id: tenant.client_id.clone(),
        include_old_balances: true,
        ..TurnOnAutoPayRequest::default()
    };
    auto_pay.turn_on_auto_pay(request).await.expect("on");
    let request = SetAutoPaySettingsRequest {
        practice_id,
        request_id: request_id(),
        settings: Some(AutoPaySettings {
            enabled: true,
            run_hour: 0,
            ..AutoPaySettings::default()
        }),
    };
    auto_pay.set_auto_pay_settings(request).await.expect("set");
    machine.comes_to_rest("what a night needs").await;
    tenant
}

async fn card_on_file(machine: &Machine, tenant: &Tenant) {
    let mut methods = MethodServiceClient::new(machine.to_payments(&tenant.owner));
    let request = SetUpMethodRequest {
        practice_id: tenant.practice.to_string(),
        request_id: request_id(),
        client_id: tenant.client_id.clone(),
        make_default: true,
        ..SetUpMethodRequest::default()
    };
    let begun = methods.set_up_method(request).await.expect("begun");
    let setup = begun.into_inner().setup.expect("a setup");
    let (intent, _) = setup
        .client_secret
        .split_once("_secret_")
        .expect("a secret");
    let url = format!(
        "{}/v1/setup_intents/{intent}/confirm",
        machine.sandbox.url()
    );
    // What the payer's browser does.
    let given = reqwest::Client::new()
        .post(url)
        .bearer_auth("sk_test_sandbox")
        .header("idempotency-key", request_id())
        .form(&[("payment_method", "pm_card_visa")])
        .send()
        .await;
    assert!(given.expect("an answer").status().is_success());
    let request = FinishMethodSetupRequest {
        practice_id: tenant.practice.to_string(),
        request_id: request_id(),
        setup_id: setup.setup_id.clone(),
    };
    methods.finish_method_setup(request).await.expect("on file");
}

/// It is the hour of the practice's night, or whoever had it is known to be dead. A night that has ended stays so.
async fn night_comes(machine: &Machine, tenant: &Tenant) {
    sqlx::query(
        "update payments.autopay_queue queue
        set run_date = '2020-01-01', due_time = clock_timestamp()
        where practice_id = $1 and not exists (
            select 1 from payments.autopay_runs run where run.practice_id = $1 and run.end_time is not null
        )",
    )
    .bind(tenant.practice.uuid())
    .execute(machine.payments_db.owner_pool())
    .await
    .expect("changed");
}

/// Whether it died. The night has ended, and everything is at rest.
async fn dies_or_ends(machine: &mut Machine, tenant: &Tenant, what: &str) -> bool {
    let died = machine.dead_or(what, async |machine| has_ended(machine, tenant).await);
    if died.await {
        machine.rise().await;
        night_comes(machine, tenant).await;
        eventually(PATIENCE, what, || async {
            has_ended(machine, tenant).await.then_some(())
        })
        .await;
        machine.comes_to_rest(what).await;
        return true;
    }
    machine.rest_or_rise(what).await
}

async fn has_ended(machine: &Machine, tenant: &Tenant) -> bool {
    let ended: i64 = sqlx::query_scalar(
        "select count(*) from payments.autopay_runs where practice_id = $1 and end_time is not null",
    )
    .bind(tenant.practice.uuid())
    .fetch_one(machine.payments_db.owner_pool())
    .await
    .expect("counted");
    ended > 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_payments_dies_before_each_odd_effect_of_a_night_of_three_bills() {
    night_dies(1, 2, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_payments_dies_before_each_even_effect_of_a_night_of_three_bills() {
    night_dies(2, 2, 30).await;
}
