//! Stripe counts in minor units as ISO 4217 does, except in a few currencies; those are refused
//! both ways.

use money::{Currency, Money};

use crate::ProcessorError;

/// ISO has 0, 0 and 2 digits for these, Stripe 2, 2 and 0.
const COUNTED_OTHERWISE: [&str; 3] = ["ISK", "UGX", "MGA"];

/// The amount as Stripe takes it.
pub(crate) fn sent(amount: Money) -> Result<(i64, stripe_types::Currency), ProcessorError> {
    if !amount.is_positive() {
        return Err(ProcessorError::unsendable(
            "amount",
            "an amount must be positive",
        ));
    }
    let code = amount.currency().code();
    match code.to_ascii_lowercase().parse() {
        Ok(stripe_types::Currency::Unknown(_)) | Err(_) => Err(ProcessorError::unsendable(
            "currency",
            "the processor does not know the currency",
        )),
        Ok(_) if COUNTED_OTHERWISE.contains(&code) => Err(ProcessorError::unsendable(
            "currency",
            "the processor counts this currency otherwise",
        )),
        Ok(currency) => Ok((amount.minor(), currency)),
    }
}

/// An amount that Stripe told us.
pub(crate) fn received(
    minor: i64,
    currency: &stripe_types::Currency,
) -> Result<Money, ProcessorError> {
    let code = currency.to_string().to_ascii_uppercase();
    let known: Option<Currency> = code
        .parse()
        .ok()
        .filter(|_| !COUNTED_OTHERWISE.contains(&code.as_str()));
    let currency = known
        .ok_or_else(|| ProcessorError::unknown("an amount in a currency we do not count in"))?;
    Ok(Money::from_minor(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f11_amounts_keep_their_minor_units_both_ways() {
        for (minor, currency) in [
            (4_000, Currency::USD),
            (4_000, Currency::JPY),
            (4_000, Currency::EUR),
        ] {
            let amount = Money::from_minor(minor, currency);
            let (told, code) = sent(amount).expect("a currency of Stripe's");
            assert_eq!(told, minor);
            assert_eq!(received(told, &code), Ok(amount));
        }
    }

    #[test]
    fn f11_nothing_less_than_nothing_and_oddly_counted_currencies_are_not_sent() {
        let krona: Currency = "ISK".parse().expect("a currency");
        for amount in [
            Money::zero(Currency::USD),
            Money::from_minor(-1, Currency::USD),
            Money::from_minor(100, krona),
            Money::from_minor(100, Currency::KWD),
        ] {
            assert!(
                matches!(sent(amount), Err(ProcessorError::Rejected { .. })),
                "{amount}"
            );
        }
    }
}
