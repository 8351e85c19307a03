//! Payments, and the words the report has for how they came.

use ids::{ClientId, InsurerPaymentId, PaymentId};
use jiff::civil::Date;
use money::Money;

/// How a client's payment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentKind {
    /// Card through the processor.
    Card,
    /// Bank debit through the processor.
    BankDebit,
    /// Cash.
    Cash,
    /// Check.
    Check,
    /// A card run on another terminal.
    CardElsewhere,
    /// A bank transfer or electronic check run elsewhere.
    BankElsewhere,
    /// Anything else, named by its label.
    Other,
}

/// The report's word for a client's payment; `method_text` is how it is printed on a receipt, which for other payments
/// is their label: "Venmo".
#[must_use]
pub fn method(kind: PaymentKind, method_text: &str) -> String {
    let label = method_text.trim();
    let word = match kind {
        PaymentKind::Card => "Card",
        PaymentKind::BankDebit | PaymentKind::BankElsewhere => "Bank transfer",
        PaymentKind::Cash => "Cash",
        PaymentKind::Check => "Check",
        PaymentKind::CardElsewhere => "Card elsewhere",
        PaymentKind::Other if label.is_empty() => "Other",
        PaymentKind::Other => label,
    };
    word.to_owned()
}

/// The report's word for what insurers pay.
pub const INSURANCE: &str = "Insurance";

/// Who paid, with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidBy {
    /// A client or contact.
    Client(PaymentId),
    /// An insurer.
    Insurer(InsurerPaymentId),
}

/// A payment as the report shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// Who paid.
    pub paid_by: PaidBy,
    /// Whose bills.
    pub client: ClientId,
    /// The report's word.
    pub method: String,
    /// The insurer; empty for a client.
    pub payer_name: String,
    /// Business date.
    pub receive_date: Date,
    /// What came, above 0.
    pub amount: Money,
    /// What of it was held as credit when it came.
    pub credited: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_payments_go_by_their_label_and_cards_do_not_show_their_number() {
        assert_eq!(method(PaymentKind::Other, " Venmo "), "Venmo");
        assert_eq!(method(PaymentKind::Other, ""), "Other");
        assert_eq!(method(PaymentKind::Card, "Visa ending in 4242"), "Card");
        assert_eq!(method(PaymentKind::Check, "Check 1042"), "Check");
    }
}
