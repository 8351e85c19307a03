//! The codec of every server: a message that breaks a rule of its contract never reaches a handler, and neither does a
//! card number that somebody typed into a text.

use crate::free_text;
use prost::bytes::Buf as _;
use prost_protovalidate::{Error, Validator, Violation};
use prost_reflect::{ReflectMessage, Value};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic::{Code, Status};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::new);

/// Protobuf, with each received message checked against its `buf.validate` rules, also each one of a stream.
///
/// A breach is INVALID_ARGUMENT with one BadRequest field violation per rule, in words for the person who filled in
/// the form, and ErrorInfo INVALID_FIELD. A text with a card number in it is CARD_NUMBER_IN_TEXT (`free_text.rs`).
#[derive(Debug, Clone, Copy)]
pub struct ValidatingCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ValidatingCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for ValidatingCodec<T, U>
where
    T: prost::Message + Send + 'static,
    U: prost::Message + ReflectMessage + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ValidatingDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ValidatingDecoder(ProstCodec::<T, U>::default().decoder())
    }
}

/// The receiving half of [`ValidatingCodec`].
#[derive(Debug)]
pub struct ValidatingDecoder<U>(ProstDecoder<U>);

impl<U: prost::Message + ReflectMessage + Default> Decoder for ValidatingDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let whole = source.chunk().len() == source.remaining();
        let suspicious = !whole || free_text::may_have_one(source.chunk());
        let Some(message) = self.0.decode(source)? else {
            return Ok(None);
        };
        validate(&message)?;
        match suspicious.then(|| free_text::card_number_in(&message)) {
            Some(Some(field)) => Err(card_number(field)),
            Some(None) | None => Ok(Some(message)),
        }
    }
}

/// Checks one message, as the codec does for each that arrives.
///
/// # Errors
/// INVALID_ARGUMENT as told at [`ValidatingCodec`]; INTERNAL when a rule itself is wrong, which the tests of this
/// crate exclude.
pub fn validate<M: ReflectMessage>(message: &M) -> Result<(), Status> {
    match VALIDATOR.validate(message) {
        Ok(()) => Ok(()),
        Err(Error::Validation(breach)) => Err(refusal(breach.violations())),
        Err(Error::Compilation(_) | Error::Runtime(_)) => Err(Status::internal(
            "a rule of this message's contract cannot be checked",
        )),
        // The crate's error is non-exhaustive.
        Err(_) => Err(Status::internal("this message cannot be checked")),
    }
}

/// INVALID_ARGUMENT, CARD_NUMBER_IN_TEXT, the field named. The text is left out.
fn card_number(field: String) -> Status {
    let message = format!("{field} must not contain a card number");
    let mut details =
        ErrorDetails::with_error_info("CARD_NUMBER_IN_TEXT", "evenkeel", HashMap::new());
    let violation = FieldViolation::new(field, "must not contain a card number");
    details.set_bad_request(vec![violation]);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

fn refusal(violations: &[Violation]) -> Status {
    let fields: Vec<FieldViolation> = violations
        .iter()
        .map(|violation| FieldViolation::new(violation.field_path(), text(violation)))
        .collect();
    let message = fields
        .iter()
        .map(|field| {
            format!("{} {}", field.field, field.description)
                .trim_start()
                .to_owned()
        })
        .collect::<Vec<_>>()
        .join("; ");
    let mut details = ErrorDetails::with_error_info("INVALID_FIELD", "evenkeel", HashMap::new());
    details.set_bad_request(fields);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// What a person needs to know to fill in the field rightly; it follows the field's name in a sentence.
fn text(violation: &Violation) -> String {
    let bound = violation.rule_value().map(shown).unwrap_or_default();
    let one = bound == "1";
    match violation.rule_id() {
        "required" => "must be given".to_owned(),
        "string.min_len" | "bytes.min_len" | "string.min_bytes" if one => {
            "must not be empty".to_owned()
        }
        "string.min_len" => format!("must have at least {bound} characters"),
        "string.max_len" => format!("must have at most {bound} characters"),
        "string.len" => format!("must have exactly {bound} characters"),
        "string.max_bytes" | "bytes.max_len" => format!("must have at most {bound} bytes"),
        "string.pattern" => format!("must have the form {bound}"),
        "string.email" | "string.email_empty" => "must be an e-mail address".to_owned(),
        "string.uuid" | "string.uuid_empty" => "must be a UUID".to_owned(),
        "string.uri" | "string.uri_empty" => "must be a web address".to_owned(),
        "repeated.min_items" if one => "must have at least one item".to_owned(),
        "repeated.min_items" => format!("must have at least {bound} items"),
        "repeated.max_items" => format!("must have at most {bound} items"),
        "repeated.unique" => "must not name anything twice".to_owned(),
        "enum.defined_only" => "must be one of the named values".to_owned(),
        "enum.not_in" => "must be chosen".to_owned(),
        other => by_kind(other, &bound, violation.message()),
    }
}

/// Rules that many types share, `int32.gte` and `int64.gte`; and, at last, the library's own words.
fn by_kind(rule: &str, bound: &str, message: &str) -> String {
    match rule.rsplit('.').next().unwrap_or_default() {
        "gt" => format!("must be greater than {bound}"),
        "gte" => format!("must be at least {bound}"),
        "lt" => format!("must be less than {bound}"),
        "lte" => format!("must be at most {bound}"),
        "in" => format!("must be one of {bound}"),
        "const" => format!("must be {bound}"),
        _ if message.is_empty() => format!("breaks the rule {rule}"),
        _ => message.strip_prefix("value ").unwrap_or(message).to_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::I32(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::U32(number) => number.to_string(),
        Value::U64(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::List(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::validate;
    use crate::feed::v1::{Position, SubscribeRequest};
    use tonic::Code;
    use tonic_types::StatusExt as _;

    fn fields(status: &tonic::Status) -> Vec<(String, String)> {
        let bad = status.get_details_bad_request().expect("BadRequest");
        bad.field_violations
            .into_iter()
            .map(|field| (field.field, field.description))
            .collect()
    }

    #[test]
    fn every_broken_field_is_named_with_words_that_help() {
        let request = SubscribeRequest {
            bucket_count: 8,
            bucket: -1,
            after: vec![Position {
                practice_id: String::new(),
                sequence: 0,
            }],
        };
        let status = validate(&request).expect_err("two rules are broken");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(
            fields(&status),
            [
                ("bucket".to_owned(), "must be at least 0".to_owned()),
                (
                    "after[0].practice_id".to_owned(),
                    "must not be empty".to_owned()
                ),
            ]
        );
        let info = status.get_details_error_info().expect("ErrorInfo");
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("INVALID_FIELD", "evenkeel")
        );
    }

    #[test]
    fn a_message_within_its_rules_passes() {
        let request = SubscribeRequest {
            bucket_count: 1,
            bucket: 0,
            after: Vec::new(),
        };
        assert!(validate(&request).is_ok());
    }

    #[test]
    fn the_rules_of_every_contract_can_be_checked() {
        for descriptor in crate::DESCRIPTOR_POOL.all_messages() {
            if !descriptor.full_name().starts_with("evenkeel.") {
                continue;
            }
            let name = descriptor.full_name().to_owned();
            let message = prost_reflect::DynamicMessage::new(descriptor);
            if let Err(status) = validate(&message) {
                assert_eq!(
                    status.code(),
                    Code::InvalidArgument,
                    "{name}: {}",
                    status.message()
                );
            }
        }
    }
}
