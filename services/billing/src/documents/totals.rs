use money::{Money, MoneyError};
use serde::Serialize;

use super::wording::amount;

/// One row of the sum at a document's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TotalRow {
    /// What it is.
    pub words: String,
    /// How much, signed as it enters the sum.
    pub amount: String,
    /// The same as money.
    #[serde(skip)]
    pub money: Money,
    /// A subtotal or the balance: set apart.
    pub strong: bool,
}

impl TotalRow {
    pub(super) fn plain(words: &str, money: Money) -> Self {
        Self {
            words: words.to_owned(),
            amount: amount(money),
            money,
            strong: false,
        }
    }

    pub(super) fn strong(words: &str, money: Money) -> Self {
        Self {
            strong: true,
            ..Self::plain(words, money)
        }
    }

    /// A row that takes away, left out when it takes nothing.
    pub(super) fn taken(words: &str, money: Money) -> Result<Option<Self>, MoneyError> {
        if money.is_zero() {
            return Ok(None);
        }
        Ok(Some(Self::plain(words, money.negated()?)))
    }
}
