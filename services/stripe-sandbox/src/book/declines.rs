//! Why payments are declined, in the words of Stripe's error objects.

use serde::{Deserialize, Serialize};

/// Why a payment is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// No reason given.
    Generic,
    /// Not enough money on the card.
    InsufficientFunds,
    /// Reported lost.
    LostCard,
    /// Reported stolen.
    StolenCard,
    /// Past its date.
    ExpiredCard,
    /// Wrong security code.
    IncorrectCvc,
    /// The network failed.
    ProcessingError,
    /// Over its limit.
    VelocityExceeded,
    /// Blocked as fraud.
    Fraudulent,
    /// The bank wants the customer, who is not there.
    AuthenticationRequired,
    /// The customer failed to authenticate.
    AuthenticationFailed,
    /// The bank account lacks the money.
    BankInsufficientFunds,
    /// The bank account is closed.
    BankAccountClosed,
    /// There is no such bank account.
    BankNoAccount,
    /// The bank account's owner did not allow the debit.
    BankDebitNotAuthorized,
    /// The customer failed to authenticate a card that is to be stored.
    SetupAuthenticationFailed,
    /// The small deposits were named wrong too often, or could not be made.
    MicrodepositsFailed,
}

impl Decline {
    /// `error.code`.
    pub fn code(self) -> &'static str {
        match self {
            Decline::Generic
            | Decline::InsufficientFunds
            | Decline::LostCard
            | Decline::StolenCard
            | Decline::VelocityExceeded
            | Decline::Fraudulent => "card_declined",
            Decline::ExpiredCard => "expired_card",
            Decline::IncorrectCvc => "incorrect_cvc",
            Decline::ProcessingError => "processing_error",
            Decline::AuthenticationRequired => "authentication_required",
            Decline::AuthenticationFailed => "payment_intent_authentication_failure",
            Decline::BankInsufficientFunds
            | Decline::BankAccountClosed
            | Decline::BankNoAccount
            | Decline::BankDebitNotAuthorized => "payment_intent_payment_attempt_failed",
            Decline::SetupAuthenticationFailed => "setup_intent_authentication_failure",
            Decline::MicrodepositsFailed => "payment_method_microdeposit_failed",
        }
    }

    /// `error.decline_code`: the bank's reason, when a bank was asked.
    pub fn decline_code(self) -> Option<&'static str> {
        match self {
            Decline::Generic => Some("generic_decline"),
            Decline::InsufficientFunds | Decline::BankInsufficientFunds => {
                Some("insufficient_funds")
            }
            Decline::LostCard => Some("lost_card"),
            Decline::StolenCard => Some("stolen_card"),
            Decline::ExpiredCard => Some("expired_card"),
            Decline::IncorrectCvc => Some("incorrect_cvc"),
            Decline::ProcessingError => Some("processing_error"),
            Decline::VelocityExceeded => Some("card_velocity_exceeded"),
            Decline::Fraudulent => Some("fraudulent"),
            Decline::AuthenticationRequired => Some("authentication_required"),
            Decline::AuthenticationFailed
            | Decline::SetupAuthenticationFailed
            | Decline::MicrodepositsFailed => None,
            Decline::BankAccountClosed => Some("account_closed"),
            Decline::BankNoAccount => Some("no_account"),
            Decline::BankDebitNotAuthorized => Some("debit_not_authorized"),
        }
    }

    /// `error.advice_code`: whether trying again makes sense.
    pub fn advice_code(self) -> Option<&'static str> {
        match self {
            Decline::Generic
            | Decline::InsufficientFunds
            | Decline::ProcessingError
            | Decline::VelocityExceeded
            | Decline::BankInsufficientFunds => Some("try_again_later"),
            Decline::LostCard
            | Decline::StolenCard
            | Decline::Fraudulent
            | Decline::BankAccountClosed
            | Decline::BankNoAccount
            | Decline::BankDebitNotAuthorized => Some("do_not_try_again"),
            Decline::ExpiredCard | Decline::IncorrectCvc => Some("confirm_card_data"),
            Decline::AuthenticationRequired
            | Decline::AuthenticationFailed
            | Decline::SetupAuthenticationFailed
            | Decline::MicrodepositsFailed => None,
        }
    }

    /// `error.message`, for people.
    pub fn message(self) -> &'static str {
        match self {
            Decline::Generic | Decline::LostCard | Decline::StolenCard | Decline::Fraudulent => {
                "Your card was declined."
            }
            Decline::InsufficientFunds => "Your card has insufficient funds.",
            Decline::ExpiredCard => "Your card has expired.",
            Decline::IncorrectCvc => "Your card's security code is incorrect.",
            Decline::ProcessingError => {
                "An error occurred while processing your card. Try again in a little bit."
            }
            Decline::VelocityExceeded => {
                "Your card was declined for making repeated attempts too frequently or exceeding \
                 its amount limit."
            }
            Decline::AuthenticationRequired => {
                "Your card was declined. This transaction requires authentication."
            }
            Decline::AuthenticationFailed => {
                "The provided PaymentMethod has failed authentication. You can provide \
                 payment_method_data or a new PaymentMethod to attempt to fulfill this \
                 PaymentIntent again."
            }
            Decline::BankInsufficientFunds => {
                "The customer's account has insufficient funds to cover this payment."
            }
            Decline::BankAccountClosed => "The customer's bank account has been closed.",
            Decline::BankNoAccount => "The customer's bank account could not be located.",
            Decline::BankDebitNotAuthorized => {
                "The customer has notified their bank that this payment was unauthorized."
            }
            Decline::SetupAuthenticationFailed => {
                "The latest attempt to set up the payment method has failed because authentication \
                 failed."
            }
            Decline::MicrodepositsFailed => {
                "Microdeposit transfers failed. Please check the account, institution and transit \
                 numbers provided."
            }
        }
    }
}
