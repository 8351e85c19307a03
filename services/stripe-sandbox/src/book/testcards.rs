//! Stripe's documented test cards and test payment methods, and what each does when it is used.

use serde::{Deserialize, Serialize};

use super::declines::Decline;

/// What a payment method does when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Pays.
    Pays,
    /// Cannot be attached and does not pay.
    Declines(Decline),
    /// Can be attached, then does not pay.
    DeclinesWhenCharged(Decline),
    /// Asks for 3-D Secure each time; then pays, or is declined.
    Authenticates(Option<Decline>),
    /// Asks for 3-D Secure until it was set up once with the customer present.
    AuthenticatesUntilSetUp,
    /// Pays; its refunds are pending first and succeed later.
    RefundsLater,
    /// Pays; its refunds seem to succeed and fail later.
    RefundsFail,
    /// A bank debit that is processing first and then pays or not.
    Debits(Option<Decline>),
    /// A bank debit that stays in processing until told otherwise.
    DebitsOnCommand,
}

/// Why the small deposits to an account that was typed in cannot be made.
pub const NO_MICRODEPOSITS: &str = "6661";

/// What is known about a card or bank account besides its behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Specimen {
    /// `visa`, `mastercard`, … or the bank's name.
    pub brand: &'static str,
    /// `credit`, `debit` or, for a bank account, `checking`.
    pub funding: &'static str,
    /// The card number; the last four of it are all that is ever kept.
    pub number: &'static str,
    /// What it does.
    pub behaviour: Behaviour,
}

const fn card(brand: &'static str, number: &'static str, behaviour: Behaviour) -> Specimen {
    Specimen {
        brand,
        funding: "credit",
        number,
        behaviour,
    }
}

const fn debit(brand: &'static str, number: &'static str, behaviour: Behaviour) -> Specimen {
    Specimen {
        brand,
        funding: "debit",
        number,
        behaviour,
    }
}

const fn prepaid(brand: &'static str, number: &'static str, behaviour: Behaviour) -> Specimen {
    Specimen {
        brand,
        funding: "prepaid",
        number,
        behaviour,
    }
}

const fn bank(number: &'static str, behaviour: Behaviour) -> Specimen {
    Specimen {
        brand: "STRIPE TEST BANK",
        funding: "checking",
        number,
        behaviour,
    }
}

use Behaviour::{
    Authenticates, AuthenticatesUntilSetUp, Debits, DebitsOnCommand, Declines, DeclinesWhenCharged,
    Pays, RefundsFail, RefundsLater,
};

