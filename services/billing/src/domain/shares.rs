//! Who owes what of a line.

use money::{Money, MoneyError, Rate};

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

/// How a price is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// All of it is owed by who is responsible.
    Responsible(Responsibility),
    /// Insurance owes that much, the client the rest.
    Insurance(Money),
    /// The client owes a co-pay, or the whole price when that is less; insurance the rest.
    CoPay(Money),
    /// The client owes a percentage, half to even; insurance the rest.
    CoInsurance(Rate),
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
    /// The shares of a price.
    ///
    /// # Errors
    /// See [`ShareError`].
    pub fn of(price: Money, division: Division) -> Result<Self, ShareError> {
        let nothing = Money::zero(price.currency());
        let client = match division {
            Division::Responsible(Responsibility::Client) => price,
            Division::Responsible(Responsibility::Insurance) => nothing,
            Division::Insurance(insurance) => price.minus(insurance)?,
            Division::CoPay(co_pay) => co_pay.at_most(price)?,
            Division::CoInsurance(rate) => price.percent(rate)?,
        };
        let insurance = price.minus(client)?;
        if client.is_negative() || insurance.is_negative() {
            return Err(ShareError::ExceedsPrice);
        }
        Ok(Self { client, insurance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn of(price: i64, division: Division) -> Result<(i64, i64), ShareError> {
        Shares::of(usd(price), division)
            .map(|shares| (shares.client.minor(), shares.insurance.minor()))
    }

    #[test]
    fn the_client_owes_what_insurance_does_not() {
        assert_eq!(
            of(15_000, Division::Insurance(usd(11_000))),
            Ok((4_000, 11_000))
        );
    }

    #[test]
    fn without_a_word_the_responsibility_decides() {
        let by = |responsibility| of(150, Division::Responsible(responsibility));
        assert_eq!(by(Responsibility::Client), Ok((150, 0)));
        assert_eq!(by(Responsibility::Insurance), Ok((0, 150)));
    }

    #[test]
    fn a_co_pay_is_the_clients_and_never_more_than_the_price() {
        assert_eq!(of(15_000, Division::CoPay(usd(2_500))), Ok((2_500, 12_500)));
        assert_eq!(of(2_000, Division::CoPay(usd(2_500))), Ok((2_000, 0)));
    }

    #[test]
    fn co_insurance_rounds_half_to_even() {
        let rate = |text: &str| Division::CoInsurance(text.parse().expect("a rate"));
        assert_eq!(of(15_000, rate("20")), Ok((3_000, 12_000)));
        assert_eq!(of(25, rate("50")), Ok((12, 13)));
        assert_eq!(of(100, rate("101")), Err(ShareError::ExceedsPrice));
    }

    #[test]
    fn insurance_never_owes_more_than_the_price() {
        assert_eq!(
            of(100, Division::Insurance(usd(101))),
            Err(ShareError::ExceedsPrice)
        );
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_price(price in 0_i64..10_000_000, part in 0_i64..10_000_000, percent in 0_u32..=100) {
            let rate = percent.to_string().parse().expect("a rate");
            for division in [Division::CoPay(usd(part)), Division::CoInsurance(rate), Division::Insurance(usd(part))] {
                if let Ok((client, insurance)) = of(price, division) {
                    prop_assert_eq!(client + insurance, price);
                    prop_assert!(client >= 0 && insurance >= 0);
                }
            }
        }
    }
}
