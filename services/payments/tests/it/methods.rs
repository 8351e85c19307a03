//! R19: cards and bank accounts on file.

use crate::stage::{Stage, VISA, reason};
use proto::payments::v1::*;
use testkit::request_id;

const MASTERCARD: &str = "pm_card_mastercard_debit";

#[tokio::test]
async fn r19_a_card_comes_on_file_by_the_browser_and_only_what_may_be_shown_is_kept() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let request = SetUpMethodRequest {
        hsa_fsa: true,
        ..wallet.request()
    };
    let begun = wallet.begin(request.clone()).await.expect("begun");
    assert_eq!(begun.state(), MethodSetupState::Waiting);
    assert!(begun.client_secret.starts_with("seti_"));
    let again = wallet.begin(request.clone()).await.expect("the same");
    assert_eq!(again, begun);
    let other = SetUpMethodRequest {
        make_default: true,
        ..request
    };
    assert_eq!(reason(wallet.begin(other).await), "REQUEST_ID_REUSED");
    assert!(wallet.list().await.is_empty());

    wallet.give(&begun, "pm_card_avsZipFail").await;
    let done = wallet.finish(&begun).await.expect("finished");
    assert_eq!(done.state(), MethodSetupState::Succeeded);
    assert!(done.client_secret.is_empty(), "nothing is waited for");
    let card = done.method.expect("a method");
    assert_eq!(card.method_text, "Visa ending in 0036");
    assert_eq!(
        (card.kind(), card.funding(), card.zip_check()),
        (MethodKind::Card, CardFunding::Credit, ZipCheck::Fail)
    );
    assert_eq!((card.exp_month, card.exp_year), (12, 2029));
    assert!(card.is_default && card.hsa_fsa && !card.authorized);
    assert_eq!(wallet.list().await, std::slice::from_ref(&card));
    assert_eq!(wallet.get(&card).await.expect("read"), card);
    assert_eq!(stage.announced("MethodAdded").await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_bank_account_is_on_file_beside_cards_and_one_is_the_default() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let card = wallet.add(VISA).await;
    let account = wallet.add("pm_usBankAccount_success").await;
    assert_eq!(account.kind(), MethodKind::BankAccount);
    assert_eq!(
        account.method_text,
        "STRIPE TEST BANK account ending in 6789"
    );
    assert!(card.is_default && !account.is_default);
    assert!(wallet.prefer(&account).await.expect("preferred").is_default);
    let listed = wallet.list().await;
    let defaults: Vec<_> = listed.iter().map(|method| method.is_default).collect();
    assert_eq!(defaults, [true, false], "the default is first");
    assert_eq!(listed[0].method_id, account.method_id);
    let flag = |method: &Method| SetMethodHsaFsaRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        method_id: method.method_id.clone(),
        hsa_fsa: true,
    };
    let mut methods = wallet.methods.clone();
    let said = methods.set_method_hsa_fsa(flag(&card)).await.expect("said");
    assert!(said.into_inner().method.expect("a method").hsa_fsa);
    let refused = methods.set_method_hsa_fsa(flag(&account)).await;
    assert_eq!(reason(refused), "NOT_A_CARD");
    stage.finish().await;
}

