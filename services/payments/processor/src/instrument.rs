use serde_json::Value;
use stripe_shared::{PaymentMethodDetails, PaymentMethodType};

/// What is paid with, as far as people may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// A payment card.
    Card(Card),
    /// A US bank account (ACH).
    BankAccount(BankAccount),
    /// Anything else, by Stripe's name for its type: `link`, `cashapp`.
    Other(String),
}

/// The part of a card that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Stripe's name: `visa`, `amex`, `unknown`.
    pub brand: String,
    /// The last four digits; empty when Stripe does not tell.
    pub last4: String,
    /// 1 to 12.
    pub exp_month: u8,
    /// Four digits.
    pub exp_year: u16,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: String,
}

/// The part of a bank account that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    /// The bank's name; empty when Stripe does not tell.
    pub bank: String,
    /// The last four digits; empty when Stripe does not tell.
    pub last4: String,
}

impl Instrument {
    pub(crate) fn of_method(method: &stripe_shared::PaymentMethod) -> Self {
        if let (PaymentMethodType::Card, Some(card)) = (&method.type_, &method.card) {
            return Self::Card(Card {
                brand: card.brand.clone(),
                last4: card.last4.clone(),
                exp_month: month(card.exp_month),
                exp_year: year(card.exp_year),
                funding: card.funding.clone(),
            });
        }
        if let Some(account) = &method.us_bank_account {
            return Self::BankAccount(BankAccount {
                bank: account.bank_name.clone().unwrap_or_default(),
                last4: account.last4.clone().unwrap_or_default(),
            });
        }
        Self::Other(method.type_.as_str().into())
    }

    /// From a method as an error shows it; none when it cannot be read.
    pub(crate) fn of_error(method: &Value) -> Option<Self> {
        let text = |of: &Value, name: &str| of.get(name)?.as_str().map(str::to_owned);
        let number = |of: &Value, name: &str| of.get(name)?.as_i64();
        match method.get("type")?.as_str()? {
            "card" => {
                let card = method.get("card")?;
                Some(Self::Card(Card {
                    brand: text(card, "brand").unwrap_or_else(|| "unknown".into()),
                    last4: text(card, "last4").unwrap_or_default(),
                    exp_month: month(number(card, "exp_month").unwrap_or(0)),
                    exp_year: year(number(card, "exp_year").unwrap_or(0)),
                    funding: text(card, "funding").unwrap_or_else(|| "unknown".into()),
                }))
            }
            "us_bank_account" => {
                let account = method.get("us_bank_account")?;
                Some(Self::BankAccount(BankAccount {
                    bank: text(account, "bank_name").unwrap_or_default(),
                    last4: text(account, "last4").unwrap_or_default(),
                }))
            }
            other => Some(Self::Other(other.into())),
        }
    }

    pub(crate) fn of_charge(details: &PaymentMethodDetails) -> Self {
        if let Some(card) = &details.card {
            return Self::Card(Card {
                brand: card.brand.clone().unwrap_or_else(|| "unknown".into()),
                last4: card.last4.clone().unwrap_or_default(),
                exp_month: month(card.exp_month),
                exp_year: year(card.exp_year),
                funding: card.funding.clone().unwrap_or_else(|| "unknown".into()),
            });
        }
        if let Some(account) = &details.us_bank_account {
            return Self::BankAccount(BankAccount {
                bank: account.bank_name.clone().unwrap_or_default(),
                last4: account.last4.clone().unwrap_or_default(),
            });
        }
        Self::Other(details.type_.clone())
    }
}

/// 0 for a month that is none: it is shown, never computed with.
fn month(month: i64) -> u8 {
    u8::try_from(month)
        .ok()
        .filter(|month| (1..=12).contains(month))
        .unwrap_or(0)
}

fn year(year: i64) -> u16 {
    u16::try_from(year).unwrap_or(0)
}
