use crate::signer::{Signer, owner};
use axum::Json;
use axum::routing::get;
use clock::Clock;
use ids::PracticeId;
use jsonwebtoken::jwk::JwkSet;
use rpc::{Keys, TokenFault, Verifier};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// portal-auth's page of keys: what it holds can change, and it counts who asks.
#[derive(Clone)]
struct Page {
    set: Arc<Mutex<JwkSet>>,
    asked: Arc<AtomicUsize>,
}

impl Page {
    fn holding(set: JwkSet) -> Self {
        Self {
            set: Arc::new(Mutex::new(set)),
            asked: Arc::default(),
        }
    }

    async fn serve(&self) -> String {
        let page = self.clone();
        let answer = get(async move || {
            page.asked.fetch_add(1, Ordering::SeqCst);
            Json(page.set.lock().expect("no panic").clone())
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = axum::Router::new().route("/jwks.json", answer);
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{address}/jwks.json")
    }
}

#[tokio::test]
async fn keys_are_fetched_and_a_new_one_is_found_at_its_first_token() {
    let (old, new) = (Signer::new("old", 7), Signer::new("new", 9));
    let clock = Clock::system();
    let claims = owner(&clock, PracticeId::new(&clock));
    let page = Page::holding(old.set());
    let verifier = Verifier::new(Keys::remote(&page.serve().await), clock);
    verifier
        .verify(&old.sign(&claims))
        .await
        .expect("fetched at the first token");

    page.set.lock().expect("no panic").keys.push(new.public());
    let token = new.sign(&claims);
    let early = verifier
        .verify(&token)
        .await
        .expect_err("the page was asked a moment ago");
    assert_eq!(early, TokenFault::Invalid("an unknown key"));
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    verifier.verify(&token).await.expect("asked again");
}

#[tokio::test]
async fn tokens_with_made_up_keys_do_not_become_requests() {
    let signer = Signer::new("real", 7);
    let clock = Clock::system();
    let claims = owner(&clock, PracticeId::new(&clock));
    let page = Page::holding(signer.set());
    let verifier = Verifier::new(Keys::remote(&page.serve().await), clock);
    for attempt in 0..200 {
        let made_up = Signer {
            id: format!("made-up-{attempt}"),
            ..signer.clone()
        };
        assert!(verifier.verify(&made_up.sign(&claims)).await.is_err());
    }
    assert!(page.asked.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn without_keys_nobody_is_called_an_imposter() {
    let signer = Signer::new("real", 7);
    let clock = Clock::system();
    let claims = owner(&clock, PracticeId::new(&clock));
    let verifier = Verifier::new(Keys::remote("http://127.0.0.1:1/jwks.json"), clock);
    let fault = verifier
        .verify(&signer.sign(&claims))
        .await
        .expect_err("no keys");
    assert_eq!(fault, TokenFault::KeysUnavailable);
}
