use crate::app::{TestApp, portal};
use clock::Clock;
use portal_auth::PortalAuth;
use portal_auth::signing::{Grant, TOKEN_LIFETIME};
use rpc::{Keys, Role, Verifier};

fn sign(portal: &PortalAuth) -> String {
    let grant = Grant {
        subject: "service:billing".to_owned(),
        role: Role::Service,
        practice_id: None,
        bill_id: None,
        lifetime: TOKEN_LIFETIME,
    };
    let Ok(token) = portal.signing.sign(grant, portal.clock.now()) else {
        panic!("the keys are loaded");
    };
    token.text
}

#[tokio::test]
async fn r41_a_token_verifies_over_the_published_keys_and_a_changed_one_does_not() {
    let app = TestApp::start().await;
    let verifier = app.verifier();
    let token = sign(&app.portal);
    let caller = verifier.verify(&token).await.expect("verified");
    assert_eq!(caller.service.as_deref(), Some("billing"));

    let (claims, signature) = token.rsplit_once('.').expect("three parts");
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{claims}.{flipped}{}", &signature[1..]);
    verifier
        .verify(&changed)
        .await
        .expect_err("a changed signature");
    app.finish().await;
}

#[tokio::test]
async fn two_replicas_that_start_together_draw_one_key() {
    let app = TestApp::start().await;
    sqlx::query("delete from portal_auth.signing_keys")
        .execute(app.db.owner_pool())
        .await
        .expect("as before the first start");
    let now = app.clock.now();
    let replicas: Vec<PortalAuth> = (1..=4)
        .map(|seed| portal(&app.db, &Clock::fixed_with_seed(now, seed)))
        .collect();
    let loaded = replicas.iter().map(|replica| replica.signing.load(replica));
    for result in futures::future::join_all(loaded).await {
        result.expect("loaded");
    }
    let published = replicas[0].signing.jwks();
    assert_eq!(published.keys.len(), 1);
    for replica in &replicas {
        assert_eq!(replica.signing.jwks(), published);
        let verifier = Verifier::new(Keys::fixed(&published), replica.clock.clone());
        verifier
            .verify(&sign(replica))
            .await
            .expect("any replica's token is good");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_sealed_under_another_master_key_is_an_error_and_not_a_new_key() {
    let app = TestApp::start().await;
    let other = portal_auth::secrets::Secrets::new(&"08".repeat(32), &app.clock).expect("a key");
    let replica = PortalAuth {
        secrets: std::sync::Arc::new(other),
        ..portal(&app.db, &app.clock)
    };
    assert!(replica.signing.load(&replica).await.is_err());
    let count: i64 = sqlx::query_scalar("select count(*) from portal_auth.signing_keys")
        .fetch_one(app.db.owner_pool())
        .await
        .expect("a count");
    assert_eq!(count, 1);
    app.finish().await;
}