#[tokio::test]
async fn r19_the_same_card_again_is_the_same_method_with_its_newer_expiry() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let old = stage.typed_card("4242424242424242", "4", "2027").await;
    let first = wallet.add(&old).await;
    let new = stage.typed_card("4242424242424242", "9", "2031").await;
    let second = wallet.add(&new).await;
    assert_eq!(second.method_id, first.method_id);
    assert_eq!((second.exp_month, second.exp_year), (9, 2031));
    assert!(second.is_default);
    assert_eq!(wallet.list().await.len(), 1);
    stage.reconcile().await;
    assert_eq!(
        wallet.kept_by_processor().await,
        [new],
        "the old token is forgotten"
    );
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_method_is_removed_for_good_and_no_other_becomes_the_default_by_itself() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let card = wallet.add(VISA).await;
    let other = wallet.add(MASTERCARD).await;
    let request = wallet.removal(&card);
    let removed = wallet.remove(request.clone()).await.expect("removed");
    assert!(removed.default_needed);
    let method = removed.method.clone().expect("a method");
    assert_eq!(
        (method.state(), method.is_default),
        (MethodState::Removed, false)
    );
    assert_eq!(wallet.remove(request).await.expect("the same"), removed);
    let again = wallet.remove(wallet.removal(&card)).await;
    assert_eq!(reason(again), "METHOD_REMOVED");
    assert_eq!(reason(wallet.prefer(&card).await), "METHOD_REMOVED");
    assert_eq!(reason(wallet.replace(&card).await), "METHOD_REMOVED");
    let left = wallet.list().await;
    assert_eq!(left.len(), 1);
    assert!(left[0].method_id == other.method_id && !left[0].is_default);
    assert_eq!(wallet.kept_by_processor().await.len(), 2);
    stage.reconcile().await;
    assert_eq!(wallet.kept_by_processor().await.len(), 1);
    assert_eq!(stage.announced("MethodRemoved").await.len(), 1);
    // The same card may come back, as another method.
    let back = wallet.add(VISA).await;
    assert_ne!(back.method_id, card.method_id);
    assert!(back.is_default, "there was none");
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_new_card_takes_the_old_ones_place_as_default() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let old = wallet.add(VISA).await;
    let other = wallet.add("pm_card_amex").await;
    let begun = wallet.replace(&old).await.expect("begun");
    assert_eq!(wallet.list().await.len(), 2, "nothing yet");
    wallet.give(&begun, MASTERCARD).await;
    let new = wallet.finish(&begun).await.expect("finished").method;
    let new = new.expect("a method");
    assert!(new.is_default);
    let ids: Vec<_> = wallet
        .list()
        .await
        .into_iter()
        .map(|it| it.method_id)
        .collect();
    assert_eq!(ids, [new.method_id.clone(), other.method_id]);
    let gone = wallet.get(&old).await.expect("it is still read");
    assert_eq!(
        (gone.state(), gone.replaced_by_id),
        (MethodState::Removed, new.method_id)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_declined_card_says_why_and_another_one_can_be_given() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let begun = wallet.begin(wallet.request()).await.expect("begun");
    wallet
        .give(&begun, "pm_card_chargeDeclinedInsufficientFunds")
        .await;
    let declined = wallet.finish(&begun).await.expect("read");
    assert_eq!(
        (declined.state(), declined.decline_reason()),
        (MethodSetupState::Waiting, DeclineReason::InsufficientFunds)
    );
    assert_eq!(declined.client_secret, begun.client_secret);
    // The bank asks the payer.
    wallet
        .give(&begun, "pm_card_authenticationRequiredOnSetup")
        .await;
    let asked = wallet.finish(&begun).await.expect("read");
    assert_eq!(
        (asked.state(), asked.decline_reason()),
        (MethodSetupState::RequiresAction, DeclineReason::Unspecified)
    );
    let (intent, _) = begun.client_secret.split_once("_secret_").expect("an id");
    let path = format!("setup_intents/{intent}/authenticate");
    stage
        .command(&path, serde_json::json!({ "outcome": "succeeded" }))
        .await;
    let done = wallet.finish(&begun).await.expect("finished");
    assert_eq!(done.state(), MethodSetupState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_payer_has_at_most_twenty_methods() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let card = wallet.add(VISA).await;
    sqlx::query(
        "insert into payments.methods (practice_id, method_id, payer_kind, payer_id, client_id, kind,
            processor_customer, processor_method, fingerprint, brand, last4, funding, zip_check, state, create_time,
            update_time)
        select practice_id, md5(number::text)::uuid, payer_kind, payer_id, client_id, kind, processor_customer,
            'pm_' || number, '', brand, last4, funding, zip_check, state, create_time, update_time
        from payments.methods, generate_series(1, 19) number",
    )
    .execute(stage.db.owner_pool())
    .await
    .expect("written");
    let refused = wallet.begin(wallet.request()).await;
    assert_eq!(reason(refused), "TOO_MANY_METHODS");
    wallet
        .replace(&card)
        .await
        .expect("replacing makes no more");
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_method_with_a_payment_in_progress_is_not_removed() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let card = wallet.add(VISA).await;
    let token: String = sqlx::query_scalar("select processor_method from payments.methods")
        .fetch_one(stage.db.owner_pool())
        .await
        .expect("read");
    let bill = stage.bill(4_000).await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    let mark = |state: &'static str| {
        sqlx::query("update payments.payments set state = $1, processor_method = $2")
            .bind(state)
            .bind(token.clone())
    };
    let db = stage.db.owner_pool();
    mark("processing").execute(db).await.expect("marked");
    let refused = wallet.remove(wallet.removal(&card)).await;
    assert_eq!(reason(refused), "METHOD_IN_USE");
    // A replacement waits with forgetting until the payment has ended.
    let begun = wallet.replace(&card).await.expect("begun");
    wallet.give(&begun, MASTERCARD).await;
    wallet.finish(&begun).await.expect("finished");
    stage.reconcile().await;
    assert!(wallet.kept_by_processor().await.contains(&token));
    mark("succeeded").execute(db).await.expect("marked");
    stage.minutes(60);
    stage.reconcile().await;
    assert!(!wallet.kept_by_processor().await.contains(&token));
    assert_eq!(paid.state(), PaymentState::Succeeded);
    stage.finish().await;
}
