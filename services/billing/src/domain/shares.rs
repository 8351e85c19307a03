//! Who owes what of a line.

use money::{Money, MoneyError};

/// Who answers for what a line costs, unless the line says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responsibility {
    /// The client, or the client's billing contact.
    Client,
    /// The insurer of the bill's policy.
    Insurance,
}

/// A price divided between client and insurance; the parts sum to the price and neither is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// What the client owes.
    pub client: Money,
    /// What insurance owes.
    pub insurance: Money,
}

/// Why a price cannot be divided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Insurance would owe more than the price.
    #[error("the insurance share is more than the price")]
    ExceedsPrice,
    /// Two currencies, or too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Shares {
    /// The shares of a price: insurance owes what is said, or all or nothing as the responsibility says.
    ///
    /// # Errors
    /// See [`ShareError`].
    pub fn of(
        price: Money,
        insurance: Option<Money>,
        responsibility: Responsibility,
    ) -> Result<Self, ShareError> {
        let insurance = insurance.unwrap_or(match responsibility {
            Responsibility::Client => Money::zero(price.currency()),
            Responsibility::Insurance => price,
        });
        let client = price.minus(insurance)?;
        if client.is_negative() {
            return Err(ShareError::ExceedsPrice);
        }
        Ok(Self { client, insurance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    #[test]
    fn the_client_owes_what_insurance_does_not() {
        let shares = Shares::of(usd(15_000), Some(usd(11_000)), Responsibility::Client);
        assert_eq!(
            shares,
            Ok(Shares {
                client: usd(4_000),
                insurance: usd(11_000)
            })
        );
    }

    #[test]
    fn without_a_word_the_responsibility_decides() {
        let by_client = Shares::of(usd(150), None, Responsibility::Client);
        assert_eq!(
            by_client,
            Ok(Shares {
                client: usd(150),
                insurance: usd(0)
            })
        );
        let by_insurance = Shares::of(usd(150), None, Responsibility::Insurance);
        assert_eq!(
            by_insurance,
            Ok(Shares {
                client: usd(0),
                insurance: usd(150)
            })
        );
    }

    #[test]
    fn insurance_never_owes_more_than_the_price() {
        let shares = Shares::of(usd(100), Some(usd(101)), Responsibility::Client);
        assert_eq!(shares, Err(ShareError::ExceedsPrice));
    }
}
