//! F11: what is charged is what was shown, to the minor unit, in every currency; and amounts at their limits.

use crate::billing::bill_issued;
use crate::neighbours::apply;
use crate::stage::{Stage, VISA, reason, usd};
use ids::{BillId, PracticeId};
use payments::work::{Bills, Practices};
use proto::money::v1::Money;
use proto::payments::v1::*;
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use serde_json::Value;

/// A practice that is paid in this currency, with a bill of so many minor units.
async fn practice_in(stage: &Stage, currency: &str, balance: i64) -> (PracticeId, BillId) {
    let practice = PracticeId::new(&stage.clock);
    let registered = PracticeRegistered {
        practice: Some(Practice {
            practice_id: practice.to_string(),
            time_zone: "Asia/Tokyo".to_owned(),
            currency_code: currency.to_owned(),
            ..Practice::default()
        }),
    };
    apply(stage.db.pool(), &Practices, practice, &registered).await;
    let bill = stage.untold_bill(balance);
    let issued = bill_issued(bill, stage.client, balance);
    apply(stage.db.pool(), &Bills, practice, &issued).await;
    (practice, bill)
}

async fn charges(stage: &Stage) -> Vec<(String, i64)> {
    let book = stage.asked("book").await;
    let charges = book["accounts"][0]["charges"].as_array();
    let shown = |charge: &Value| {
        let currency = charge["currency"].as_str().expect("a currency").to_owned();
        (currency, charge["amount"].as_i64().expect("an amount"))
    };
    charges
        .map(|all| all.iter().map(shown).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn f11_yen_have_no_decimals_and_dinars_of_three_are_not_charged_wrongly() {
    let stage = Stage::start().await;
    for (currency, amount, state, why) in [
        (
            "JPY",
            4_001,
            PaymentState::Succeeded,
            DeclineReason::Unspecified,
        ),
        (
            "KWD",
            4_001,
            PaymentState::Failed,
            DeclineReason::NotSupported,
        ),
    ] {
        let (practice, bill) = practice_in(&stage, currency, amount).await;
        let request = PayBillRequest {
            practice_id: practice.to_string(),
            amount: Some(Money {
                currency_code: currency.to_owned(),
                minor_units: amount,
            }),
            ..stage.pay_request(bill, amount, VISA)
        };
        let paid = stage.owner_of(practice).pay_bill(request.clone()).await;
        let paid = paid.expect("an answer").into_inner().payment.expect("it");
        assert_eq!(
            (paid.state(), paid.decline_reason()),
            (state, why),
            "{currency}"
        );
        assert_eq!(paid.amount, request.amount, "{currency}");
        let dollars = PayBillRequest {
            request_id: testkit::request_id(),
            amount: Some(usd(amount)),
            ..request
        };
        let refused = stage.owner_of(practice).pay_bill(dollars).await;
        assert_eq!(reason(refused), "CURRENCY_MISMATCH", "{currency}");
    }
    assert_eq!(charges(&stage).await, [("jpy".to_owned(), 4_001)]);
    stage.finish().await;
}

#[tokio::test]
async fn f11_the_smallest_and_the_largest_amounts_are_charged_and_beyond_them_nothing_is() {
    let stage = Stage::start().await;
    let bill = stage.bill(300_000_000).await;
    for (amount, state) in [
        (49, PaymentState::Failed),
        (50, PaymentState::Succeeded),
        (99_999_999, PaymentState::Succeeded),
        (100_000_000, PaymentState::Failed),
    ] {
        let paid = stage.pay(bill, amount, VISA).await;
        assert_eq!(paid.state(), state, "{amount}");
        if state == PaymentState::Failed {
            assert_eq!(
                (paid.decline_reason(), paid.decline_next_step()),
                (
                    DeclineReason::AmountNotAccepted,
                    DeclineNextStep::OtherAmount
                )
            );
        }
    }
    let taken: Vec<i64> = charges(&stage).await.into_iter().map(|it| it.1).collect();
    assert_eq!(taken, [50, 99_999_999]);
    for amount in [0, -1, i64::MIN] {
        let request = stage.pay_request(bill, amount, VISA);
        assert_eq!(reason(stage.try_pay(request).await), "INVALID_FIELD");
    }
    let request = stage.pay_request(bill, i64::MAX, VISA);
    assert_eq!(
        reason(stage.try_pay(request).await),
        "EXCEEDS_CLIENT_BALANCE"
    );
    stage.finish().await;
}

#[tokio::test]
async fn f11_a_bill_of_nothing_is_not_charged_and_two_hundred_are_paid_to_the_cent() {
    let stage = Stage::start().await;
    let nothing = stage.bill(0).await;
    let request = stage.pay_request(nothing, 100, VISA);
    assert_eq!(reason(stage.try_pay(request).await), "NOTHING_DUE");
    let request = stage.balance_request(100, VISA);
    assert_eq!(reason(stage.try_pay_balance(request).await), "NOTHING_DUE");
    let bills: Vec<_> = (0..200)
        .map(|number| {
            stage.bill_due(
                number % 7 + 1,
                1 + i32::try_from(number % 28).expect("a day"),
            )
        })
        .collect();
    let all: i64 = bills.iter().map(|bill| stage.billing.balance(*bill)).sum();
    let paid = stage
        .try_pay_balance(stage.balance_request(all, VISA))
        .await;
    let paid = paid.expect("paid");
    assert_eq!(paid.allocations.len(), 200);
    let parts = paid.allocations.iter();
    let parts = parts.map(|part| part.amount.as_ref().expect("one").minor_units);
    assert_eq!(parts.sum::<i64>(), all);
    for bill in bills {
        assert_eq!(stage.billing.balance(bill), 0);
    }
    stage.finish().await;
}
