use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The `Stripe-Signature` of a body: `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body" under the secret>`.
pub fn sign(secret: &str, time: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of every length")
    };
    mac.update(time.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf '1614556800.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`.
    #[test]
    fn a_known_signature() {
        let expected =
            "t=1614556800,v1=e326b9127f526dab808bd39e79a44ab61b0dc0517386b06a7abf563ce203409b";
        assert_eq!(
            sign("whsec_test", 1_614_556_800, br#"{"id":"evt_1"}"#),
            expected
        );
    }
}
