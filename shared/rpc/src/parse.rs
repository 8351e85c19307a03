//! From a request's fields to values of the domain. Each function names the field in its error.
//!
//! `use rpc::parse;` brings the function [`parse()`] for typed texts and this module for the rest:
//! `parse::<BillId>(&request.bill_id, "bill_id")?`, `parse::positive(request.amount, "amount")?`.

use crate::fault::{Details, Fault, status};
use jiff::civil;
use money::{Currency, Money};
use std::fmt::Display;
use std::str::FromStr;
use tonic::{Code, Status};
use uuid::Uuid;

/// A field that is wrong: INVALID_ARGUMENT, INVALID_FIELD, the field named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {must}")]
pub struct Invalid {
    /// Its path in the request: `lines[2].fee`.
    pub field: String,
    /// What it must be, to follow the field in a sentence: "must be greater than 0".
    pub must: String,
}

impl Invalid {
    /// `must` follows the field's name in a sentence: "must be greater than 0".
    pub fn new(field: impl Into<String>, must: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            must: must.into(),
        }
    }
}

impl Fault for Invalid {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn reason(&self) -> &'static str {
        "INVALID_FIELD"
    }

    fn details(&self) -> Details {
        Details::default().field(&self.field, &self.must)
    }
}

impl From<Invalid> for Status {
    fn from(invalid: Invalid) -> Self {
        status(&invalid)
    }
}

/// A typed text: an id, a decimal, a code.
///
/// # Errors
/// The field, with what the type's own error says.
pub fn parse<T>(text: &str, field: &str) -> Result<T, Invalid>
where
    T: FromStr<Err: Display>,
{
    if text.is_empty() {
        return Err(Invalid::new(field, "must be given"));
    }
    text.parse()
        .map_err(|error| Invalid::new(field, format!("is wrong: {error}")))
}

/// The same for a field that may be left out: empty is `None`.
///
/// # Errors
/// As [`parse()`].
pub fn optional<T>(text: &str, field: &str) -> Result<Option<T>, Invalid>
where
    T: FromStr<Err: Display>,
{
    if text.is_empty() {
        return Ok(None);
    }
    parse(text, field).map(Some)
}

/// The `request_id` of a mutation.
///
/// # Errors
/// Not a UUID.
pub fn request_id(text: &str) -> Result<Uuid, Invalid> {
    Uuid::parse_str(text).map_err(|_| Invalid::new("request_id", "must be a UUID"))
}

/// A message that must be there.
///
/// # Errors
/// It is not.
pub fn required<M>(message: Option<M>, field: &str) -> Result<M, Invalid> {
    message.ok_or_else(|| Invalid::new(field, "must be given"))
}

/// An amount of any sign.
///
/// # Errors
/// Absent, or in a currency that does not exist.
pub fn amount(wire: Option<proto::money::v1::Money>, field: &str) -> Result<Money, Invalid> {
    let wire = required(wire, field)?;
    let currency: Currency = wire.currency_code.parse().map_err(|_| {
        Invalid::new(
            format!("{field}.currency_code"),
            "must be an ISO 4217 currency code in upper case",
        )
    })?;
    Ok(Money::from_minor(wire.minor_units, currency))
}

/// An amount above 0.
///
/// # Errors
/// As [`amount`], or 0 or less.
pub fn positive(wire: Option<proto::money::v1::Money>, field: &str) -> Result<Money, Invalid> {
    let money = amount(wire, field)?;
    if money.minor() <= 0 {
        return Err(Invalid::new(field, "must be greater than 0"));
    }
    Ok(money)
}

/// An amount of 0 or more.
///
/// # Errors
/// As [`amount`], or less than 0.
pub fn non_negative(wire: Option<proto::money::v1::Money>, field: &str) -> Result<Money, Invalid> {
    let money = amount(wire, field)?;
    if money.minor() < 0 {
        return Err(Invalid::new(field, "must not be negative"));
    }
    Ok(money)
}

