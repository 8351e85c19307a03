//! People paste card numbers into any field that takes a text. They are kept nowhere: a request that may change something
//! and that people or their programs send is refused when a text in it has one, whatever the handler does with it.
//!
//! Streams are left to their handlers, which refuse the one item; fields that cannot hold a text are left out.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, ReflectMessage, Value,
};
use std::collections::HashSet;
use std::sync::LazyLock;

/// `idempotency_level` as descriptor.proto numbers it.
const NO_SIDE_EFFECTS: i32 = 1;
/// Card numbers have at least so many digits.
const DIGITS_MIN: usize = 13;

/// Requests that are looked at, by full name.
static WATCHED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let services = crate::DESCRIPTOR_POOL.services().collect::<Vec<_>>();
    let methods = services.iter().flat_map(|service| service.methods());
    methods
        .filter(is_watched)
        .map(|method| method.input().full_name().to_owned())
        .collect()
});

/// The path of the first text with a card number in a request that may change something; none in most.
pub(crate) fn card_number_in<M: ReflectMessage>(message: &M) -> Option<String> {
    if !WATCHED.contains(message.descriptor().full_name()) {
        return None;
    }
    in_message(&message.transcode_to_dynamic())
}

/// Whether the encoded message has digits enough: a text stands in it as it is. Most messages have not.
pub(crate) fn may_have_one(encoded: &[u8]) -> bool {
    let mut digits = 0;
    encoded.iter().any(|byte| {
        match byte {
            byte if byte.is_ascii_digit() => digits += 1,
            b' ' | b'-' => {}
            _other => digits = 0,
        }
        digits >= DIGITS_MIN
    })
}

/// Whether people or programs send it, one message at a time, and it may change something.
fn is_watched(method: &MethodDescriptor) -> bool {
    let options = method.options();
    let level = options
        .get_field_by_name("idempotency_level")
        .and_then(|level| level.as_enum_number());
    level != Some(NO_SIDE_EFFECTS) && !method.is_client_streaming() && is_public(&options)
}

fn is_public(options: &DynamicMessage) -> bool {
    let Some(option) = crate::DESCRIPTOR_POOL.get_extension_by_name("evenkeel.policy.v1.access")
    else {
        return false;
    };
    let said = options.get_extension(&option);
    let Value::Message(access) = said.as_ref() else {
        return false;
    };
    let has = |field: &str| {
        access
            .get_field_by_name(field)
            .is_some_and(|value| match value.as_ref() {
                Value::List(items) => !items.is_empty(),
                Value::Bool(said) => *said,
                _other => false,
            })
    };
    has("roles") || has("anyone")
}

fn in_message(message: &DynamicMessage) -> Option<String> {
    message.fields().find_map(|(field, value)| {
        let found = in_value(&field, value)?;
        Some(format!("{}{found}", field.name()))
    })
}

/// What stands behind the field's name in the path.
fn in_value(field: &FieldDescriptor, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if is_free_text(field) => has_card_number(text).then(String::new),
        Value::Message(message) => in_message(message).map(|found| format!(".{found}")),
        Value::List(items) => (0..).zip(items).find_map(|(at, item): (usize, _)| {
            in_value(field, item).map(|found| format!("[{at}]{found}"))
        }),
        Value::Map(entries) => entries
            .values()
            .find_map(|entry| in_value(field, entry))
            .map(|found| format!("[]{found}")),
        _no_text => None,
    }
}

fn has_card_number(text: &str) -> bool {
    matches!(telemetry::redacted(text), std::borrow::Cow::Owned(_))
}

/// Whether a person may type into the field: its rules ask for no form, and it is no id, secret or telephone number.
fn is_free_text(field: &FieldDescriptor) -> bool {
    let name = field.name();
    let named_otherwise = [
        "_id", "_ids", "password", "token", "secret", "etag", "phone",
    ]
    .iter()
    .any(|end| name.ends_with(end));
    field.kind() == Kind::String && !named_otherwise && !has_form(field)
}

/// A rule that a card number cannot keep.
fn has_form(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let Some(rules) = crate::DESCRIPTOR_POOL.get_extension_by_name("buf.validate.field") else {
        return false;
    };
    let said = options.get_extension(&rules);
    let Value::Message(rules) = said.as_ref() else {
        return false;
    };
    let string = match rules.get_field_by_name("repeated") {
        Some(repeated) if field.is_list() => {
            inner(repeated.as_ref(), "items").and_then(|items| inner(&items, "string"))
        }
        Some(_) | None => inner(said.as_ref(), "string"),
    };
    let Some(Value::Message(string)) = string else {
        return false;
    };
    ["pattern", "uuid", "const", "in"]
        .iter()
        .any(|rule| string.has_field_by_name(rule))
}