/// (name of the ready-made payment method, what it is).
const SPECIMENS: &[(&str, Specimen)] = &[
    ("pm_card_visa", card("visa", "4242424242424242", Pays)),
    (
        "pm_card_visa_debit",
        debit("visa", "4000056655665556", Pays),
    ),
    (
        "pm_card_mastercard",
        card("mastercard", "5555555555554444", Pays),
    ),
    (
        "pm_card_mastercard_debit",
        debit("mastercard", "5200828282828210", Pays),
    ),
    ("pm_card_amex", card("amex", "378282246310005", Pays)),
    (
        "pm_card_discover",
        card("discover", "6011111111111117", Pays),
    ),
    (
        "pm_card_chargeDeclined",
        card("visa", "4000000000000002", Declines(Decline::Generic)),
    ),
    (
        "pm_card_visa_chargeDeclined",
        card("visa", "4000000000000002", Declines(Decline::Generic)),
    ),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        card(
            "visa",
            "4000000000009995",
            Declines(Decline::InsufficientFunds),
        ),
    ),
    (
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        card(
            "visa",
            "4000000000009995",
            Declines(Decline::InsufficientFunds),
        ),
    ),
    (
        "pm_card_visa_chargeDeclinedLostCard",
        card("visa", "4000000000009987", Declines(Decline::LostCard)),
    ),
    (
        "pm_card_visa_chargeDeclinedStolenCard",
        card("visa", "4000000000009979", Declines(Decline::StolenCard)),
    ),
    (
        "pm_card_chargeDeclinedExpiredCard",
        card("visa", "4000000000000069", Declines(Decline::ExpiredCard)),
    ),
    (
        "pm_card_chargeDeclinedIncorrectCvc",
        card("visa", "4000000000000127", Declines(Decline::IncorrectCvc)),
    ),
    (
        "pm_card_chargeDeclinedProcessingError",
        card(
            "visa",
            "4000000000000119",
            Declines(Decline::ProcessingError),
        ),
    ),
    (
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        card(
            "visa",
            "4000000000006975",
            Declines(Decline::VelocityExceeded),
        ),
    ),
    (
        "pm_card_radarBlock",
        card("visa", "4100000000000019", Declines(Decline::Fraudulent)),
    ),
    (
        "pm_card_chargeCustomerFail",
        card(
            "visa",
            "4000000000000341",
            DeclinesWhenCharged(Decline::Generic),
        ),
    ),
    (
        "pm_card_authenticationRequired",
        card("visa", "4000002760003184", Authenticates(None)),
    ),
    (
        "pm_card_threeDSecure2Required",
        card("visa", "4000000000003220", Authenticates(None)),
    ),
    (
        "pm_card_authenticationRequiredOnSetup",
        card("visa", "4000002500003155", AuthenticatesUntilSetUp),
    ),
    (
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        card(
            "visa",
            "4000008260003178",
            Authenticates(Some(Decline::InsufficientFunds)),
        ),
    ),
    (
        "pm_card_pendingRefund",
        card("visa", "4000000000007726", RefundsLater),
    ),
    (
        "pm_card_refundFail",
        card("visa", "4000000000005126", RefundsFail),
    ),
    (
        "pm_card_mastercard_prepaid",
        prepaid("mastercard", "5105105105105100", Pays),
    ),
    ("pm_card_avsFail", card("visa", "4000000000000010", Pays)),
    ("pm_card_avsZipFail", card("visa", "4000000000000036", Pays)),
    (
        "pm_card_avsUnchecked",
        card("visa", "4000000000000044", Pays),
    ),
    (
        "pm_usBankAccount_success",
        bank("000123456789", Debits(None)),
    ),
    ("pm_usBankAccount", bank("000123456789", Debits(None))),
    (
        "pm_usBankAccount_insufficientFunds",
        bank("000222222227", Debits(Some(Decline::BankInsufficientFunds))),
    ),
    (
        "pm_usBankAccount_accountClosed",
        bank("000111111113", Debits(Some(Decline::BankAccountClosed))),
    ),
    (
        "pm_usBankAccount_noAccount",
        bank("000111111116", Debits(Some(Decline::BankNoAccount))),
    ),
    (
        "pm_usBankAccount_debitNotAuthorized",
        bank(
            "000333333335",
            Debits(Some(Decline::BankDebitNotAuthorized)),
        ),
    ),
    (
        "pm_usBankAccount_noMicrodeposits",
        bank("000666666661", Debits(None)),
    ),
    (
        "pm_usBankAccount_processing",
        bank("000000000009", DebitsOnCommand),
    ),
];

/// The ready-made payment method of this name.
pub fn by_name(name: &str) -> Option<Specimen> {
    SPECIMENS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, specimen)| *specimen)
}

/// The test card with this number (digits only). A real card's number is not one of them and is refused.
pub fn by_number(number: &str) -> Option<Specimen> {
    let cards = SPECIMENS
        .iter()
        .filter(|(name, _)| name.starts_with("pm_card"));
    cards
        .map(|(_, specimen)| *specimen)
        .find(|specimen| specimen.number == number)
}

/// The test bank account with this number. Another one is refused.
pub fn by_account(number: &str) -> Option<Specimen> {
    let accounts = SPECIMENS
        .iter()
        .filter(|(name, _)| name.starts_with("pm_usBankAccount"));
    accounts
        .map(|(_, specimen)| *specimen)
        .find(|specimen| specimen.number == number)
}

impl Behaviour {
    /// Whether it is a bank account.
    pub fn is_bank(self) -> bool {
        match self {
            Debits(_) | DebitsOnCommand => true,
            Pays
            | Declines(_)
            | DeclinesWhenCharged(_)
            | Authenticates(_)
            | AuthenticatesUntilSetUp
            | RefundsLater
            | RefundsFail => false,
        }
    }
}
