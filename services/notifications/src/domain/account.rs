//! What is new about a practice's own account at the processor.

use serde::{Deserialize, Serialize};

/// What is new, when it stops online payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountNews {
    /// It took charges and takes none now.
    Restricted,
    /// Its owner, or the processor, has taken our access away.
    TakenAway,
}

impl AccountNews {
    /// What it means for the practice, and what to do; so many methods are on file with the account.
    #[must_use]
    pub fn words(self, methods: i64) -> String {
        let cards = match methods {
            1 => "1 card or bank account is".to_owned(),
            many => format!("{many} cards and bank accounts are"),
        };
        match self {
            Self::Restricted => format!(
                "Stripe takes no charges for your account now. Online payments and AutoPay are off until it does. Please \
                 sign in to your Stripe dashboard and answer what it asks for; both go on by themselves then. {cards} on \
                 file with the account and can be charged again as soon as that is done."
            ),
            Self::TakenAway => format!(
                "Our access to your Stripe account was taken away. Online payments and AutoPay are off. Please connect an \
                 account in your settings; both go on with it then. {cards} on file with the former account and cannot be \
                 charged any more: once another account takes charges, their holders are asked for them anew. Payments and \
                 refunds that were under way are listed as not ended; look them up in your Stripe dashboard, and say how \
                 they ended."
            ),
        }
    }

    /// A heading, and of the subject what follows the practice's name.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Restricted => "Your Stripe account takes no charges",
            Self::TakenAway => "Your Stripe account is not connected any more",
        }
    }
}