/// A business date: a whole one, not only a month or a year.
///
/// # Errors
/// Absent, or no day of the calendar.
pub fn date(
    wire: Option<proto::google::r#type::Date>,
    field: &str,
) -> Result<civil::Date, Invalid> {
    let wire = required(wire, field)?;
    let part = |number: i32| i8::try_from(number).ok();
    i16::try_from(wire.year)
        .ok()
        .filter(|year| *year >= 1)
        .zip(part(wire.month))
        .zip(part(wire.day))
        .and_then(|((year, month), day)| civil::Date::new(year, month, day).ok())
        .ok_or_else(|| Invalid::new(field, "must be a day of the calendar"))
}

/// An instant, truncated to microseconds as the database keeps it.
///
/// # Errors
/// Absent, or outside the years 1 to 9999.
pub fn time(wire: Option<prost_types::Timestamp>, field: &str) -> Result<jiff::Timestamp, Invalid> {
    let wire = required(wire, field)?;
    let micros = wire.nanos - wire.nanos % 1_000;
    Some(wire.seconds)
        .filter(|_| (0..1_000_000_000).contains(&wire.nanos))
        .and_then(|seconds| jiff::Timestamp::new(seconds, micros).ok())
        .ok_or_else(|| {
            Invalid::new(
                field,
                "must be a point in time between the years 1 and 9999",
            )
        })
}

/// How many items a page has: 0 asks for 50, more than 500 gets 500.
///
/// # Errors
/// Negative.
pub fn page_size(asked: i32) -> Result<u16, Invalid> {
    match u16::try_from(asked) {
        Ok(0) => Ok(50),
        Ok(size) => Ok(size.min(500)),
        Err(_) if asked > 0 => Ok(500),
        Err(_) => Err(Invalid::new("page_size", "must not be negative")),
    }
}

#[cfg(test)]
mod tests {
    use super::{date, page_size, parse, positive, time};
    use ids::BillId;
    use proto::google::r#type::Date;
    use tonic_types::StatusExt as _;

    #[test]
    fn a_wrong_field_is_named_in_bad_request() {
        let invalid = parse::<BillId>("cli_01j", "bill_id").expect_err("another prefix");
        let status = tonic::Status::from(invalid);
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let bad = status.get_details_bad_request().expect("BadRequest");
        assert_eq!(bad.field_violations[0].field, "bill_id");
    }

    #[test]
    fn an_amount_must_be_positive_and_in_a_real_currency() {
        let wire = |code: &str, minor_units| {
            Some(proto::money::v1::Money {
                currency_code: code.to_owned(),
                minor_units,
            })
        };
        assert_eq!(
            positive(wire("USD", 1), "amount").expect("a cent").minor(),
            1
        );
        assert_eq!(
            positive(wire("USD", 0), "amount").expect_err("zero").field,
            "amount"
        );
        let currency = positive(wire("ZZZ", 1), "amount").expect_err("no such currency");
        assert_eq!(currency.field, "amount.currency_code");
        assert!(positive(None, "amount").is_err());
    }

    #[test]
    fn dates_that_are_no_days_are_refused() {
        let wire = |year, month, day| Some(Date { year, month, day });
        assert!(date(wire(2026, 2, 28), "due_date").is_ok());
        for (year, month, day) in [
            (2026, 2, 29),
            (2026, 0, 0),
            (2026, 11, 0),
            (0, 1, 1),
            (99_999, 1, 1),
            (2026, 300, 1),
        ] {
            assert!(
                date(wire(year, month, day), "due_date").is_err(),
                "{year}-{month}-{day}"
            );
        }
    }

    #[test]
    fn times_are_truncated_to_microseconds() {
        let wire = |seconds, nanos| Some(prost_types::Timestamp { seconds, nanos });
        let parsed = time(wire(1, 1_999), "at").expect("a time");
        assert_eq!(parsed.subsec_nanosecond(), 1_000);
        assert!(time(wire(i64::MAX, 0), "at").is_err());
        assert!(time(wire(0, -1), "at").is_err());
    }

    #[test]
    fn pages_have_fifty_items_unless_asked_and_at_most_five_hundred() {
        assert_eq!(page_size(0), Ok(50));
        assert_eq!(page_size(7), Ok(7));
        assert_eq!(page_size(i32::MAX), Ok(500));
        assert!(page_size(-1).is_err());
    }
}
