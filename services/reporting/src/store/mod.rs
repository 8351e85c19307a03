//! SQL as free functions, one file per projection; what events add to several of them is in `booked`.
//!
//! Locks are taken in this order, everywhere: the feed's lease → its cursor → projections. One consumer writes a
//! practice's projections at a time, so their own order does not matter.

pub mod account_totals;
pub mod booked;
pub mod payments;
pub mod projections;
pub mod refunds;
pub mod revenue_days;

use crate::{Error, Result};
use money::{Currency, Money};

/// An amount as a row keeps it.
fn amount(minor: i64, currency: &str) -> Result<Money> {
    let currency: Currency = currency
        .parse()
        .map_err(|_| Error::Stored("a currency code"))?;
    Ok(Money::from_minor(minor, currency))
}
