//! R30: payouts in the books.

use crate::app::TestApp;
use crate::payouts_stage::{About, again, failed, payout};
use proto::billing::v1::AccountKind;
use proto::payments::v1::*;

#[tokio::test]
async fn r30_a_payout_of_200_with_fees_of_6_10_is_in_the_bank_and_clearing_is_empty() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0]);
    let told = [(
        PayoutItemKind::Charge,
        20_000,
        610,
        About::Payment(&payment),
    )];
    app.hear(&payout(&app, &told)).await;
    assert_eq!(app.money().await, [0, 19_390, 610, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r30_refunds_and_disputes_leave_clearing_and_no_fee_is_booked_twice() {
    let app = TestApp::start().await;
    let (_, refunded) = app.paid_bill(20_000).await;
    let (_, disputed) = app.paid_bill(4_000).await;
    let refund = app.refund_request(&refunded, 1_000);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let movement = app.dispute(&disputed, 4_000, 1_500).await;
    assert_eq!(app.money().await, [17_500, 0, 1_500, 0]);
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&refunded),
        ),
        (
            PayoutItemKind::Charge,
            4_000,
            146,
            About::Payment(&disputed),
        ),
        (
            PayoutItemKind::Dispute,
            -4_000,
            1_500,
            About::Movement(&disputed, &movement),
        ),
        (
            PayoutItemKind::Refund,
            -1_000,
            0,
            About::Refund(&refunded, &refund.refund_id),
        ),
        (PayoutItemKind::ProcessorFee, -200, 0, About::Nothing),
        (PayoutItemKind::Other, 5_000, 175, About::Nothing),
    ];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let net = 20_000 - 610 + 4_000 - 146 - 5_500 - 1_000 - 200 + 5_000 - 175;
    let fees = 610 + 146 + 1_500 + 200 + 175;
    assert_eq!(app.money().await, [0, net, fees, -5_000]);
    app.finish().await;
}

#[tokio::test]
async fn r30_a_payout_that_fails_is_reversed_once_and_paid_out_with_another() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let told = [(
        PayoutItemKind::Charge,
        20_000,
        610,
        About::Payment(&payment),
    )];
    let paid = payout(&app, &told);
    app.hear(&failed(&paid)).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0], "it was never booked");
    app.hear(&paid).await;
    app.hear(&failed(&paid)).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0]);
    assert_eq!(app.lines().await, []);
    app.hear(&again(&app, &paid)).await;
    assert_eq!(app.money().await, [0, 19_390, 610, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r30_a_payout_that_is_told_in_parts_is_booked_once() {
    let app = TestApp::start().await;
    let (_, first) = app.paid_bill(2_000).await;
    let (_, second) = app.paid_bill(3_000).await;
    let told = [
        (PayoutItemKind::Charge, 2_000, 88, About::Payment(&first)),
        (PayoutItemKind::Charge, 3_000, 117, About::Payment(&second)),
    ];
    let whole = payout(&app, &told);
    for part in 0..2 {
        let items = vec![whole.items[part].clone()];
        app.hear(&PayoutPaid {
            items,
            ..whole.clone()
        })
        .await;
    }
    assert_eq!(app.money().await, [0, 4_795, 205, 0]);
    app.hear(&failed(&whole)).await;
    assert_eq!(app.money().await, [5_000, 0, 0, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r30_a_refund_may_be_paid_out_before_it_is_booked_or_come_to_nothing() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let refund = app.refund_request(&payment, 1_000);
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&payment),
        ),
        (
            PayoutItemKind::Refund,
            -1_000,
            0,
            About::Refund(&payment, &refund.refund_id),
        ),
    ];
    app.hear(&payout(&app, &told)).await;
    assert_eq!(app.account(AccountKind::ProcessorClearing).await, 1_000);
    assert_eq!(app.violations().await, []);
    // The bank does not take it, and it was never booked.
    let told = [(
        PayoutItemKind::RefundReturned,
        1_000,
        0,
        About::Refund(&payment, &refund.refund_id),
    )];
    app.hear(&payout(&app, &told)).await;
    assert_eq!(app.money().await, [0, 19_390, 610, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r48_what_is_left_in_clearing_of_what_was_paid_out_is_named() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    // The processor says one cent less than was booked.
    let told = [(
        PayoutItemKind::Charge,
        19_999,
        610,
        About::Payment(&payment),
    )];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let found = app.violations().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].invariant, "L10");
    assert!(found[0].explanation.contains(": 1 is left"), "{found:?}");
    // More goes out than came.
    app.hear(&again(&app, &paid)).await;
    assert!(
        app.violations().await[0]
            .explanation
            .contains("-19998 is left")
    );
    app.hear(&failed(&paid)).await;
    app.sql(
        "update billing.payout_items set fee_minor = fee_minor + 1 where reverse_entry_id is null",
    )
    .await;
    let named: Vec<_> = app
        .violations()
        .await
        .into_iter()
        .map(|found| found.invariant)
        .collect();
    assert_eq!(named, ["L10", "L11"]);
}
