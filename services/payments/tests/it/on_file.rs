//! R17, R18 and F10: a card comes on file with the payment that it makes, and pays from then on.

use crate::stage::{Client, Stage, VISA, reason};
use ids::ContactId;
use proto::payments::v1::*;
use rpc::Role;
use serde_json::json;
use sqlx::Row as _;

/// What is on file: id, last four digits, whether it is the default.
async fn on_file(stage: &Stage) -> Vec<(String, String, bool)> {
    let rows = sqlx::query(
        "select method_id, last4, is_default from payments.methods where state <> 'removed' order by method_id",
    );
    let rows = rows.fetch_all(stage.db.owner_pool()).await.expect("read");
    let shown = rows.iter().map(|row| {
        let id = ids::MethodId::from(row.get::<uuid::Uuid, _>(0));
        (id.to_string(), row.get(1), row.get(2))
    });
    shown.collect()
}

/// The client pays a new bill with a new card, which comes on file.
async fn save(stage: &Stage, card: &str) -> Payment {
    stage.known_client();
    let bill = stage.bill(4_000).await;
    let request = PayBillRequest {
        save_method: true,
        ..stage.pay_request(bill, 4_000, card)
    };
    let paid = stage.portal(Role::Client).pay_bill(request).await;
    paid.expect("an answer").into_inner().payment.expect("it")
}

async fn pay_with(
    stage: &Stage,
    mut client: Client,
    method: &str,
) -> Result<Payment, tonic::Status> {
    let bill = stage.bill(4_000).await;
    let request = PayBillRequest {
        method_id: method.to_owned(),
        ..stage.pay_request(bill, 4_000, "")
    };
    let paid = client.pay_bill(request).await?;
    Ok(paid.into_inner().payment.expect("it"))
}

