//! A guest's payment, a partial refund and a dispute, with a death before each of their effects.

use super::machine::{Doomed, Machine, PATIENCE, Tenant, usd};
use proto::billing::v1::Bill;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::{
    PayBillRequest, Payment, PaymentState, RefundPaymentRequest, RefundState,
};
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use proto::portal_auth::v1::sign_in_service_client::SignInServiceClient;
use proto::portal_auth::v1::{IssueAccessCodeRequest, SignInGuestRequest};
use rpc::ServiceToken;
use serde_json::json;
use testkit::{eventually, request_id};
use tonic::Status;

/// More effects than any of these has.
const MOST: u32 = 120;
const VISA: &str = "pm_card_visa";

/// Somebody with the Access Code of a bill, who pays it in parts.
struct Guest {
    tenant: Tenant,
    bill: Bill,
    token: ServiceToken,
}

impl Guest {
    async fn of(machine: &Machine) -> Self {
        let tenant = machine.tenant().await;
        let bill = machine.bill(&tenant, 1_000_000).await;
        machine.comes_to_rest("a bill").await;
        let notifications = machine.as_service("notifications").await;
        let request = IssueAccessCodeRequest {
            practice_id: tenant.practice.to_string(),
            bill_id: bill.bill_id.clone(),
            reference: bill.reference.clone(),
        };
        let issued = AccessCodeServiceClient::new(machine.to_portal_auth(&notifications))
            .issue_access_code(request)
            .await;
        let request = SignInGuestRequest {
            reference: bill.reference.clone(),
            access_code: issued.expect("a code").into_inner().access_code,
            ..SignInGuestRequest::default()
        };
        let nobody = machine.to_portal_auth(&ServiceToken::none());
        let signed_in = SignInServiceClient::new(nobody)
            .sign_in_guest(request)
            .await;
        let token = signed_in.expect("signed in").into_inner().access_token;
        Self {
            tenant,
            bill,
            token: ServiceToken::fixed(&token).expect("a token"),
        }
    }

    fn request(&self) -> PayBillRequest {
        PayBillRequest {
            practice_id: self.tenant.practice.to_string(),
            request_id: request_id(),
            bill_id: self.bill.bill_id.clone(),
            amount: Some(usd(4_000)),
            processor_method: VISA.to_owned(),
            ..PayBillRequest::default()
        }
    }

    async fn pay(&self, machine: &Machine, request: &PayBillRequest) -> Result<Payment, Status> {
        let mut payments = PaymentServiceClient::new(machine.to_payments(&self.token));
        let answer = payments.pay_bill(request.clone()).await?;
        Ok(answer.into_inner().payment.expect("a payment"))
    }
}

/// The guest pays, the service dies before each effect in turn, and nobody notices afterwards.
async fn guest_pays(doomed: Doomed, at_least: u32) {
    let mut machine = Machine::start(doomed).await;
    let guest = Guest::of(&machine).await;
    let mut balance = 1_000_000;
    for number in 1..=MOST {
        let what = format!("guest payment, effect {number} of {doomed:?}");
        let request = guest.request();
        machine.die_before(number).await;
        let first = guest.pay(&machine, &request).await;
        // Whoever is told that nothing is charged now asks again within a minute; after that it would be given up.
        let died = match doomed {
            Doomed::Payments => machine.rest_or_rise(&what).await,
            Doomed::Billing => machine.rise_or_rest(&what).await,
        };
        let again = eventually(PATIENCE, &what, || async {
            guest.pay(&machine, &request).await.ok()
        });
        let again = again.await;
        machine.comes_to_rest(&what).await;
        let last = guest.pay(&machine, &request).await.expect("the same");
        assert_eq!(last.state(), PaymentState::Succeeded, "{what}");
        assert_eq!(again.payment_id, last.payment_id, "{what}");
        if let Ok(first) = first {
            assert_eq!(first.payment_id, last.payment_id, "{what}");
        }
        balance -= 4_000;
        machine.all_holds(&guest.tenant, &what).await;
        if !died {
            assert!(number > at_least, "only {number} effects");
            assert_eq!(owed(&machine, &guest.bill).await, balance, "each once");
            machine.finish().await;
            return;
        }
    }
    panic!("more than {MOST} effects");
}

async fn owed(machine: &Machine, bill: &Bill) -> i64 {
    let bill: ids::BillId = bill.bill_id.parse().expect("an id");
    sqlx::query_scalar("select client_balance_minor from billing.bills where bill_id = $1")
        .bind(bill.uuid())
        .fetch_one(machine.billing_db.owner_pool())
        .await
        .expect("read")
}

