//! Currencies the sandbox takes and their smallest charge.

/// The largest amount of one payment, minor units.
pub const MAX_AMOUNT: i64 = 99_999_999;

/// (ISO code in lower case, smallest charge in minor units, minor digits), as Stripe documents them.
const CURRENCIES: &[(&str, i64, u32)] = &[
    ("usd", 50, 2),
    ("aud", 50, 2),
    ("brl", 50, 2),
    ("cad", 50, 2),
    ("chf", 50, 2),
    ("czk", 1500, 2),
    ("dkk", 250, 2),
    ("eur", 50, 2),
    ("gbp", 30, 2),
    ("hkd", 400, 2),
    ("inr", 50, 2),
    ("jpy", 50, 0),
    ("mxn", 1000, 2),
    ("nok", 300, 2),
    ("nzd", 50, 2),
    ("pln", 200, 2),
    ("sek", 300, 2),
    ("sgd", 50, 2),
];

/// The smallest charge in minor units; `None` when the currency is not taken.
pub fn minimum(currency: &str) -> Option<i64> {
    CURRENCIES
        .iter()
        .find(|(code, ..)| *code == currency)
        .map(|(_, least, _)| *least)
}

/// The codes, for messages.
pub fn codes() -> String {
    CURRENCIES
        .iter()
        .map(|(code, ..)| *code)
        .collect::<Vec<_>>()
        .join(", ")
}

/// An amount for people: `$12.50`, `EUR 12.50`, `JPY 1250`.
pub fn show(amount: i64, currency: &str) -> String {
    let digits = CURRENCIES
        .iter()
        .find(|(code, ..)| *code == currency)
        .map_or(2, |(.., digits)| *digits);
    let scale = 10_u64.pow(digits);
    let (whole, part) = (amount.unsigned_abs() / scale, amount.unsigned_abs() % scale);
    let sign = if amount < 0 { "-" } else { "" };
    let name = if currency == "usd" {
        "$".to_owned()
    } else {
        format!("{} ", currency.to_uppercase())
    };
    if digits == 0 {
        format!("{sign}{name}{whole}")
    } else {
        format!("{sign}{name}{whole}.{part:02}")
    }
}

/// What Stripe keeps of a card payment: 2.9 % (half up) and 30 minor units.
pub fn card_fee(amount: i64) -> i64 {
    (amount * 29 + 500) / 1000 + 30
}

/// What Stripe keeps of a bank debit: 0.8 % (half up), at most 500 minor units.
pub fn bank_fee(amount: i64) -> i64 {
    ((amount * 8 + 500) / 1000).min(500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_round_half_up() {
        assert_eq!(card_fee(4000), 146);
        assert_eq!(card_fee(50), 31);
        assert_eq!(bank_fee(4000), 32);
        assert_eq!(bank_fee(9_000_000), 500);
    }

    #[test]
    fn amounts_read_well() {
        assert_eq!(show(1250, "usd"), "$12.50");
        assert_eq!(show(-5, "eur"), "-EUR 0.05");
        assert_eq!(show(1250, "jpy"), "JPY 1250");
    }
}
