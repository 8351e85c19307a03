//! What is secret at rest: sealed with AES-256-GCM, or kept only as a hash. All keys come from one master key that lives
//! in a file outside of the database.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use clock::Clock;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const NONCE_BYTES: usize = 12;

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The master key is not 64 hexadecimal digits.
    #[error("the master key must be 64 hexadecimal digits")]
    MasterKey,
    /// Sealed under another key or for another place, or changed.
    #[error("a sealed value cannot be opened")]
    Sealed,
    /// The hash function refused.
    #[error("hashing failed")]
    Hash,
}

/// Seals, opens, hashes and compares.
pub struct Secrets {
    seal_key: SecretBox<[u8; 32]>,
    code_key: SecretBox<[u8; 32]>,
    /// Compared against when there is nothing to compare with, so that both take the same time.
    decoy: String,
}

impl Secrets {
    /// From the master key as 64 hexadecimal digits. Errors: [`SecretError::MasterKey`].
    pub fn new(master_hex: &str, clock: &Clock) -> Result<Self, SecretError> {
        let mut master = [0; 32];
        hex::decode_to_slice(master_hex.trim(), &mut master).map_err(|_| SecretError::MasterKey)?;
        let mut secrets = Self {
            seal_key: SecretBox::new(Box::new(mac(&master, &[b"evenkeel/portal-auth/seal/v1"])?)),
            code_key: SecretBox::new(Box::new(mac(&master, &[b"evenkeel/portal-auth/code/v1"])?)),
            decoy: String::new(),
        };
        secrets.decoy = secrets.hash(b"decoy", clock)?;
        Ok(secrets)
    }

    /// Encrypts for one place (`schema|table|row`): opening it for another fails.
    pub fn seal(&self, plain: &[u8], place: &str, clock: &Clock) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; NONCE_BYTES];
        clock.fill(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: place.as_bytes(),
        };
        let sealed = self.cipher()?.encrypt(&Nonce::from(nonce), payload);
        Ok([nonce.as_slice(), &sealed.map_err(|_| SecretError::Sealed)?].concat())
    }

    /// Undoes [`Secrets::seal`] for the same place. Errors: [`SecretError::Sealed`].
    pub fn open(&self, sealed: &[u8], place: &str) -> Result<Vec<u8>, SecretError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SecretError::Sealed)?;
        let payload = Payload {
            msg: sealed,
            aad: place.as_bytes(),
        };
        self.cipher()?
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| SecretError::Sealed)
    }

    /// Argon2id of a password or of a keyed code, as a PHC string. Takes 19 MiB and tens of milliseconds.
    pub fn hash(&self, secret: &[u8], clock: &Clock) -> Result<String, SecretError> {
        let mut salt = [0; 16];
        clock.fill(&mut salt);
        let hash = argon2()?.hash_password_with_salt(secret, &salt);
        let hash: PasswordHash = hash.map_err(|_| SecretError::Hash)?;
        Ok(hash.to_string())
    }

    /// Whether the secret is the one that was hashed; with no hash it takes as long and is never true.
    pub fn matches(&self, secret: &[u8], hash: Option<&str>) -> bool {
        let Ok(parsed) = PasswordHash::new(hash.unwrap_or(&self.decoy)) else {
            return false;
        };
        let same = argon2().is_ok_and(|argon2| argon2.verify_password(secret, &parsed).is_ok());
        same && hash.is_some()
    }

    /// A code bound to its bill and to a key that is not in the database: its million values cannot be tried offline.
    pub fn keyed_code(&self, reference: &str, code: &str) -> Result<[u8; 32], SecretError> {
        mac(
            self.code_key.expose_secret(),
            &[reference.as_bytes(), b"|", code.as_bytes()],
        )
    }

    /// What tells two short secrets apart without keeping them: a digest with a key that is not in the database.
    pub fn keyed_digest(&self, secret: &str) -> Result<[u8; 32], SecretError> {
        mac(
            self.code_key.expose_secret(),
            &[b"digest|", secret.as_bytes()],
        )
    }

    fn cipher(&self) -> Result<Aes256Gcm, SecretError> {
        Aes256Gcm::new_from_slice(self.seal_key.expose_secret()).map_err(|_| SecretError::Sealed)
    }
}

/// SHA-256 of a secret with enough random bits of its own.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares without telling by its time where the difference is.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// `bytes` random bytes as hexadecimal digits.
pub fn random_hex<const N: usize>(clock: &Clock) -> String {
    let mut bytes = [0; N];
    clock.fill(&mut bytes);
    hex::encode(bytes)
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Result<[u8; 32], SecretError> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(|_| SecretError::Hash)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

/// m = 19 MiB, t = 2, p = 1 (OWASP; reliability.md, people and keys).
fn argon2() -> Result<Argon2<'static>, SecretError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| SecretError::Hash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> (Secrets, Clock) {
        let clock = Clock::fixed("2026-03-31T12:00:00Z".parse().expect("a timestamp"));
        (
            Secrets::new(&"07".repeat(32), &clock).expect("a key"),
            clock,
        )
    }

    #[test]
    fn what_is_sealed_opens_at_its_own_place_only() {
        let (secrets, clock) = secrets();
        let sealed = secrets.seal(b"123456", "a|1", &clock).expect("seals");
        assert_eq!(secrets.open(&sealed, "a|1").expect("opens"), b"123456");
        assert!(secrets.open(&sealed, "a|2").is_err());
        let mut changed = sealed.clone();
        changed[NONCE_BYTES] ^= 1;
        assert!(secrets.open(&changed, "a|1").is_err());
        assert!(secrets.open(&sealed[..5], "a|1").is_err());
        assert!(!sealed.windows(6).any(|window| window == b"123456"));
    }

    #[test]
    fn only_the_hashed_secret_matches_and_nothing_matches_no_hash() {
        let (secrets, clock) = secrets();
        let hash = secrets.hash(b"open sesame", &clock).expect("hashes");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(secrets.matches(b"open sesame", Some(&hash)));
        assert!(!secrets.matches(b"open sesamE", Some(&hash)));
        assert!(!secrets.matches(b"decoy", None));
        assert!(!secrets.matches(b"open sesame", Some("no hash")));
    }

    #[test]
    fn a_code_is_bound_to_its_reference() {
        let (secrets, _) = secrets();
        let of = |reference| secrets.keyed_code(reference, "123456").expect("keyed");
        assert_ne!(of("K7M29QXD"), of("K7M29QXE"));
    }

    #[test]
    fn a_short_master_key_is_refused() {
        let clock = Clock::system();
        assert!(matches!(
            Secrets::new("07", &clock),
            Err(SecretError::MasterKey)
        ));
    }
}
