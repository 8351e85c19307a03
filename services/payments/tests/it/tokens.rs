//! Tokens as portal-auth signs them.

use clock::Clock;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::EncodePrivateKey as _;
use rpc::{AUDIENCE, Claims, ISSUER, Role, ServiceToken, Token};

pub fn keys() -> JwkSet {
    let mut public = Jwk::from_encoding_key(&key(), Algorithm::ES256).expect("a key");
    public.common.key_id = Some("story".to_owned());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    JwkSet { keys: vec![public] }
}

pub fn sign(claims: &Claims) -> String {
    let header = Header {
        kid: Some("story".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    jsonwebtoken::encode(&header, claims, &key()).expect("a token")
}

/// An owner's claims without a practice, good for ten minutes.
pub fn claims(clock: &Clock) -> Claims {
    let now = clock.now().as_second();
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "user_00000000000000000000000001".to_owned(),
        role: Role::Owner,
        practice_id: None,
        bill_id: None,
        client_ids: Vec::new(),
        contact_id: None,
        iat: now,
        exp: now + 600,
    }
}

/// A token with these claims, renewed as the clock goes.
pub fn token(
    clock: &Clock,
    change: impl Fn(Claims) -> Claims + Send + Sync + 'static,
) -> ServiceToken {
    let clock = clock.clone();
    ServiceToken::fetched(clock.clone(), move || {
        let claims = change(claims(&clock));
        let expire_time = jiff::Timestamp::from_second(claims.exp).expect("an instant");
        let value = sign(&claims);
        async move { Ok(Token { value, expire_time }) }
    })
}

fn key() -> EncodingKey {
    let secret = p256::SecretKey::from_slice(&[9; 32]).expect("a scalar");
    EncodingKey::from_ec_der(secret.to_pkcs8_der().expect("PKCS 8").as_bytes())
}
