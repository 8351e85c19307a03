//! R30: what a payout paid out, and of which it became known only later what it is.

use crate::app::TestApp;
use crate::payouts_stage::{About, again, failed, matched, payout};
use proto::billing::v1::{AccountKind, PayoutLine, PayoutLineKind};
use proto::payments::v1::*;

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one payout from its arrival to its failure and the next"
)]
async fn r30_what_is_known_after_it_was_paid_out_is_unmatched_no_longer() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let (_, disputed) = app.paid_bill(4_000).await;
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&payment),
        ),
        (
            PayoutItemKind::Charge,
            4_000,
            146,
            About::Payment(&disputed),
        ),
        (PayoutItemKind::Other, -1_000, 0, About::Nothing),
        (PayoutItemKind::Other, -4_000, 1_500, About::Nothing),
        (PayoutItemKind::Other, 5_000, 175, About::Nothing),
    ];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let net = 20_000 - 610 + 4_000 - 146 - 1_000 - 5_500 + 5_000 - 175;
    let fees = 610 + 146 + 1_500 + 175;
    assert_eq!(app.money().await, [0, net, fees, 1_000 + 4_000 - 5_000]);

    // The refund and the dispute become known, and which items they are.
    let refund = app.refund_request(&payment, 1_000);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let movement = app.dispute(&disputed, 4_000, 1_500).await;
    let off = app.account(AccountKind::ProcessorClearing).await;
    assert_eq!(
        off,
        -1_000 - 5_500,
        "what was paid out of them is not known"
    );
    let known = matched(
        &paid,
        &[
            (
                2,
                PayoutItemKind::Refund,
                About::Refund(&payment, &refund.refund_id),
            ),
            (
                3,
                PayoutItemKind::Dispute,
                About::Movement(&disputed, &movement),
            ),
        ],
    );
    for _ in 0..2 {
        app.hear(&known).await;
        assert_eq!(app.money().await, [0, net, fees, -5_000]);
    }
    let kinds: Vec<_> = app.lines().await.iter().map(PayoutLine::kind).collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|it| **it == PayoutLineKind::Other)
            .count(),
        1
    );
    assert_eq!(app.violations().await, []);

    // What failed is reversed as it stands, and paid out with another as it is known now.
    app.hear(&failed(&paid)).await;
    assert_eq!(app.money().await, [17_500 + 1_000 - 1_000, 0, 1_500, 0]);
    app.hear(&known).await;
    assert_eq!(
        app.money().await,
        [17_500, 0, 1_500, 0],
        "again is nothing new"
    );
    let mut next = again(&app, &paid);
    for (item, known) in [2, 3].into_iter().zip(&known.items) {
        let (id, position) = (
            next.items[item].payout_item_id.clone(),
            next.items[item].position,
        );
        next.items[item] = PayoutItemFacts {
            payout_item_id: id,
            position,
            ..known.clone()
        };
    }
    app.hear(&next).await;
    assert_eq!(app.money().await, [0, net, fees, -5_000]);
    app.finish().await;
}

#[tokio::test]
async fn r30_what_is_known_of_a_payout_that_failed_changes_no_books() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&payment),
        ),
        (PayoutItemKind::Other, -1_000, 0, About::Nothing),
    ];
    let paid = payout(&app, &told);
    let refund = app.refund_request(&payment, 1_000);
    let about = About::Refund(&payment, &refund.refund_id);
    let known = matched(&paid, &[(1, PayoutItemKind::Refund, about)]);
    app.hear(&known).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0], "it never arrived");
    app.hear(&paid).await;
    app.hear(&failed(&paid)).await;
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    app.hear(&known).await;
    assert_eq!(app.money().await, [19_000, 0, 0, 0]);
    app.finish().await;
}
