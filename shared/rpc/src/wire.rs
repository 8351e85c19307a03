//! From values of the domain to a response's fields; the way back is [`crate::parse`](mod@crate::parse).

use jiff::civil;
use money::Money;

/// An amount.
#[must_use]
pub fn money(money: Money) -> proto::money::v1::Money {
    proto::money::v1::Money {
        currency_code: money.currency().code().to_owned(),
        minor_units: money.minor(),
    }
}

/// A business date.
#[must_use]
pub fn date(date: civil::Date) -> proto::google::r#type::Date {
    proto::google::r#type::Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// An instant.
#[must_use]
pub fn time(time: jiff::Timestamp) -> prost_types::Timestamp {
    // jiff gives both parts one sign; protobuf counts nanoseconds forward only.
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp {
            seconds: seconds - 1,
            nanos: nanos + 1_000_000_000,
        }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}