fn inner(value: &Value, name: &str) -> Option<Value> {
    let Value::Message(message) = value else {
        return None;
    };
    message
        .has_field_by_name(name)
        .then(|| message.get_field_by_name(name))?
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::{WATCHED, card_number_in, is_free_text, may_have_one};
    use prost_reflect::prost::Message as _;
    use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

    const TEXT: &str = "please use 4242 4242 4242 4242, thanks";

    /// The texts of a message that a person may type, as paths to set and to name.
    fn texts(message: &MessageDescriptor, above: &[FieldDescriptor]) -> Vec<Vec<FieldDescriptor>> {
        let fields = message.fields().filter(|field| !above.contains(field));
        let paths = fields.flat_map(|field| {
            let mut path = above.to_vec();
            path.push(field.clone());
            match field.kind() {
                Kind::Message(inner) => texts(&inner, &path),
                _text if is_free_text(&field) => vec![path],
                _other => Vec::new(),
            }
        });
        paths.collect()
    }

    /// A message with the text at the path, and nothing else.
    fn with_text(
        message: &MessageDescriptor,
        path: &[FieldDescriptor],
        text: &str,
    ) -> DynamicMessage {
        let (field, rest) = path.split_first().expect("a path");
        let value = match field.kind() {
            Kind::Message(inner) => Value::Message(with_text(&inner, rest, text)),
            _text => Value::String(text.to_owned()),
        };
        let value = if field.is_list() {
            Value::List(vec![value])
        } else {
            value
        };
        let mut made = DynamicMessage::new(message.clone());
        made.set_field(field, value);
        made
    }

    fn shown(path: &[FieldDescriptor]) -> String {
        let parts = path.iter().map(|field| match field.is_list() {
            true => format!("{}[0]", field.name()),
            false => field.name().to_owned(),
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn watched() -> impl Iterator<Item = MessageDescriptor> {
        let mut names: Vec<_> = WATCHED.iter().collect();
        names.sort();
        names.into_iter().map(|name| {
            crate::DESCRIPTOR_POOL
                .get_message_by_name(name)
                .expect("a request")
        })
    }

    #[test]
    fn r19_every_text_of_every_request_that_changes_something_refuses_a_card_number() {
        let mut count = 0;
        for request in watched() {
            for path in texts(&request, &[]) {
                let name = format!("{}: {}", request.full_name(), shown(&path));
                let message = with_text(&request, &path, TEXT);
                assert!(may_have_one(&message.encode_to_vec()), "{name}");
                assert_eq!(card_number_in(&message), Some(shown(&path)), "{name}");
                let other = with_text(&request, &path, "4242 4242 4242 4241 and 2026-11-21");
                assert_eq!(card_number_in(&other), None, "{name}");
                count += 1;
            }
        }
        assert!(count > 60, "{count} texts");
    }

    #[test]
    fn names_notes_and_references_are_texts_and_ids_passwords_and_forms_are_none() {
        let all: Vec<String> = watched()
            .flat_map(|request| {
                let paths = texts(&request, &[]);
                let name = request.name().to_owned();
                paths
                    .into_iter()
                    .map(move |path| format!("{name}.{}", shown(&path)))
            })
            .collect();
        for text in [
            "RecordPaymentRequest.note",
            "RefundPaymentRequest.reason",
            "AddClientRequest.client.family_name",
            "AddClientRequest.client.address.lines[0]",
        ] {
            assert!(all.iter().any(|known| known == text), "{text}: {all:#?}");
        }
        for other in [
            "RecordPaymentRequest.request_id",
            "RecordPaymentRequest.client_id",
            "PayBillRequest.processor_method",
            "SignInStaffRequest.password",
        ] {
            assert!(all.iter().all(|known| known != other), "{other}");
        }
        assert!(!WATCHED.contains("evenkeel.billing.v1.ListClientsRequest"));
        assert!(!WATCHED.contains("evenkeel.billing.v1.PostPaymentRequest"));
    }

    #[test]
    fn a_message_with_few_digits_is_not_looked_at() {
        assert!(!may_have_one(b"Invoice 123456789012, and 4242"));
        assert!(may_have_one(b"\x0a\x104242-4242-4242-4242"));
    }
}
