//! Why billing sets nothing aside for a payment. Kept with the payment, so that a repeat is told the same.

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
    }
}
