//! The ES256 keys that sign access tokens, and their public halves as JWKS.

use crate::secrets::{SecretError, random_hex};
use crate::{PortalAuth, Result, store};
use ::rpc::{AUDIENCE, Claims, ISSUER, Role};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePrivateKey;
use std::sync::{Arc, PoisonError, RwLock};

/// How long staff, programs and services may use one token.
pub const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// A new key is published this long before it signs: twice what verifiers cache.
pub const PUBLISH_AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// The keys in use; shared by all clones.
#[derive(Clone, Default)]
pub struct Signing(Arc<RwLock<Arc<Vec<Key>>>>);

/// One key pair.
pub struct Key {
    /// The `kid` of tokens it signed.
    pub key_id: String,
    /// From then on it signs.
    pub sign_from_time: Timestamp,
    encoding: EncodingKey,
    public: Jwk,
}

/// What a token is to say.
pub struct Grant {
    /// `user_…`, `prog_…`, `guest:bill_…`, `service:…`.
    pub subject: String,
    /// What for.
    pub role: Role,
    /// Absent for services.
    pub practice_id: Option<ids::PracticeId>,
    /// The one bill of a guest.
    pub bill_id: Option<ids::BillId>,
    /// How long it may be used.
    pub lifetime: SignedDuration,
}

/// A signed token.
pub struct AccessToken {
    /// The JWT.
    pub text: String,
    /// When it ends.
    pub expire_time: Timestamp,
}

impl Signing {
    /// Reads the live keys; makes and stores the first one when there is none.
    pub async fn load(&self, portal: &PortalAuth) -> Result<()> {
        let now = portal.clock.now();
        let mut tx = pg::begin_any(&portal.db).await?;
        store::signing_keys::lock(&mut tx).await?;
        let mut rows = store::signing_keys::list_live(&mut tx, now).await?;
        if rows.is_empty() {
            let row = draw(portal, now, now)?;
            store::signing_keys::insert(&mut tx, &row).await?;
            rows.push(row);
        }
        tx.commit().await?;
        let keys = rows
            .iter()
            .map(|row| read(portal, row))
            .collect::<Result<Vec<_>>>()?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// The public halves of all live keys, those that do not sign yet too.
    pub fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: self.keys().iter().map(|key| key.public.clone()).collect(),
        }
    }

    /// Signs with the newest key that may sign. Errors: INTERNAL before the keys are loaded.
    pub fn sign(&self, grant: Grant, now: Timestamp) -> Result<AccessToken> {
        let keys = self.keys();
        let key = keys
            .iter()
            .filter(|key| key.sign_from_time <= now)
            .max_by_key(|key| key.sign_from_time)
            .ok_or(SecretError::Sealed)?;
        let expire_time = now
            .checked_add(grant.lifetime)
            .map_err(|_| SecretError::Sealed)?;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: grant.subject,
            role: grant.role,
            practice_id: grant.practice_id.map(|id| id.to_string()),
            bill_id: grant.bill_id.map(|id| id.to_string()),
            client_ids: Vec::new(),
            contact_id: None,
            iat: now.as_second(),
            exp: expire_time.as_second(),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(key.key_id.clone());
        let text = jsonwebtoken::encode(&header, &claims, &key.encoding)
            .map_err(|_| SecretError::Sealed)?;
        Ok(AccessToken { text, expire_time })
    }

    fn keys(&self) -> Arc<Vec<Key>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A new key pair, sealed for its row.
pub fn draw(
    portal: &PortalAuth,
    now: Timestamp,
    sign_from_time: Timestamp,
) -> Result<store::signing_keys::Row> {
    let key_id = random_hex::<8>(&portal.clock);
    let mut scalar = [0; 32];
    let key = loop {
        portal.clock.fill(&mut scalar);
        // All but about one in 2³² draws are a valid scalar.
        if let Ok(key) = SigningKey::from_slice(&scalar) {
            break key;
        }
    };
    let sealed = portal
        .secrets
        .seal(&key.to_bytes(), &place(&key_id), &portal.clock)?;
    Ok(store::signing_keys::Row {
        key_id,
        sealed,
        create_time: now,
        sign_from_time,
    })
}

fn read(portal: &PortalAuth, row: &store::signing_keys::Row) -> Result<Key> {
    let scalar = portal.secrets.open(&row.sealed, &place(&row.key_id))?;
    let key = SigningKey::from_slice(&scalar).map_err(|_| SecretError::Sealed)?;
    let pkcs8 = key.to_pkcs8_der().map_err(|_| SecretError::Sealed)?;
    let point = key.verifying_key().to_encoded_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else {
        return Err(SecretError::Sealed.into());
    };
    let public = Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(KeyAlgorithm::ES256),
            key_id: Some(row.key_id.clone()),
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
            key_type: EllipticCurveKeyType::EC,
            curve: EllipticCurve::P256,
            x: base64url(x),
            y: base64url(y),
        }),
    };
    Ok(Key {
        key_id: row.key_id.clone(),
        sign_from_time: row.sign_from_time,
        encoding: EncodingKey::from_ec_der(pkcs8.as_bytes()),
        public,
    })
}

fn place(key_id: &str) -> String {
    format!("portal_auth.signing_keys|{key_id}")
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
