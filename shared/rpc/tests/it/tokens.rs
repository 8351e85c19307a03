use crate::signer::{Signer, owner, service};
use clock::Clock;
use ids::{BillId, PracticeId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rpc::{Claims, Denied, Keys, Role, TokenFault, Verifier};
use std::time::Duration;

struct Bench {
    clock: Clock,
    signer: Signer,
    keys: Keys,
    verifier: Verifier,
    good: Claims,
}

fn bench() -> Bench {
    let clock = Clock::fixed("2026-11-21T12:00:00Z".parse().expect("a time"));
    let signer = Signer::new("key-1", 7);
    let keys = Keys::fixed(&signer.set());
    let verifier = Verifier::new(keys.clone(), clock.clone());
    let good = owner(&clock, PracticeId::new(&clock));
    Bench {
        clock,
        signer,
        keys,
        verifier,
        good,
    }
}

impl Bench {
    async fn refused(&self, token: &str) -> TokenFault {
        self.verifier.verify(token).await.expect_err("a bad token")
    }

    async fn refused_claims(&self, claims: Claims) -> TokenFault {
        self.refused(&self.signer.sign(&claims)).await
    }
}

fn part(json: &serde_json::Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string())
}

#[tokio::test]
async fn a_good_token_tells_who_calls() {
    let bench = bench();
    let caller = bench
        .verifier
        .verify(&bench.signer.sign(&bench.good))
        .await
        .expect("good");
    assert_eq!(caller.role, Role::Owner);
    let practice = caller.practice.expect("one practice");
    assert_eq!(caller.within(practice), Ok(()));
    let other = PracticeId::new(&bench.clock);
    assert!(matches!(caller.within(other), Err(Denied::NotFound { .. })));
    let service = bench.signer.sign(&service(&bench.clock, "payments"));
    let service = bench.verifier.verify(&service).await.expect("good");
    assert_eq!(service.service.as_deref(), Some("payments"));
    assert_eq!(service.within(other), Ok(()));
}

#[tokio::test]
async fn f42_no_algorithm_is_no_signature() {
    let bench = bench();
    let claims = serde_json::to_value(&bench.good).expect("JSON");
    for alg in ["none", "None", "NONE", ""] {
        let header = serde_json::json!({"alg": alg, "typ": "JWT", "kid": "key-1"});
        let token = format!("{}.{}.", part(&header), part(&claims));
        assert!(
            matches!(bench.refused(&token).await, TokenFault::Invalid(_)),
            "{alg}"
        );
    }
}