#[tokio::test]
async fn r17_a_card_that_has_paid_comes_on_file_and_pays_the_next_bill() {
    let stage = Stage::start().await;
    let first = save(&stage, "pm_card_visa_debit").await;
    assert_eq!(first.state(), PaymentState::Succeeded);
    assert_eq!(first.card_funding, "debit");
    let (method, last4) = (first.method_id.clone(), "5556".to_owned());
    assert_eq!(on_file(&stage).await, [(method.clone(), last4, true)]);
    let next = pay_with(&stage, stage.portal(Role::Client), &method).await;
    let next = next.expect("paid");
    assert_eq!(
        (next.state(), &next.method_id, next.method_text.as_str()),
        (PaymentState::Succeeded, &method, "Visa ending in 5556")
    );
    let again = save(&stage, "pm_card_visa_debit").await;
    assert_eq!(again.method_id, method, "the same card is the same method");
    let other = save(&stage, "pm_card_mastercard").await;
    assert_ne!(other.method_id, method);
    let defaults = on_file(&stage).await.into_iter().filter(|it| it.2);
    assert_eq!(defaults.count(), 1, "the first stays the default");

    let (one, two) = (stage.bill_due(1_000, 10), stage.bill_due(2_000, 20));
    let all = PayBalanceRequest {
        method_id: method.clone(),
        ..stage.balance_request(3_000, "")
    };
    let all = stage.try_pay_balance(all).await.expect("paid");
    assert_eq!(all.method_id, method);
    assert_eq!(
        (stage.billing.balance(one), stage.billing.balance(two)),
        (0, 0)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r17_a_card_that_is_declined_does_not_come_on_file() {
    let stage = Stage::start().await;
    let declined = save(&stage, "pm_card_chargeDeclinedInsufficientFunds").await;
    assert_eq!(declined.state(), PaymentState::Failed);
    assert!(declined.method_id.is_empty());
    assert!(on_file(&stage).await.is_empty());
    stage.finish().await;
}

#[tokio::test]
async fn r17_cards_that_are_saved_at_once_are_one_customers_and_one_is_the_default() {
    let stage = Stage::start().await;
    let (one, two, three) = tokio::join!(
        save(&stage, VISA),
        save(&stage, "pm_card_mastercard"),
        save(&stage, VISA)
    );
    for paid in [&one, &two, &three] {
        assert_eq!(paid.state(), PaymentState::Succeeded);
    }
    assert_eq!(one.method_id, three.method_id);
    let on_file = on_file(&stage).await;
    assert_eq!(on_file.len(), 2);
    assert_eq!(on_file.iter().filter(|it| it.2).count(), 1);
    let customers: i64 =
        sqlx::query_scalar("select count(distinct processor_customer) from payments.methods")
            .fetch_one(stage.db.owner_pool())
            .await
            .expect("counted");
    assert_eq!(customers, 1);
    stage.finish().await;
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a story from its beginning to its end"
)]
async fn r17_a_method_is_used_by_its_payer_and_the_practice_only() {
    let stage = Stage::start().await;
    let (contact, another) = (ContactId::new(&stage.clock), ContactId::new(&stage.clock));
    stage.billing.add_client(stage.client, &[contact, another]);
    let clients = save(&stage, VISA).await.method_id;
    let portal = |contact| Client::new(stage.payer(stage.client, Some(contact)));
    let bill = stage.bill(4_000).await;
    let by_contact = PayBillRequest {
        save_method: true,
        ..stage.pay_request(bill, 4_000, "pm_card_mastercard")
    };
    let paid = portal(contact).pay_bill(by_contact).await.expect("paid");
    let contacts = paid.into_inner().payment.expect("it").method_id;
    let nobodys = ids::MethodId::new(&stage.clock).to_string();
    for (who, method) in [
        (portal(contact), &clients),
        (portal(another), &contacts),
        (stage.portal(Role::Client), &contacts),
        (stage.portal(Role::Client), &nobodys),
        (stage.owner(), &nobodys),
    ] {
        assert_eq!(
            reason(pay_with(&stage, who, method).await),
            "METHOD_NOT_FOUND"
        );
    }
    let own = pay_with(&stage, portal(contact), &contacts).await;
    assert_eq!(own.expect("paid").state(), PaymentState::Succeeded);
    for method in [&clients, &contacts] {
        let paid = pay_with(&stage, stage.owner(), method).await;
        assert_eq!(paid.expect("paid").state(), PaymentState::Succeeded);
    }
    let bill = stage.bill(4_000).await;
    let base = stage.pay_request(bill, 4_000, VISA);
    let guests = PayBillRequest {
        processor_method: String::new(),
        method_id: clients.clone(),
        ..base.clone()
    };
    assert_eq!(reason(stage.try_pay(guests).await), "METHOD_NOT_FOUND");
    let saves = PayBillRequest {
        save_method: true,
        ..base.clone()
    };
    assert_eq!(reason(stage.try_pay(saves).await), "INVALID_FIELD");
    for wrong in [
        PayBillRequest {
            method_id: clients.clone(),
            ..base.clone()
        },
        PayBillRequest {
            processor_method: String::new(),
            ..base.clone()
        },
        PayBillRequest {
            processor_method: String::new(),
            method_id: clients.clone(),
            save_method: true,
            ..base.clone()
        },
    ] {
        let refused = stage.portal(Role::Client).pay_bill(wrong).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
    }
    let strangers = ContactId::new(&stage.clock);
    for (mut who, whose) in [
        (stage.portal(Role::Client), contact),
        (portal(contact), another),
        (stage.owner(), strangers),
    ] {
        let request = PayBillRequest {
            request_id: testkit::request_id(),
            save_method: true,
            contact_id: whose.to_string(),
            ..base.clone()
        };
        assert_eq!(reason(who.pay_bill(request).await), "CONTACT_NOT_FOUND");
    }
    sqlx::query("update payments.methods set state = 'removed', is_default = false")
        .execute(stage.db.owner_pool())
        .await
        .expect("removed");
    let removed = pay_with(&stage, stage.owner(), &clients).await;
    assert_eq!(reason(removed), "METHOD_NOT_FOUND");
    stage.finish().await;
}

#[tokio::test]
async fn r18_the_practice_charges_a_card_on_file_and_sees_what_card_it_is() {
    let stage = Stage::start().await;
    let method = save(&stage, VISA).await.method_id;
    sqlx::query("update payments.methods set hsa_fsa = true")
        .execute(stage.db.owner_pool())
        .await
        .expect("said by the payer");
    let charged = pay_with(&stage, stage.owner(), &method)
        .await
        .expect("charged");
    assert_eq!(charged.state(), PaymentState::Succeeded);
    assert_eq!(
        (charged.hsa_fsa, charged.card_funding.as_str()),
        (true, "credit")
    );
    assert!(!charged.processor_url.is_empty(), "View in Stripe");
    stage.finish().await;
}

#[tokio::test]
async fn f10_a_bank_that_wants_the_payer_declines_when_only_the_practice_is_there() {
    let stage = Stage::start().await;
    let asked = save(&stage, "pm_card_authenticationRequired").await;
    assert_eq!(asked.state(), PaymentState::RequiresAction);
    assert!(on_file(&stage).await.is_empty(), "not before it has paid");
    let confirm = |payment: Payment| {
        let stage = &stage;
        async move {
            let intent = stage.intent_of(&payment).await;
            let path = format!("payment_intents/{intent}/authenticate");
            stage
                .command(&path, json!({ "outcome": "succeeded" }))
                .await;
            stage.minutes(1);
            stage.reconcile().await;
            stage.payment(&payment).await
        }
    };
    let paid = confirm(asked).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    let method = paid.method_id;
    assert!(!method.is_empty(), "on file however its end was heard of");
    let alone = pay_with(&stage, stage.owner(), &method).await;
    let alone = alone.expect("an answer");
    assert_eq!(
        (
            alone.state(),
            alone.decline_reason(),
            alone.decline_next_step()
        ),
        (
            PaymentState::Failed,
            DeclineReason::AuthenticationNeeded,
            DeclineNextStep::ConfirmWithBank
        )
    );
    let present = pay_with(&stage, stage.portal(Role::Client), &method).await;
    let present = present.expect("an answer");
    assert_eq!(present.state(), PaymentState::RequiresAction);
    assert_eq!(confirm(present).await.state(), PaymentState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn f10_a_card_that_was_set_up_with_its_payer_pays_without_them() {
    let stage = Stage::start().await;
    let asked = save(&stage, "pm_card_authenticationRequiredOnSetup").await;
    let intent = stage.intent_of(&asked).await;
    let path = format!("payment_intents/{intent}/authenticate");
    stage
        .command(&path, json!({ "outcome": "succeeded" }))
        .await;
    stage.minutes(1);
    stage.reconcile().await;
    let method = stage.payment(&asked).await.method_id;
    let alone = pay_with(&stage, stage.owner(), &method).await;
    assert_eq!(alone.expect("charged").state(), PaymentState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn f10_a_card_that_was_removed_at_the_processor_is_declined_for_good() {
    let stage = Stage::start().await;
    let method = save(&stage, VISA).await.method_id;
    let token: String = sqlx::query_scalar("select processor_method from payments.methods")
        .fetch_one(stage.db.owner_pool())
        .await
        .expect("a token");
    let processor = &stage.payments.processor;
    let detached = processor.detach_payment_method(&token, "a-key-of-the-story");
    detached.await.expect("detached");
    let declined = pay_with(&stage, stage.owner(), &method).await;
    let declined = declined.expect("an answer");
    assert_eq!(
        (
            declined.state(),
            declined.decline_reason(),
            declined.decline_hard
        ),
        (PaymentState::Failed, DeclineReason::WrongDetails, true)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r17_a_bank_account_comes_on_file_when_its_debit_has_come() {
    let stage = Stage::start().await;
    let debit = save(&stage, "pm_usBankAccount_processing").await;
    assert_eq!(debit.state(), PaymentState::Processing);
    assert!(on_file(&stage).await.is_empty());
    let intent = stage.intent_of(&debit).await;
    stage.minutes(3 * 24 * 60);
    stage
        .command(
            &format!("payment_intents/{intent}/settle"),
            json!({ "outcome": "succeeded" }),
        )
        .await;
    stage.reconcile().await;
    let paid = stage.payment(&debit).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert!(paid.card_funding.is_empty());
    assert_eq!(on_file(&stage).await.len(), 1);
    let next = pay_with(&stage, stage.owner(), &paid.method_id).await;
    assert_eq!(next.expect("asked for").state(), PaymentState::Processing);
    stage.finish().await;
}
