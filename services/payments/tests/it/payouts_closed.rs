//! R30: what a payout paid out and nobody will ever know is closed by somebody's word.

use crate::neighbours::apply;
use crate::payouts_stage::minor;
use crate::stage::{Stage, VISA, reason};
use ids::PracticeId;
use payments::work::Practices;
use proto::payments::v1::payout_service_client::PayoutServiceClient;
use proto::payments::v1::*;
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use rpc::Role;
use testkit::request_id;
use tonic::{Code, Status};
use uuid::Uuid;

const OTHER: PayoutItemKind = PayoutItemKind::Other;

impl Stage {
    fn item_closing(&self, item: &PayoutItem) -> ClosePayoutItemRequest {
        ClosePayoutItemRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            payout_item_id: item.payout_item_id.clone(),
            reason: "A lamp that was sold in the office".to_owned(),
        }
    }

    async fn close_item(&self, request: &ClosePayoutItemRequest) -> Result<PayoutItem, Status> {
        let practice = request.practice_id.parse().expect("an id");
        let mut payouts = self.payouts_of(practice);
        let answer = payouts.close_payout_item(request.clone()).await?;
        Ok(answer.into_inner().item.expect("an item"))
    }

    async fn only_items(&self) -> Vec<PayoutItem> {
        let payout = self.payout().await;
        self.payout_items(self.practice, &payout).await
    }

    /// What of the stage's only payout is unmatched, and what is closed.
    async fn open_and_closed(&self) -> (i64, i64) {
        let payout = self.payout().await;
        (minor(&payout.unmatched), minor(&payout.closed))
    }

    async fn payouts_with_something_unmatched(&self) -> usize {
        let request = ListPayoutsRequest {
            practice_id: self.practice.to_string(),
            unmatched_only: true,
            ..ListPayoutsRequest::default()
        };
        let listed = self.payouts_of(self.practice).list_payouts(request).await;
        listed.expect("listed").into_inner().payouts.len()
    }

    async fn unclaimed_of(&self, practice: PracticeId) -> Vec<PayoutItem> {
        let request = ListUnclaimedPayoutItemsRequest {
            practice_id: practice.to_string(),
            ..ListUnclaimedPayoutItemsRequest::default()
        };
        let mut payouts = self.payouts_of(practice);
        let listed = payouts.list_unclaimed_payout_items(request).await;
        listed.expect("listed").into_inner().items
    }
}

#[tokio::test]
async fn r30_what_nobody_can_tell_is_closed_with_a_reason_and_is_open_no_more() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    stage.charge_by_hand(5_000, None).await;
    stage.paid_out(1).await;
    let before = stage.payout().await;
    let [known, lamp] = &stage.only_items().await[..] else {
        panic!("two items");
    };
    assert_eq!((lamp.kind(), &lamp.closing), (OTHER, &None));
    assert_eq!(stage.open_and_closed().await, (5_000, 0));
    assert_eq!(stage.payouts_with_something_unmatched().await, 1);

    let request = stage.item_closing(lamp);
    // Twins close it once.
    let (one, two) = tokio::join!(stage.close_item(&request), stage.close_item(&request));
    let closed = one.expect("closed");
    assert_eq!(two.expect("the same"), closed);
    let said = closed.closing.as_ref().expect("who said so");
    assert_eq!(said.reason, request.reason);
    assert!(said.closed_by.starts_with("user_") && said.close_time.is_some());
    assert_eq!(stage.only_items().await[1], closed, "it stays listed");
    assert_eq!((closed.kind(), minor(&closed.gross)), (OTHER, 5_000));
    assert_eq!(stage.open_and_closed().await, (0, 5_000));
    assert_eq!(stage.payouts_with_something_unmatched().await, 0);
    let after = stage.payout().await;
    let sums = |it: &Payout| (it.gross.clone(), it.fees.clone(), it.net.clone());
    assert_eq!(sums(&after), sums(&before), "no money moved");
    assert_eq!(stage.told_types().await, ["PayoutPaid"], "nor in the books");

    let other = ClosePayoutItemRequest {
        reason: "Another lamp".to_owned(),
        ..request
    };
    assert_eq!(reason(stage.close_item(&other).await), "REQUEST_ID_REUSED");
    let twice = stage.item_closing(lamp);
    assert_eq!(reason(stage.close_item(&twice).await), "PAYOUT_ITEM_CLOSED");
    let paid = stage.item_closing(known);
    assert_eq!(reason(stage.close_item(&paid).await), "PAYOUT_ITEM_KNOWN");
    stage.finish().await;
}

