//! The plan's values as the contracts write them.

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::{Currency, Money};

/// An amount as the contracts write it.
pub fn money(amount: Money) -> proto::money::v1::Money {
    proto::money::v1::Money {
        currency_code: amount.currency().code().to_owned(),
        minor_units: amount.minor(),
    }
}

/// An amount that an answer must have.
///
/// # Errors
/// It is absent or in no known currency.
pub fn amount(money: Option<&proto::money::v1::Money>) -> Result<Money> {
    let money = money.context("the answer lacks an amount")?;
    let currency: Currency = money
        .currency_code
        .parse()
        .context("the answer's currency")?;
    Ok(Money::from_minor(money.minor_units, currency))
}

/// An instant as the contracts write it.
pub fn time(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: instant.as_second(),
        nanos: instant.subsec_nanosecond(),
    }
}

/// A day as the contracts write it.
pub fn date(day: Date) -> proto::google::r#type::Date {
    proto::google::r#type::Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    }
}

/// The local day of an instant.
pub fn local_day(instant: Timestamp, zone: &TimeZone) -> Date {
    instant.to_zoned(zone.clone()).date()
}

/// A day that an answer must have.
///
/// # Errors
/// It is absent or no day.
pub fn day(date: Option<&proto::google::r#type::Date>) -> Result<Date> {
    let date = date.context("the answer lacks a date")?;
    Ok(Date::new(
        date.year.try_into()?,
        date.month.try_into()?,
        date.day.try_into()?,
    )?)
}
