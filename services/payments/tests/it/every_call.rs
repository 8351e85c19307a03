//! F2: each call of a charge and of a refund meets each thing that a processor and a network can do, and everything ends
//! with one charge and one refund, or with none that anybody was told of. `finish` holds the processor's book against ours.

use crate::stage::{Stage, VISA, usd};
use proto::payments::v1::*;

const FAULTS: [&str; 12] = [
    "timeout",
    "timeout_after_work",
    "reset",
    "reset_after_work",
    "status=500",
    "status_after_work=500",
    "status=503",
    "status=409",
    "status=429",
    "status=401",
    "garbage",
    "delay=300ms",
];

#[tokio::test]
async fn f02_whatever_happens_to_any_call_of_a_charge_it_ends_with_one_charge_or_none() {
    for path in ["/v1/payment_intents", "/v1/payment_intents/*/confirm"] {
        for fault in FAULTS {
            let stage = Stage::start().await;
            let bill = stage.bill(4_000).await;
            stage.fault(path, fault).await;
            let request = stage.pay_request(bill, 4_000, VISA);
            let told = stage.try_pay(request.clone()).await;
            for pause in [1, 5, 60, 24 * 60] {
                stage.minutes(pause);
                stage.reconcile().await;
            }
            let ended = stage.try_pay(request).await.expect("as it stands");
            let (state, left) = (ended.state(), stage.billing.balance(bill));
            match state {
                PaymentState::Succeeded => {
                    assert!(told.is_ok(), "{path} {fault}: told that nothing is charged");
                    assert_eq!(left, 0, "{path} {fault}");
                }
                PaymentState::Failed | PaymentState::Cancelled => {
                    assert_eq!(left, 4_000, "{path} {fault}");
                }
                under_way => panic!("{path} {fault}: {under_way:?}"),
            }
            assert_eq!(stage.billing.held(bill), 0, "{path} {fault}");
            stage.finish().await;
        }
    }
}

#[tokio::test]
async fn f02_whatever_happens_to_the_call_of_a_refund_the_money_goes_back_once() {
    for fault in FAULTS {
        let stage = Stage::start().await;
        let bill = stage.bill(4_000).await;
        let paid = stage.pay(bill, 4_000, VISA).await;
        stage.fault("/v1/refunds", fault).await;
        stage.refund(&paid, 1_500, false).await.expect("kept");
        for pause in [1, 5, 60, 24 * 60] {
            stage.minutes(pause);
            stage.reconcile().await;
        }
        let after = stage.payment(&paid).await;
        assert_eq!(after.refunds.len(), 1, "{fault}");
        // A 500 is answered again as long as its key lives; nothing went back, and the practice can ask anew.
        let never = ["status=500", "status=503"].contains(&fault);
        let (state, back) = if never {
            (RefundState::Failed, 0)
        } else {
            (RefundState::Succeeded, 1_500)
        };
        assert_eq!(
            (after.refunds[0].state(), after.refunded),
            (state, Some(usd(back))),
            "{fault}"
        );
        stage.finish().await;
    }
}