#[tokio::test]
async fn f42_the_public_key_is_no_shared_secret() {
    let bench = bench();
    let public = serde_json::to_vec(&bench.signer.public()).expect("JSON");
    let header = Header {
        kid: Some("key-1".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let token = jsonwebtoken::encode(&header, &bench.good, &EncodingKey::from_secret(&public));
    let fault = bench.refused(&token.expect("a token")).await;
    assert_eq!(fault, TokenFault::Invalid("another algorithm"));
}

#[tokio::test]
async fn f42_another_key_under_a_known_name_does_not_sign() {
    let bench = bench();
    let imposter = Signer {
        id: "key-1".to_owned(),
        ..Signer::new("key-2", 9)
    };
    let fault = bench.refused(&imposter.sign(&bench.good)).await;
    assert_eq!(fault, TokenFault::Invalid("a wrong signature"));
    let unknown = Signer::new("../../etc/passwd", 9);
    let fault = bench.refused(&unknown.sign(&bench.good)).await;
    assert_eq!(fault, TokenFault::Invalid("an unknown key"));
}

#[tokio::test]
async fn f42_a_key_in_the_token_is_not_believed() {
    let bench = bench();
    let imposter = Signer::new("mine", 9);
    let header = Header {
        kid: Some("mine".to_owned()),
        jwk: Some(imposter.public()),
        jku: Some("http://127.0.0.1:1/jwks.json".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let token = jsonwebtoken::encode(&header, &bench.good, &imposter.key).expect("a token");
    assert_eq!(
        bench.refused(&token).await,
        TokenFault::Invalid("an unknown key")
    );
}

#[tokio::test]
async fn f42_a_token_for_others_is_not_for_us() {
    let bench = bench();
    let good = || bench.good.clone();
    let fault = bench
        .refused_claims(Claims {
            aud: "elsewhere".to_owned(),
            ..good()
        })
        .await;
    assert_eq!(fault, TokenFault::Invalid("another audience"));
    let fault = bench
        .refused_claims(Claims {
            iss: "elsewhere".to_owned(),
            ..good()
        })
        .await;
    assert_eq!(fault, TokenFault::Invalid("another issuer"));
}

#[tokio::test]
async fn f42_a_token_ends() {
    let bench = bench();
    let token = bench.signer.sign(&bench.good);
    bench.clock.advance(Duration::from_secs(599));
    assert!(bench.verifier.verify(&token).await.is_ok());
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.refused(&token).await, TokenFault::Expired);
}

#[tokio::test]
async fn f42_a_token_that_was_good_a_moment_ago_is_judged_anew() {
    let bench = bench();
    let token = bench.signer.sign(&bench.good);
    bench.verifier.verify(&token).await.expect("good");
    // Another signature under the same words is another token.
    let (words, signature) = token.rsplit_once('.').expect("three parts");
    let other = bench.signer.sign(&service(&bench.clock, "payments"));
    let (_, of_other) = other.rsplit_once('.').expect("three parts");
    assert_ne!(signature, of_other);
    let forged = format!("{words}.{of_other}");
    assert!(matches!(
        bench.refused(&forged).await,
        TokenFault::Invalid(_)
    ));
    bench.verifier.verify(&token).await.expect("good again");
    // Its key is no key any more.
    bench.keys.replace(&Signer::new("key-2", 8).set());
    assert_eq!(
        bench.refused(&token).await,
        TokenFault::Invalid("an unknown key")
    );
    // Nor is a key that took the name of the old.
    bench.keys.replace(&Signer::new("key-1", 8).set());
    assert_eq!(
        bench.refused(&token).await,
        TokenFault::Invalid("a wrong signature")
    );
    bench.keys.replace(&bench.signer.set());
    bench
        .verifier
        .verify(&token)
        .await
        .expect("its key is back");
}

#[tokio::test]
async fn f42_a_token_that_lives_too_long_or_begins_later_is_refused() {
    let bench = bench();
    let good = || bench.good.clone();
    for claims in [
        Claims {
            exp: bench.good.iat + 901,
            ..good()
        },
        Claims {
            exp: i64::MAX,
            iat: i64::MIN,
            ..good()
        },
        Claims {
            exp: bench.good.iat - 1,
            ..good()
        },
        Claims {
            iat: bench.good.iat + 300,
            ..good()
        },
    ] {
        let fault = bench.refused_claims(claims.clone()).await;
        assert!(matches!(fault, TokenFault::Invalid(_)), "{claims:?}");
    }
}

#[tokio::test]
async fn f42_claims_must_fit_the_role() {
    let bench = bench();
    let good = || bench.good.clone();
    let bill = Some(BillId::new(&bench.clock).to_string());
    for claims in [
        Claims {
            practice_id: None,
            ..good()
        },
        Claims {
            practice_id: Some("prac_1".to_owned()),
            ..good()
        },
        Claims {
            role: Role::Guest,
            ..good()
        },
        Claims {
            role: Role::Guest,
            bill_id: bill,
            practice_id: None,
            ..good()
        },
        Claims {
            role: Role::Service,
            ..good()
        },
        Claims {
            sub: "service:payments".to_owned(),
            ..good()
        },
    ] {
        let fault = bench.refused_claims(claims.clone()).await;
        assert!(matches!(fault, TokenFault::Invalid(_)), "{claims:?}");
    }
    let mut claims = serde_json::to_value(good()).expect("JSON");
    claims["role"] = "anonymous".into();
    let header = Header {
        kid: Some("key-1".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let token = jsonwebtoken::encode(&header, &claims, &bench.signer.key).expect("a token");
    assert!(matches!(
        bench.refused(&token).await,
        TokenFault::Invalid(_)
    ));
}

#[tokio::test]
async fn garbage_is_refused() {
    let bench = bench();
    let long = "a".repeat(100_000);
    for token in ["", ".", "..", "a.b.c", "🦀.🦀.🦀", long.as_str()] {
        assert!(matches!(bench.refused(token).await, TokenFault::Invalid(_)));
    }
}
