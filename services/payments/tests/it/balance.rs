//! R17: several bills, or all of them, are paid with one charge.

use crate::stage::{Stage, VISA, reason, usd};
use ids::BillId;
use proto::billing::v1::Allocation;
use proto::payments::v1::*;
use rpc::Role;

fn parts(payment: &Payment) -> Vec<(String, i64)> {
    let parts = payment.allocations.iter();
    parts
        .map(|part| {
            let amount = part.amount.as_ref().expect("an amount");
            (part.bill_id.clone(), amount.minor_units)
        })
        .collect()
}

fn part(bill: BillId, amount: i64) -> Allocation {
    Allocation {
        bill_id: bill.to_string(),
        amount: Some(usd(amount)),
    }
}

async fn charges(stage: &Stage) -> usize {
    let book = stage.asked("book").await;
    let charges = book["accounts"][0]["charges"].as_array();
    charges.map_or(0, Vec::len)
}

#[tokio::test]
async fn r17_the_whole_balance_is_paid_with_one_charge_oldest_due_first() {
    let stage = Stage::start().await;
    let (late, early) = (stage.bill_due(4_000, 31), stage.bill_due(2_500, 10));
    let middle = stage.bill_due(1_000, 31);
    let request = stage.balance_request(7_500, VISA);
    let paid = stage.try_pay_balance(request.clone()).await.expect("paid");
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_eq!(paid.amount, Some(usd(7_500)));
    assert_eq!(
        parts(&paid),
        [
            (early.to_string(), 2_500),
            (late.to_string(), 4_000),
            (middle.to_string(), 1_000)
        ],
        "by due date, then by number"
    );
    for bill in [early, late, middle] {
        assert_eq!(
            (stage.billing.balance(bill), stage.billing.held(bill)),
            (0, 0)
        );
    }
    assert!(paid.note.is_empty() && paid.processor_url.is_empty());
    let again = stage.try_pay_balance(request.clone()).await;
    assert_eq!(again.expect("the same").payment_id, paid.payment_id);
    let other = PayBalanceRequest {
        amount: Some(usd(7_499)),
        ..request
    };
    assert_eq!(
        reason(stage.try_pay_balance(other).await),
        "REQUEST_ID_REUSED"
    );
    assert_eq!(charges(&stage).await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn r17_a_part_of_the_balance_goes_to_what_is_due_first_or_where_the_payer_says() {
    let stage = Stage::start().await;
    let (late, early) = (stage.bill_due(4_000, 31), stage.bill_due(2_500, 10));
    let some = stage.try_pay_balance(stage.balance_request(3_000, VISA));
    let some = some.await.expect("paid");
    assert_eq!(
        parts(&some),
        [(early.to_string(), 2_500), (late.to_string(), 500)]
    );
    let last = stage.bill_due(900, 20);
    let named = PayBalanceRequest {
        bill_ids: vec![late.to_string()],
        ..stage.balance_request(1_000, VISA)
    };
    let named = stage.try_pay_balance(named).await.expect("paid");
    assert_eq!(parts(&named), [(late.to_string(), 1_000)]);
    let said = PayBalanceRequest {
        allocations: vec![part(late, 600), part(last, 300)],
        ..stage.balance_request(900, VISA)
    };
    let said = stage.try_pay_balance(said).await.expect("paid");
    assert_eq!(
        parts(&said),
        [(late.to_string(), 600), (last.to_string(), 300)]
    );
    assert_eq!(
        (stage.billing.balance(late), stage.billing.balance(last)),
        (1_900, 600)
    );
    let back = stage.refund(&said, 900, false).await.expect("refunded");
    assert_eq!(back.refund.expect("one").state(), RefundState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a story from its beginning to its end"
)]
async fn r17_the_amount_that_is_charged_is_the_amount_that_was_shown_or_nothing_is() {
    let stage = Stage::start().await;
    let (one, two) = (stage.bill_due(4_000, 10), stage.bill_due(2_500, 31));
    let cancelled = stage.bill_due(1_000, 31);
    stage.billing.cancel(cancelled);
    let foreign = BillId::new(&stage.clock);
    let somebody = ids::ClientId::new(&stage.clock);
    stage.billing.issue(foreign, somebody, 900);
    let base = |amount| stage.balance_request(amount, VISA);
    for (request, expected) in [
        (base(6_501), "EXCEEDS_CLIENT_BALANCE"),
        (base(0), "INVALID_FIELD"),
        (
            PayBalanceRequest {
                bill_ids: vec![one.to_string()],
                ..base(4_001)
            },
            "EXCEEDS_CLIENT_BALANCE",
        ),
        (
            PayBalanceRequest {
                bill_ids: vec![one.to_string(), cancelled.to_string()],
                ..base(4_000)
            },
            "BILL_CANCELLED",
        ),
        (
            PayBalanceRequest {
                bill_ids: vec![foreign.to_string()],
                ..base(900)
            },
            "BILL_NOT_FOUND",
        ),
        (
            PayBalanceRequest {
                allocations: vec![part(one, 4_000), part(two, 2_501)],
                ..base(6_501)
            },
            "EXCEEDS_CLIENT_BALANCE",
        ),
        (
            PayBalanceRequest {
                allocations: vec![part(one, 4_000), part(two, 2_499)],
                ..base(6_500)
            },
            "INVALID_FIELD",
        ),
        (
            PayBalanceRequest {
                allocations: vec![part(one, 4_000)],
                bill_ids: vec![two.to_string()],
                ..base(4_000)
            },
            "INVALID_FIELD",
        ),
        (
            PayBalanceRequest {
                client_id: somebody.to_string(),
                ..base(900)
            },
            "CLIENT_NOT_FOUND",
        ),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(
            reason(stage.try_pay_balance(request).await),
            expected,
            "{shown}"
        );
    }
    let nobody = PayBalanceRequest {
        client_id: ids::ClientId::new(&stage.clock).to_string(),
        ..base(900)
    };
    let asked = stage.owner().pay_balance(nobody).await;
    assert_eq!(reason(asked), "CLIENT_NOT_FOUND");
    assert_eq!(charges(&stage).await, 0);
    assert!(stage.billing.books().holds.is_empty());

    // Somebody pays in cash between the page and the button.
    let request = base(6_500);
    stage
        .billing
        .books()
        .bills
        .get_mut(&one.to_string())
        .expect("a bill")
        .balance = 0;
    assert_eq!(
        reason(stage.try_pay_balance(request).await),
        "EXCEEDS_CLIENT_BALANCE"
    );
    assert_eq!(
        stage
            .try_pay_balance(base(2_500))
            .await
            .expect("paid")
            .state(),
        PaymentState::Succeeded
    );
    assert_eq!(reason(stage.try_pay_balance(base(1)).await), "NOTHING_DUE");
    stage.finish().await;
}

#[tokio::test]
async fn r17_the_portal_pays_for_its_own_clients_and_sees_their_payments_only() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let foreign = BillId::new(&stage.clock);
    let somebody = ids::ClientId::new(&stage.clock);
    stage.billing.issue(foreign, somebody, 900);
    for (role, amount) in [(Role::Client, 1_500), (Role::Contact, 2_500)] {
        let mut portal = stage.portal(role);
        let paid = portal.pay_bill(stage.pay_request(bill, amount, VISA)).await;
        let paid = paid.expect("paid").into_inner().payment.expect("a payment");
        assert_eq!(paid.state(), PaymentState::Succeeded);
        let theirs = portal.pay_bill(stage.pay_request(foreign, 900, VISA)).await;
        assert_eq!(reason(theirs), "BILL_NOT_FOUND");
        let read = |payment: &Payment| GetPaymentRequest {
            practice_id: stage.practice.to_string(),
            payment_id: payment.payment_id.clone(),
        };
        let seen = portal.get_payment(read(&paid)).await.expect("its own");
        assert_eq!(seen.into_inner().payment.expect("it").processor_url, "");
        let by_staff = stage.pay_request(foreign, 300, VISA);
        let owners = stage.owner().pay_bill(by_staff).await.expect("paid");
        let owners = owners.into_inner().payment.expect("a payment");
        assert_eq!(
            reason(portal.get_payment(read(&owners)).await),
            "PAYMENT_NOT_FOUND"
        );
    }
    let request = stage.balance_request(1, VISA);
    let guest = stage.guest(bill).pay_balance(request).await;
    assert_eq!(
        guest.expect_err("one bill only").code(),
        tonic::Code::PermissionDenied
    );
    stage.finish().await;
}

#[tokio::test]
async fn f06_payers_at_once_of_overlapping_bills_never_pay_a_bill_twice() {
    let stage = Stage::start().await;
    for round in 0..5 {
        let (one, two) = (stage.bill(4_000).await, stage.bill(2_500).await);
        let of = |bills: &[BillId], amount| PayBalanceRequest {
            bill_ids: bills.iter().map(ToString::to_string).collect(),
            ..stage.balance_request(amount, VISA)
        };
        let (both, back, single) = tokio::join!(
            stage.try_pay_balance(of(&[one, two], 6_500)),
            stage.try_pay_balance(of(&[two, one], 6_500)),
            stage.try_pay(stage.pay_request(two, 2_500, VISA)),
        );
        let answers = [both, back, single];
        let paid = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(paid, 1, "round {round}: all want the second bill");
        for told in answers.into_iter().filter(Result::is_err) {
            let told = reason(told);
            assert!(
                [
                    "PAYMENT_IN_PROGRESS",
                    "NOTHING_DUE",
                    "EXCEEDS_CLIENT_BALANCE"
                ]
                .contains(&told.as_str()),
                "{told}"
            );
        }
        assert_eq!(stage.billing.balance(two), 0);
        assert_eq!(stage.billing.books().credit, 0, "nobody paid too much");
        stage.billing.cancel(one);
    }
    stage.finish().await;
}

#[tokio::test]
async fn r17_what_another_payment_holds_is_left_to_it() {
    let stage = Stage::start().await;
    let (one, two) = (stage.bill_due(4_000, 10), stage.bill_due(2_500, 31));
    let debit = stage.pay(one, 4_000, "pm_usBankAccount_processing").await;
    assert_eq!(debit.state(), PaymentState::Processing);
    let all = stage.balance_request(6_500, VISA);
    assert_eq!(
        reason(stage.try_pay_balance(all).await),
        "PAYMENT_IN_PROGRESS"
    );
    let rest = stage.try_pay_balance(stage.balance_request(2_500, VISA));
    let rest = rest.await.expect("paid");
    assert_eq!(parts(&rest), [(two.to_string(), 2_500)]);
    stage.finish().await;
}