/// Part of a payment goes back, likewise.
async fn part_goes_back(doomed: Doomed, at_least: u32) {
    let mut machine = Machine::start(doomed).await;
    let guest = Guest::of(&machine).await;
    for number in 1..=MOST {
        let what = format!("partial refund, effect {number} of {doomed:?}");
        let paid = guest.pay(&machine, &guest.request()).await.expect("paid");
        machine.comes_to_rest(&what).await;
        let request = RefundPaymentRequest {
            practice_id: guest.tenant.practice.to_string(),
            request_id: request_id(),
            payment_id: paid.payment_id,
            amount: Some(usd(1_500)),
            reason: "paid twice".to_owned(),
            to_credit: false,
        };
        let refund = async |machine: &Machine| {
            let owner = machine.to_payments(&guest.tenant.owner);
            let mut payments = PaymentServiceClient::new(owner);
            let answer = payments.refund_payment(request.clone()).await?;
            Ok::<_, Status>(answer.into_inner().refund.expect("a refund"))
        };
        machine.die_before(number).await;
        let first = refund(&machine).await;
        let died = machine.rest_or_rise(&what).await;
        let again = refund(&machine).await.expect("the same");
        machine.comes_to_rest(&what).await;
        let last = refund(&machine).await.expect("the same");
        assert_eq!(last.state(), RefundState::Succeeded, "{what}");
        assert_eq!(again.refund_id, last.refund_id, "{what}");
        if let Ok(first) = first {
            assert_eq!(first.refund_id, last.refund_id, "{what}");
        }
        machine.all_holds(&guest.tenant, &what).await;
        if !died {
            assert!(number > at_least, "only {number} effects");
            machine.finish().await;
            return;
        }
    }
    panic!("more than {MOST} effects");
}

/// What becomes of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The payer goes to their bank, which takes the money.
    Opened,
    /// It keeps it.
    Lost,
}

/// A payment is disputed, and the service dies before each effect of one of the two.
async fn is_disputed(doomed: Doomed, phase: Phase, at_least: u32) {
    let mut machine = Machine::start(doomed).await;
    let guest = Guest::of(&machine).await;
    for number in 1..=MOST {
        let what = format!("dispute {phase:?}, effect {number} of {doomed:?}");
        let paid = guest.pay(&machine, &guest.request()).await.expect("paid");
        machine.comes_to_rest(&what).await;
        let intent = intent_of(&machine, &paid).await;
        let dispute = json!({ "payment_intent": intent, "reason": "fraudulent" });
        if phase == Phase::Opened {
            machine.die_before(number).await;
        }
        let opened = machine.command("disputes", dispute).await;
        let dispute = opened["id"].as_str().expect("an id");
        let mut expected = "needs_response";
        if phase == Phase::Lost {
            machine.comes_to_rest(&what).await;
            machine.die_before(number).await;
            let path = format!("disputes/{dispute}/settle");
            machine.command(&path, json!({ "outcome": "lost" })).await;
            expected = "lost";
        }
        let died = machine.rest_or_rise(&what).await;
        let state: String =
            sqlx::query_scalar("select state from payments.disputes where processor_dispute = $1")
                .bind(dispute)
                .fetch_one(machine.payments_db.owner_pool())
                .await
                .expect("read");
        assert_eq!(state, expected, "{what}");
        machine.all_holds(&guest.tenant, &what).await;
        if !died {
            assert!(number > at_least, "only {number} effects");
            machine.finish().await;
            return;
        }
    }
    panic!("more than {MOST} effects");
}

async fn intent_of(machine: &Machine, paid: &Payment) -> String {
    let payment: ids::PaymentId = paid.payment_id.parse().expect("an id");
    sqlx::query_scalar("select processor_intent from payments.payments where payment_id = $1")
        .bind(payment.uuid())
        .fetch_one(machine.payments_db.owner_pool())
        .await
        .expect("read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_payments_dies_before_each_effect_of_a_guests_payment() {
    guest_pays(Doomed::Payments, 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_payments_dies_before_each_effect_of_a_partial_refund() {
    part_goes_back(Doomed::Payments, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_payments_dies_before_each_effect_of_a_dispute() {
    is_disputed(Doomed::Payments, Phase::Opened, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_payments_dies_before_each_effect_of_a_disputes_end() {
    is_disputed(Doomed::Payments, Phase::Lost, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_billing_dies_before_each_effect_of_a_guests_payment() {
    guest_pays(Doomed::Billing, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_billing_dies_before_each_effect_of_a_partial_refund() {
    part_goes_back(Doomed::Billing, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_billing_dies_before_each_effect_of_a_dispute() {
    is_disputed(Doomed::Billing, Phase::Opened, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_billing_dies_before_each_effect_of_a_disputes_end() {
    is_disputed(Doomed::Billing, Phase::Lost, 1).await;
}
