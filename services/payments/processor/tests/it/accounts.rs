use crate::stage::stage;
use processor::ProcessorError;
use secrecy::ExposeSecret as _;

#[tokio::test]
async fn r30_an_account_is_made_once_per_key_and_found_by_its_practice() {
    let stage = stage().await;
    let since = stage.clock.now();
    let made = stage.processor.create_account(stage.practice, "a").await;
    let made = made.expect("an account");
    assert!(!made.charges_enabled && !made.details_submitted);
    assert_eq!(made.practice, Some(stage.practice));
    let again = stage.processor.create_account(stage.practice, "a").await;
    assert_eq!(again.expect("the same").id, made.id);
    let listed = stage.processor.list_accounts(stage.practice, since).await;
    assert_eq!(listed.expect("listed"), std::slice::from_ref(&made));
    let other = ids::PracticeId::new(&stage.clock);
    let none = stage.processor.list_accounts(other, since).await;
    assert_eq!(none.expect("listed"), []);

    let urls = ("http://127.0.0.1/back", "http://127.0.0.1/again");
    let link = stage.processor.create_account_link(&made.id, urls, "l");
    let link = link.await.expect("a link");
    assert!(link.url.expose_secret().starts_with("http://"));
    assert!(link.expires > since);

    stage
        .command(
            &format!("accounts/{}/onboard", made.id),
            serde_json::json!({}),
        )
        .await;
    let own = stage.processor.for_account(&made.id).expect("an account");
    let read = own.get_account().await.expect("read");
    assert!(read.charges_enabled && read.details_submitted && read.payouts_enabled);
    stage
        .command(
            &format!("accounts/{}/deauthorize", made.id),
            serde_json::json!({}),
        )
        .await;
    let gone = own.get_account().await;
    assert!(
        matches!(gone, Err(ProcessorError::NotConnected { .. })),
        "{gone:?}"
    );
}
