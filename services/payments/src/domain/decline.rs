//! Why a card was declined, in terms a person can act on. The bank's own reasons are many and some must not be told:
//! a card reported stolen is a refusal without a reason, as the networks ask.

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
    }
}

impl DeclineReason {
    /// From the processor's error code and the issuer's decline code.
    #[must_use]
    pub fn from_codes(code: &str, decline_code: Option<&str>) -> Self {
        Self::from_code(decline_code.unwrap_or_default())
            .or_else(|| Self::from_code(code))
            .unwrap_or(Self::BankRefused)
    }

    fn from_code(code: &str) -> Option<Self> {
        match code {
            "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => Some(Self::Expired),
            "insufficient_funds"
            | "card_velocity_exceeded"
            | "withdrawal_count_limit_exceeded"
            | "bank_account_insufficient_funds" => Some(Self::InsufficientFunds),
            "incorrect_number"
            | "invalid_number"
            | "incorrect_cvc"
            | "invalid_cvc"
            | "incorrect_zip"
            | "incorrect_address"
            | "invalid_account"
            | "resource_missing"
            | "payment_method_unactivated" => Some(Self::WrongDetails),
            "authentication_required"
            | "authentication_not_handled"
            | "payment_intent_authentication_failure"
            | "online_or_offline_pin_required" => Some(Self::AuthenticationNeeded),
            "processing_error"
            | "try_again_later"
            | "reenter_transaction"
            | "issuer_not_available"
            | "approve_with_id"
            | "amount_too_small"
            | "amount_too_large"
            | "parameter_invalid" => Some(Self::ProcessingError),
            "generic_decline" | "do_not_honor" | "lost_card" | "stolen_card" | "fraudulent" => {
                Some(Self::BankRefused)
            }
            _newer_than_this_program => None,
        }
    }

    /// What the payer reads.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Expired => {
                "The card has expired. Check the expiry date or use another card. Nothing was charged."
            }
            Self::InsufficientFunds => {
                "The card has not enough funds for this payment. Use another card or a smaller amount. Nothing was charged."
            }
            Self::BankRefused => {
                "The bank declined the card without giving a reason. Call the bank or use another card. Nothing was charged."
            }
            Self::WrongDetails => {
                "The card's number, expiry date, security code or ZIP is not right. Enter it again. Nothing was charged."
            }
            Self::AuthenticationNeeded => {
                "The bank did not get the confirmation it asks for. Try again and confirm with the bank. Nothing was charged."
            }
            Self::ProcessingError => {
                "The card could not be processed. Try again in a moment or use another card. Nothing was charged."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeclineReason::{self, *};
    use proptest::prelude::*;

    #[test]
    fn the_issuers_reason_says_more_than_the_code() {
        for (code, decline, reason) in [
            (
                "card_declined",
                Some("insufficient_funds"),
                InsufficientFunds,
            ),
            ("card_declined", Some("stolen_card"), BankRefused),
            ("card_declined", Some("generic_decline"), BankRefused),
            ("card_declined", None, BankRefused),
            ("expired_card", None, Expired),
            ("expired_card", Some("expired_card"), Expired),
            ("incorrect_cvc", Some("incorrect_cvc"), WrongDetails),
            (
                "authentication_required",
                Some("authentication_required"),
                AuthenticationNeeded,
            ),
            ("processing_error", None, ProcessingError),
            ("expired_card", Some("something_new"), Expired),
        ] {
            assert_eq!(
                DeclineReason::from_codes(code, decline),
                reason,
                "{code} {decline:?}"
            );
        }
    }

    #[test]
    fn every_text_says_what_to_do_and_that_nothing_was_charged() {
        for reason in DeclineReason::ALL {
            assert!(
                reason.text().ends_with("Nothing was charged."),
                "{reason:?}"
            );
            assert_eq!(DeclineReason::of(reason.name()), Some(*reason));
        }
    }

    proptest! {
        #[test]
        fn whatever_the_codes_there_is_a_reason(code: String, decline: Option<String>) {
            let reason = DeclineReason::from_codes(&code, decline.as_deref());
            prop_assert!(!reason.text().is_empty());
        }
    }
}
