use jiff::Timestamp;
use serde::Deserialize;

use crate::object_id::is_object_id;

const KIND_BYTES_MAX: usize = 128;

/// What a webhook says, as far as it is believed: that something happened to an object. What it
/// looks like now is asked of the processor, so that neither order nor version of webhooks matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `evt_…`; the same for every delivery of the event.
    pub id: String,
    /// What happened: `payment_intent.succeeded`.
    pub kind: String,
    /// When it happened, by the processor's clock.
    pub created: Timestamp,
    /// The connected account it happened in, `acct_…`; none for our own.
    pub account: Option<String>,
    /// Whether real money is meant.
    pub livemode: bool,
    /// Type of the object: `payment_intent`, `refund`.
    pub object_kind: String,
    /// The object, `pi_…`; none for the few without an id (`balance`).
    pub object_id: Option<String>,
}

/// Why a body is no event. The body is left out: it is only logged by its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON with an event's fields.
    #[error("the body is not an event")]
    Malformed,
    /// An id or a type that Stripe would not write.
    #[error("the event has an id or type of an unknown form")]
    Form,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    object: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    account: Option<String>,
    livemode: bool,
    #[serde(rename = "data")]
    about: About,
}

#[derive(Deserialize)]
struct About {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    object: String,
}

impl Envelope {
    /// Reads the envelope of a body whose signature has been verified.
    pub fn parse(body: &[u8]) -> Result<Self, EnvelopeError> {
        let event: Event = serde_json::from_slice(body).map_err(|_| EnvelopeError::Malformed)?;
        let created =
            Timestamp::from_second(event.created).map_err(|_| EnvelopeError::Malformed)?;
        if event.object != "event" {
            return Err(EnvelopeError::Malformed);
        }
        let object = event.about.object;
        let ids = [Some(&event.id), event.account.as_ref(), object.id.as_ref()];
        let kinds = [&event.kind, &object.object];
        if ids.into_iter().flatten().all(|id| is_object_id(id))
            && kinds.into_iter().all(|kind| is_kind(kind))
        {
            Ok(Self {
                id: event.id,
                kind: event.kind,
                created,
                account: event.account,
                livemode: event.livemode,
                object_kind: object.object,
                object_id: object.id,
            })
        } else {
            Err(EnvelopeError::Form)
        }
    }
}

fn is_kind(kind: &str) -> bool {
    let known = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_')
    };
    (1..=KIND_BYTES_MAX).contains(&kind.len()) && kind.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENT: &str = r#"{
        "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy", "object": "event", "api_version": "2019-02-19",
        "created": 1686089970, "livemode": false, "pending_webhooks": 0, "account": "acct_1",
        "request": {"id": null, "idempotency_key": null}, "type": "payment_intent.succeeded",
        "data": {"object": {"id": "pi_1", "object": "payment_intent", "amount": 4000, "charges": [[["x"]]]},
                 "previous_attributes": {"status": "processing"}}
    }"#;

    #[test]
    fn the_envelope_says_what_happened_to_which_object() {
        let envelope = Envelope::parse(EVENT.as_bytes()).expect("an event");
        assert_eq!(envelope.id, "evt_1NG8Du2eZvKYlo2CUI79vXWy");
        assert_eq!(envelope.kind, "payment_intent.succeeded");
        assert_eq!(envelope.created.as_second(), 1_686_089_970);
        assert_eq!(envelope.account.as_deref(), Some("acct_1"));
        assert!(!envelope.livemode);
        assert_eq!(envelope.object_kind, "payment_intent");
        assert_eq!(envelope.object_id.as_deref(), Some("pi_1"));
    }

    #[test]
    fn an_object_without_an_id_is_possible() {
        let balance = EVENT.replace(
            r#""id": "pi_1", "object": "payment_intent""#,
            r#""object": "balance""#,
        );
        assert_eq!(
            Envelope::parse(balance.as_bytes())
                .expect("an event")
                .object_id,
            None
        );
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "{\"id\":\"evt_1\"}",
            &EVENT[..200],
            &"[".repeat(100_000),
        ] {
            assert_eq!(
                Envelope::parse(body.as_bytes()),
                Err(EnvelopeError::Malformed)
            );
        }
        let other = EVENT.replace(r#""object": "event""#, r#""object": "v2.core.event""#);
        assert_eq!(
            Envelope::parse(other.as_bytes()),
            Err(EnvelopeError::Malformed)
        );
        for (from, to) in [
            ("\"pi_1\"", "\"pi_1/../x\""),
            ("evt_1NG8", "evt 1"),
            ("acct_1", ""),
            ("intent.succ", "intent\\n"),
        ] {
            assert_eq!(
                Envelope::parse(EVENT.replace(from, to).as_bytes()),
                Err(EnvelopeError::Form),
                "{to}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body: Vec<u8>) {
            let _ = Envelope::parse(&body);
        }
    }
}
