use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far a webhook's time may be from ours.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

const HEADER_BYTES_MAX: usize = 4_096;
const SIGNATURES_MAX: usize = 16;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is not `t=…,v1=…`.
    #[error("the Stripe-Signature header is malformed")]
    Malformed,
    /// No secret of ours made any of its signatures: forged, changed on the way, or meant for
    /// another endpoint.
    #[error("the signature is not ours")]
    Mismatch,
    /// Truly Stripe's, but from more than [`TOLERANCE`] ago or ahead: perhaps replayed.
    #[error("the webhook was signed too long ago")]
    Stale,
}

/// Checks the `Stripe-Signature` `header` over the raw `body`, and returns when it was signed. Any
/// of `secrets` may have made it: there are two while one is being replaced. Takes the same time
/// whichever byte is wrong.
pub fn verify_signature(
    secrets: &[SecretString],
    header: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Timestamp, SignatureError> {
    let signed = Signed::parse(header)?;
    let matches = secrets.iter().any(|secret| signed.made_with(secret, body));
    if !matches {
        return Err(SignatureError::Mismatch);
    }
    if now.duration_since(signed.at).abs() > TOLERANCE {
        return Err(SignatureError::Stale);
    }
    Ok(signed.at)
}

/// `t=<seconds>,v1=<hex>,v1=<hex>,v0=…`; other schemes are older or newer and prove nothing to us.
struct Signed<'header> {
    seconds: &'header str,
    at: Timestamp,
    signatures: Vec<Vec<u8>>,
}

impl<'header> Signed<'header> {
    fn parse(header: &'header str) -> Result<Self, SignatureError> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(SignatureError::Malformed);
        }
        let mut seconds = None;
        let mut signatures = Vec::new();
        for item in header.split(',') {
            match item.trim().split_once('=') {
                Some(("t", value)) if seconds.is_none() => seconds = Some(value),
                Some(("t", _)) | None => return Err(SignatureError::Malformed),
                Some(("v1", value)) => {
                    signatures.push(hex::decode(value).map_err(|_| SignatureError::Malformed)?)
                }
                Some((_, _)) => {}
            }
        }
        let seconds = seconds.ok_or(SignatureError::Malformed)?;
        if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
            return Err(SignatureError::Malformed);
        }
        let at = seconds
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        Ok(Self {
            seconds,
            at: at.ok_or(SignatureError::Malformed)?,
            signatures,
        })
    }

    fn made_with(&self, secret: &SecretString, body: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
            return false;
        };
        mac.update(self.seconds.as_bytes());
        mac.update(b".");
        mac.update(body);
        self.signatures
            .iter()
            .any(|signature| mac.clone().verify_slice(signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIGNED_AT: i64 = 1_492_774_577;
    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    fn header(secret: &str) -> String {
        format!("t={SIGNED_AT},v1={}", sign(secret, SIGNED_AT, BODY))
    }

    fn verify(secrets: &[&str], header: &str, body: &[u8]) -> Result<Timestamp, SignatureError> {
        let secrets: Vec<SecretString> = secrets.iter().copied().map(secret).collect();
        verify_signature(&secrets, header, body, at(SIGNED_AT + 1))
    }

    /// Computed apart from this program: `printf '%s' '1492774577.{"id":"evt_1","object":"event"}'
    /// | openssl dgst -sha256 -hmac whsec_test_secret`.
    #[test]
    fn a_signature_made_elsewhere_is_believed() {
        let header = "t=1492774577,v1=654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543,v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39";
        assert_eq!(
            verify(&["whsec_test_secret"], header, BODY),
            Ok(at(SIGNED_AT))
        );
    }

    #[test]
    fn f35_while_a_secret_is_being_replaced_both_are_believed() {
        assert!(verify(&["new", "old"], &header("old"), BODY).is_ok());
        assert!(verify(&["new", "old"], &header("new"), BODY).is_ok());
        let both = format!(
            "t={SIGNED_AT},v1={},v1={}",
            sign("gone", SIGNED_AT, BODY),
            sign("old", SIGNED_AT, BODY)
        );
        assert!(verify(&["new", "old"], &both, BODY).is_ok());
        assert_eq!(
            verify(&["new"], &header("old"), BODY),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            verify(&[], &header("old"), BODY),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn f04_a_body_written_anew_or_another_time_is_not_believed() {
        assert_eq!(
            verify(&["s"], &header("s"), br#"{"id": "evt_1","object":"event"}"#),
            Err(SignatureError::Mismatch)
        );
        let moved = format!("t={},v1={}", SIGNED_AT + 1, sign("s", SIGNED_AT, BODY));
        assert_eq!(verify(&["s"], &moved, BODY), Err(SignatureError::Mismatch));
        let cut = format!("t={SIGNED_AT},v1={}", &sign("s", SIGNED_AT, BODY)[..62]);
        assert_eq!(verify(&["s"], &cut, BODY), Err(SignatureError::Mismatch));
    }

    #[test]
    fn f04_a_replayed_webhook_is_stale_after_five_minutes() {
        let secrets = [secret("s")];
        for (now, expected) in [
            (SIGNED_AT + 300, Ok(at(SIGNED_AT))),
            (SIGNED_AT + 301, Err(SignatureError::Stale)),
            (SIGNED_AT - 300, Ok(at(SIGNED_AT))),
            (SIGNED_AT - 301, Err(SignatureError::Stale)),
        ] {
            assert_eq!(
                verify_signature(&secrets, &header("s"), BODY, at(now)),
                expected
            );
        }
    }

    #[test]
    fn a_header_of_another_form_is_malformed() {
        let signature = sign("s", SIGNED_AT, BODY);
        for header in [
            String::new(),
            "t=1".into(),
            format!("v1={signature}"),
            format!("t={SIGNED_AT},v0={signature}"),
            format!("t={SIGNED_AT},t={SIGNED_AT},v1={signature}"),
            format!("t=soon,v1={signature}"),
            format!("t=99999999999999999,v1={signature}"),
            format!("t={SIGNED_AT},v1=xyz"),
            format!("t={SIGNED_AT},v1={signature},nonsense"),
            format!("t={SIGNED_AT}{}", format!(",v1={signature}").repeat(17)),
            "x".repeat(5_000),
        ] {
            assert_eq!(
                verify(&["s"], &header, BODY),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic_or_believe(header in "\\PC*", body: Vec<u8>) {
            prop_assert!(verify(&["s"], &header, &body).is_err());
        }

        #[test]
        fn what_was_signed_is_believed_whatever_its_bytes(body: Vec<u8>) {
            let header = format!("t={SIGNED_AT},v1={}", sign("s", SIGNED_AT, &body));
            prop_assert!(verify(&["s"], &header, &body).is_ok());
        }
    }
}