#[tokio::test]
async fn r30_an_item_is_closed_by_its_practice_alone_and_with_a_reason() {
    let stage = Stage::start().await;
    stage.charge_by_hand(5_000, None).await;
    stage.paid_out(1).await;
    let lamp = stage.only_items().await.remove(0);
    let nothing = ClosePayoutItemRequest {
        reason: "  ".to_owned(),
        ..stage.item_closing(&lamp)
    };
    assert_eq!(reason(stage.close_item(&nothing).await), "INVALID_FIELD");
    let card = ClosePayoutItemRequest {
        reason: "paid with 4242 4242 4242 4242".to_owned(),
        ..stage.item_closing(&lamp)
    };
    assert_eq!(reason(stage.close_item(&card).await), "CARD_NUMBER_IN_TEXT");
    let stranger = PracticeId::new(&stage.clock);
    let foreign = ClosePayoutItemRequest {
        practice_id: stranger.to_string(),
        ..stage.item_closing(&lamp)
    };
    let refused = stage.close_item(&foreign).await;
    assert_eq!(reason(refused), "PAYOUT_ITEM_NOT_FOUND");
    let practice = stage.practice;
    for role in [Role::Client, Role::Clinician] {
        let mut payer = PayoutServiceClient::new(stage.connection(move |claims| rpc::Claims {
            role,
            practice_id: Some(practice.to_string()),
            ..claims
        }));
        let refused = payer.close_payout_item(stage.item_closing(&lamp)).await;
        assert_eq!(refused.expect_err("refused").code(), Code::PermissionDenied);
    }
    assert_eq!(stage.open_and_closed().await, (5_000, 0));
    stage.finish().await;
}

#[tokio::test]
async fn r30_what_was_closed_is_no_finding_and_is_matched_when_it_becomes_known_after_all() {
    let stage = Stage::start().await;
    let object = stage.paid_out_before_it_is_known("hold").await;
    stage
        .bank_says(&object, serde_json::json!({ "outcome": "paid" }))
        .await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    stage.minutes(4 * 24 * 60);
    let found = stage.unmatched_findings().await;
    assert_eq!(found.len(), 1, "{found:?}");
    let unknown = stage.only_items().await.remove(3);
    assert_eq!(
        found[0].subject,
        format!("payout item {}", unknown.payout_item_id)
    );
    stage
        .close_item(&stage.item_closing(&unknown))
        .await
        .expect("closed");
    assert_eq!(stage.unmatched_findings().await, []);
    assert_eq!(stage.open_and_closed().await, (0, -6_000));
    stage.reconcile().await;
    stage.first_night().await;
    assert_eq!(stage.compare().await, 1);
    assert_eq!(
        stage.only_items().await[3].kind(),
        OTHER,
        "nobody asks for it"
    );

    stage.becomes_known().await;
    let known = stage.only_items().await.remove(3);
    assert_eq!(known.kind(), PayoutItemKind::Refund);
    assert!(known.closing.is_some(), "what was said stays");
    assert_eq!(stage.open_and_closed().await, (0, 0));
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutItemsMatched"]
    );
    let late = stage.close_item(&stage.item_closing(&known)).await;
    assert_eq!(reason(late), "PAYOUT_ITEM_KNOWN");
    stage.finish().await;
}

#[tokio::test]
async fn r30_what_can_never_be_in_a_practices_books_is_listed_and_closed() {
    let stage = Stage::start().await;
    let euros = PracticeId::from(Uuid::from_u128(1));
    let registered = PracticeRegistered {
        practice: Some(Practice {
            practice_id: euros.to_string(),
            time_zone: "Europe/Paris".to_owned(),
            currency_code: "EUR".to_owned(),
            ..Practice::default()
        }),
    };
    apply(stage.db.pool(), &Practices, euros, &registered).await;
    stage.charge_by_hand(5_000, Some(euros)).await;
    let object = stage.paid_out(1).await;
    let verified = async || {
        let found = payments::ops::verify_practice(stage.db.pool(), euros, stage.clock.now());
        found.await.expect("checked")
    };
    let found = verified().await;
    assert_eq!(found.len(), 1, "{found:?}");
    let listed = stage.unclaimed_of(euros).await;
    let [unclaimed] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert!(format!("{:?}", found[0]).contains(&unclaimed.payout_item_id));
    assert_eq!(unclaimed.unclaimed_of, object);
    assert_eq!(
        (minor(&unclaimed.gross), &*unclaimed.processor_kind),
        (5_000, "charge")
    );
    assert_eq!(stage.unclaimed_of(stage.practice).await, []);
    // It is theirs alone.
    let foreign = stage.close_item(&stage.item_closing(unclaimed)).await;
    assert_eq!(reason(foreign), "PAYOUT_ITEM_NOT_FOUND");
    let request = ClosePayoutItemRequest {
        practice_id: euros.to_string(),
        ..stage.item_closing(unclaimed)
    };
    let closed = stage.close_item(&request).await.expect("closed");
    assert!(closed.closing.is_some());
    assert_eq!(stage.close_item(&request).await.expect("again"), closed);
    assert_eq!(stage.unclaimed_of(euros).await, [closed]);
    assert_eq!(verified().await, []);
    let twice = ClosePayoutItemRequest {
        request_id: request_id(),
        ..request
    };
    assert_eq!(reason(stage.close_item(&twice).await), "PAYOUT_ITEM_CLOSED");
    stage.finish().await;
}
