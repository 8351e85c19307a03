//! Why a charge was declined, in terms a person can act on. The bank's own reasons are many (`codes`) and some must not
//! be told to whoever holds the card: one that was reported stolen is to the payer a refusal without a reason, as the
//! networks ask. What is said to whom stands in `words`.

mod codes;
mod words;

use super::words;

words! {
    /// Why nothing was charged.
    DeclineReason {
        /// The card has expired.
        Expired "expired",
        /// Not enough money or credit.
        InsufficientFunds "insufficient_funds",
        /// The bank refused without saying why.
        BankRefused "bank_refused",
        /// Number, expiry, security code or zip is wrong.
        WrongDetails "wrong_details",
        /// The bank wants the payer to confirm.
        AuthenticationNeeded "authentication_needed",
        /// Something went wrong at the processor.
        ProcessingError "processing_error",
        /// Reported lost or stolen, or suspected to be used by somebody else. For the practice only.
        LostOrStolen "lost_or_stolen",
        /// The card or account does not do this kind of payment.
        NotSupported "not_supported",
        /// More, or more often, than the bank lets it pay.
        LimitExceeded "limit_exceeded",
        /// The account is closed, frozen, or was never there.
        AccountClosed "account_closed",
        /// The payer has taken the permission to charge back, or never gave it.
        NotAuthorized "not_authorized",
        /// Less or more than the processor takes at once.
        AmountNotAccepted "amount_not_accepted",
    }
}

words! {
    /// What helps.
    NextStep {
        /// The same again, later.
        TryLater "try_later",
        /// Another card or account.
        UseOther "use_other",
        /// The same, with its details entered anew.
        EnterAgain "enter_again",
        /// The payer confirms with the bank.
        ConfirmWithBank "confirm_with_bank",
        /// The payer asks the bank.
        AskBank "ask_bank",
        /// Another amount.
        OtherAmount "other_amount",
    }
}

/// A decline, as it is kept with its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// Why.
    pub reason: DeclineReason,
    /// The most precise code that the processor gave; empty when nobody gave one.
    pub code: String,
    /// The same method will not pay, whenever it is tried: AutoPay waits for another. A soft one may pay later.
    pub hard: bool,
}

/// What the networks advise, in the processor's words. None of it makes a hard decline soft.
const ADVISED_AGAINST: [&str; 2] = ["do_not_try_again", "confirm_card_data"];

impl Decline {
    /// From the processor's error code, the issuer's decline code, and the network's advice. The issuer's word says most;
    /// a code that is newer than this program is a refusal without a reason, hard only when the network says so.
    #[must_use]
    pub fn from_codes(code: &str, decline_code: Option<&str>, advice: Option<&str>) -> Self {
        let issuer = decline_code.filter(|code| !code.is_empty());
        let known = issuer
            .and_then(codes::find)
            .or_else(|| codes::find(code))
            .unwrap_or((DeclineReason::BankRefused, false));
        Self {
            reason: known.0,
            code: issuer.unwrap_or(code).to_owned(),
            hard: known.1 || advice.is_some_and(|advice| ADVISED_AGAINST.contains(&advice)),
        }
    }

    /// What the processor did not take, by its error code and the parameter it blames: a method that was removed there, or
    /// was never there, has to be entered again.
    #[must_use]
    pub fn rejected(code: &str, param: Option<&str>) -> Self {
        if codes::find(code).is_none() && param == Some("payment_method") {
            return Self {
                reason: DeclineReason::WrongDetails,
                code: code.to_owned(),
                hard: true,
            };
        }
        Self::from_codes(code, None, None)
    }

    /// One that no bank has spoken of.
    #[must_use]
    pub fn processing_error() -> Self {
        Self {
            reason: DeclineReason::ProcessingError,
            code: String::new(),
            hard: false,
        }
    }

    /// Whether trying the same method again is useless.
    #[must_use]
    pub const fn is_hard(&self) -> bool {
        self.hard
    }

    /// What helps: a soft decline of no reason may pay later, a hard one never does.
    #[must_use]
    pub const fn next_step(&self) -> NextStep {
        match self.reason {
            DeclineReason::Expired | DeclineReason::WrongDetails => NextStep::EnterAgain,
            DeclineReason::InsufficientFunds
            | DeclineReason::ProcessingError
            | DeclineReason::LimitExceeded => NextStep::TryLater,
            DeclineReason::BankRefused => NextStep::AskBank,
            DeclineReason::AuthenticationNeeded => NextStep::ConfirmWithBank,
            DeclineReason::LostOrStolen
            | DeclineReason::NotSupported
            | DeclineReason::AccountClosed
            | DeclineReason::NotAuthorized => NextStep::UseOther,
            DeclineReason::AmountNotAccepted => NextStep::OtherAmount,
        }
    }

    /// The same as the payer may hear it: nobody who found a card learns that it was reported.
    #[must_use]
    pub fn told_to_payer(&self) -> Self {
        match self.reason {
            DeclineReason::LostOrStolen => Self {
                reason: DeclineReason::BankRefused,
                code: String::new(),
                hard: self.hard,
            },
            DeclineReason::Expired
            | DeclineReason::InsufficientFunds
            | DeclineReason::BankRefused
            | DeclineReason::WrongDetails
            | DeclineReason::AuthenticationNeeded
            | DeclineReason::ProcessingError
            | DeclineReason::NotSupported
            | DeclineReason::LimitExceeded
            | DeclineReason::AccountClosed
            | DeclineReason::NotAuthorized
            | DeclineReason::AmountNotAccepted => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
