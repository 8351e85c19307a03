//! Why nothing is charged: billing sets nothing aside for a payment, or its account at the processor was taken away. Kept
//! with the payment, so that a repeat is told the same.

use super::words;

words! {
    /// Nothing was charged, and will not be under this payment.
    Refusal {
        /// The practice has no such bill.
        BillNotFound "BILL_NOT_FOUND",
        /// It was taken back.
        BillCancelled "BILL_CANCELLED",
        /// The client owes nothing on it.
        NothingDue "NOTHING_DUE",
        /// Somebody is paying it.
        PaymentInProgress "PAYMENT_IN_PROGRESS",
        /// More than the client owes on it.
        ExceedsClientBalance "EXCEEDS_CLIENT_BALANCE",
        /// Not the bill's currency.
        CurrencyMismatch "CURRENCY_MISMATCH",
        /// The account at the processor that it was to be made on is not connected any more.
        AccountDisconnected "ACCOUNT_DISCONNECTED",
    }
}

impl Refusal {
    /// What a person reads.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BillNotFound => "there is no such bill",
            Self::BillCancelled => "the bill is cancelled",
            Self::NothingDue => "nothing is due",
            Self::PaymentInProgress => {
                "another payment of the bill is in progress; nothing was charged"
            }
            Self::ExceedsClientBalance => "the amount is more than is due",
            Self::CurrencyMismatch => "the bill is in another currency",
            Self::AccountDisconnected => {
                "the practice's account at the processor is not connected any more; nothing was charged"
            }
        }
    }
}
