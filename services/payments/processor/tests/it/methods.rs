use processor::{Confirmation, Instrument, IntentStatus, NewIntent, ProcessorError};

use crate::stage::{VISA, stage};

#[tokio::test]
async fn a_card_is_stored_listed_charged_and_forgotten() {
    let stage = stage().await;
    let customer = stage.customer().await;
    assert!(customer.starts_with("cus_"));
    let stored = stage
        .processor
        .attach_payment_method(VISA, &customer, "attach")
        .await
        .expect("a method");
    assert_eq!(stored.customer.as_deref(), Some(customer.as_str()));
    assert!(stored.fingerprint.is_some());
    assert!(matches!(&stored.instrument, Instrument::Card(card) if card.last4 == "4242"));
    let listed = stage
        .processor
        .list_payment_methods(&customer)
        .await
        .expect("methods");
    assert_eq!(listed, std::slice::from_ref(&stored));
    assert_eq!(
        stage
            .processor
            .get_payment_method(&stored.id)
            .await
            .expect("a method"),
        stored
    );

    let new = NewIntent {
        customer: Some(&customer),
        payment_method: Some(&stored.id),
        ..stage.intent(4_000)
    };
    let made = stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    assert_eq!(made.status, IntentStatus::RequiresConfirmation);
    assert_eq!(made.customer.as_deref(), Some(customer.as_str()));
    let autopay = Confirmation {
        off_session: true,
        ..Confirmation::default()
    };
    let paid = stage
        .processor
        .confirm_payment_intent(&made.id, autopay, "confirm")
        .await
        .expect("a payment");
    assert_eq!(paid.status, IntentStatus::Succeeded);
    assert_eq!(paid.payment_method.as_deref(), Some(stored.id.as_str()));

    let forgotten = stage
        .processor
        .detach_payment_method(&stored.id, "detach")
        .await
        .expect("a method");
    assert_eq!(forgotten.customer, None);
    assert_eq!(
        stage
            .processor
            .list_payment_methods(&customer)
            .await
            .expect("methods"),
        []
    );
}

#[tokio::test]
async fn a_card_that_the_bank_refuses_is_not_stored() {
    let stage = stage().await;
    let customer = stage.customer().await;
    let refused = stage
        .processor
        .attach_payment_method("pm_card_chargeDeclined", &customer, "attach")
        .await;
    assert!(
        matches!(refused, Err(ProcessorError::Declined(_))),
        "{refused:?}"
    );
    assert_eq!(
        stage
            .processor
            .list_payment_methods(&customer)
            .await
            .expect("methods"),
        []
    );
}

#[tokio::test]
async fn f10_a_forgotten_card_cannot_be_charged() {
    let stage = stage().await;
    let customer = stage.customer().await;
    let stored = stage
        .processor
        .attach_payment_method(VISA, &customer, "attach")
        .await
        .expect("a method");
    let new = NewIntent {
        customer: Some(&customer),
        payment_method: Some(&stored.id),
        ..stage.intent(4_000)
    };
    let made = stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    stage
        .processor
        .detach_payment_method(&stored.id, "detach")
        .await
        .expect("a method");
    let charged = stage.confirm(&made.id, &stored.id).await;
    assert!(
        matches!(charged, Err(ProcessorError::Rejected { .. })),
        "{charged:?}"
    );
    assert_eq!(stage.captured().await, (0, 0));
}

#[tokio::test]
async fn a_payment_can_keep_its_card_for_later() {
    let stage = stage().await;
    let customer = stage.customer().await;
    let new = NewIntent {
        customer: Some(&customer),
        keep_method: true,
        ..stage.intent(4_000)
    };
    let made = stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    stage.confirm(&made.id, VISA).await.expect("a payment");
    let kept = stage
        .processor
        .list_payment_methods(&customer)
        .await
        .expect("methods");
    assert_eq!(kept.len(), 1);
}
