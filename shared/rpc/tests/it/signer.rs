use clock::Clock;
use ids::PracticeId;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::EncodePrivateKey as _;
use rpc::{AUDIENCE, Claims, ISSUER, Role};

/// Signs tokens as portal-auth does.
#[derive(Clone)]
pub struct Signer {
    pub id: String,
    pub key: EncodingKey,
}

impl Signer {
    pub fn new(id: &str, seed: u8) -> Self {
        let secret = p256::SecretKey::from_slice(&[seed; 32]).expect("a scalar");
        let der = secret.to_pkcs8_der().expect("PKCS 8");
        Self {
            id: id.to_owned(),
            key: EncodingKey::from_ec_der(der.as_bytes()),
        }
    }

    pub fn public(&self) -> Jwk {
        let mut key = Jwk::from_encoding_key(&self.key, Algorithm::ES256).expect("a key");
        key.common.key_id = Some(self.id.clone());
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        key
    }

    pub fn set(&self) -> JwkSet {
        JwkSet {
            keys: vec![self.public()],
        }
    }

    pub fn sign(&self, claims: &Claims) -> String {
        let header = Header {
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::ES256)
        };
        jsonwebtoken::encode(&header, claims, &self.key).expect("a token")
    }
}

/// An owner's claims, good for ten minutes.
pub fn owner(clock: &Clock, practice: PracticeId) -> Claims {
    let now = clock.now().as_second();
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "user_00000000000000000000000001".to_owned(),
        role: Role::Owner,
        practice_id: Some(practice.to_string()),
        bill_id: None,
        client_ids: Vec::new(),
        contact_id: None,
        iat: now,
        exp: now + 600,
    }
}

/// A service's claims.
pub fn service(clock: &Clock, name: &str) -> Claims {
    Claims {
        sub: format!("service:{name}"),
        role: Role::Service,
        practice_id: None,
        ..owner(clock, PracticeId::new(clock))
    }
}
