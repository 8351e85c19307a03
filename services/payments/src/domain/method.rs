//! What was paid with, as it is printed on receipts.

use super::payment::PaymentKind;

/// "Visa ending in 4242"; without the digits when they are not told.
#[must_use]
pub fn card_text(brand: &str, last4: &str) -> String {
    let brand = match brand {
        "visa" => "Visa",
        "mastercard" => "Mastercard",
        "amex" => "American Express",
        "discover" => "Discover",
        "diners" => "Diners Club",
        "jcb" => "JCB",
        "unionpay" => "UnionPay",
        _other_or_unknown => "Card",
    };
    ending(brand, last4)
}

/// "STRIPE TEST BANK account ending in 6789".
#[must_use]
pub fn bank_text(bank: &str, last4: &str) -> String {
    let account = match bank.trim() {
        "" => "Bank account".to_owned(),
        bank => format!("{bank} account"),
    };
    ending(&account, last4)
}

fn ending(what: &str, last4: &str) -> String {
    if last4.is_empty() {
        return what.to_owned();
    }
    format!("{what} ending in {last4}")
}

/// How an offline payment is printed: "Check #1042", "Cash", the label of an other one.
#[must_use]
pub fn offline_text(kind: PaymentKind, label: &str, check_number: &str) -> String {
    match kind {
        PaymentKind::Check if !check_number.is_empty() => format!("Check #{check_number}"),
        PaymentKind::Check => "Check".to_owned(),
        PaymentKind::Cash => "Cash".to_owned(),
        PaymentKind::CardElsewhere if label.is_empty() => "Card".to_owned(),
        PaymentKind::BankElsewhere if label.is_empty() => "Bank transfer".to_owned(),
        PaymentKind::CardElsewhere | PaymentKind::BankElsewhere | PaymentKind::Other => {
            label.to_owned()
        }
        // Not yet known with what; the processor tells.
        PaymentKind::Card => "Card".to_owned(),
        PaymentKind::BankDebit => "Bank account".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_read_as_people_say_them() {
        assert_eq!(card_text("visa", "4242"), "Visa ending in 4242");
        assert_eq!(card_text("amex", "0005"), "American Express ending in 0005");
        assert_eq!(card_text("newcard", ""), "Card");
        assert_eq!(bank_text("", "6789"), "Bank account ending in 6789");
        assert_eq!(offline_text(PaymentKind::Check, "", "1042"), "Check #1042");
        assert_eq!(offline_text(PaymentKind::Check, "", ""), "Check");
        assert_eq!(offline_text(PaymentKind::Other, "Venmo", ""), "Venmo");
        assert_eq!(offline_text(PaymentKind::Cash, "", ""), "Cash");
    }
}
