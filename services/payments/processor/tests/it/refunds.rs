use ids::RefundId;
use processor::{NewRefund, ProcessorError, Refund, RefundReason, RefundStatus};

use crate::stage::{Stage, stage, usd};

async fn refund(stage: &Stage, intent: &str, minor: i64) -> Result<Refund, ProcessorError> {
    let refund = RefundId::new(&stage.clock);
    let new = NewRefund {
        payment_intent: intent,
        practice: stage.practice,
        refund,
        amount: usd(minor),
        reason: RefundReason::RequestedByCustomer,
    };
    let made = stage
        .processor
        .create_refund(new, &refund.to_string())
        .await?;
    assert_eq!(made.refund, Some(refund));
    let again = stage
        .processor
        .create_refund(new, &refund.to_string())
        .await?;
    assert_eq!(made, again);
    Ok(made)
}

#[tokio::test]
async fn a_payment_goes_back_in_parts_and_never_more_than_whole() {
    let stage = stage().await;
    let paid = stage.paid(4_000).await;
    let first = refund(&stage, &paid.id, 1_500).await.expect("a refund");
    assert_eq!(
        (first.status.clone(), first.amount),
        (RefundStatus::Succeeded, usd(1_500))
    );
    assert_eq!(first.payment_intent.as_deref(), Some(paid.id.as_str()));
    assert_eq!(first.charge, paid.charge);

    let over = refund(&stage, &paid.id, 2_501).await;
    assert!(
        matches!(over, Err(ProcessorError::Rejected { .. })),
        "{over:?}"
    );
    let rest = refund(&stage, &paid.id, 2_500).await.expect("a refund");
    let over = refund(&stage, &paid.id, 100).await;
    let Err(ProcessorError::Rejected { code, .. }) = over else {
        panic!("{over:?}")
    };
    assert_eq!(code, "charge_already_refunded");

    let listed = stage
        .processor
        .list_refunds(&paid.id)
        .await
        .expect("refunds");
    assert_eq!(listed, [rest.clone(), first]);
    assert_eq!(
        stage
            .processor
            .get_refund(&rest.id)
            .await
            .expect("a refund"),
        rest
    );
    let read = stage
        .processor
        .get_payment_intent(&paid.id)
        .await
        .expect("an intent");
    assert_eq!(
        (read.amount_received, read.amount_refunded),
        (usd(4_000), usd(4_000))
    );
}

#[tokio::test]
async fn f08_a_refund_that_succeeded_may_fail_later_with_a_reason() {
    let stage = stage().await;
    let intent = stage.created(4_000).await;
    stage
        .confirm(&intent.id, "pm_card_refundFail")
        .await
        .expect("a payment");
    let made = refund(&stage, &intent.id, 4_000).await.expect("a refund");
    assert_eq!(made.status, RefundStatus::Succeeded);
    let read = settled(&stage, &made, "failed").await;
    assert_eq!(read.status, RefundStatus::Failed);
    assert!(read.failure_reason.is_some());
}

#[tokio::test]
async fn f08_a_refund_may_take_its_time() {
    let stage = stage().await;
    let intent = stage.created(4_000).await;
    stage
        .confirm(&intent.id, "pm_card_pendingRefund")
        .await
        .expect("a payment");
    let made = refund(&stage, &intent.id, 4_000).await.expect("a refund");
    assert_eq!(made.status, RefundStatus::Pending);
    assert_eq!(
        settled(&stage, &made, "succeeded").await.status,
        RefundStatus::Succeeded
    );
}

async fn settled(stage: &Stage, refund: &Refund, status: &str) -> Refund {
    let end = serde_json::json!({ "status": status });
    stage
        .command(&format!("refunds/{}/settle", refund.id), end)
        .await;
    stage
        .processor
        .get_refund(&refund.id)
        .await
        .expect("a refund")
}

#[tokio::test]
async fn refunds_made_in_the_dashboard_are_listed_without_an_id_of_ours() {
    let stage = stage().await;
    let paid = stage.paid(4_000).await;
    let given = serde_json::json!({ "payment_intent": paid.id, "amount": 700 });
    stage.command("refunds", given).await;
    let listed = stage
        .processor
        .list_refunds(&paid.id)
        .await
        .expect("refunds");
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].amount, listed[0].refund), (usd(700), None));
}

#[tokio::test]
async fn a_list_longer_than_a_page_is_read_whole() {
    let stage = stage().await;
    let paid = stage.paid(40_000).await;
    for _ in 0..105 {
        let given = serde_json::json!({ "payment_intent": paid.id, "amount": 100 });
        stage.command("refunds", given).await;
    }
    let listed = stage
        .processor
        .list_refunds(&paid.id)
        .await
        .expect("refunds");
    assert_eq!(listed.len(), 105);
}
