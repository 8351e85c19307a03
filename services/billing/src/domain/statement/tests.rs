use super::*;
use money::Currency;
use proptest::prelude::*;
use uuid::Uuid;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// An occasion of each kind in turn.
fn occasion(entry: u128) -> Occasion {
    let number = 1;
    match entry % 8 {
        0 => Occasion::BillIssued {
            number,
            reference: "K7M2-9QXD".parse().expect("a reference"),
        },
        1 => Occasion::CreditApplied { number },
        2 => Occasion::BillCancelled { number },
        3 => Occasion::Payment {
            method: String::new(),
            bills: Vec::new(),
        },
        4 => Occasion::InsurerPayment {
            payer: String::new(),
            number,
        },
        5 => Occasion::BalanceBrought {
            number,
            reference: "K7M2-9QXD".parse().expect("a reference"),
        },
        6 => Occasion::CreditBrought,
        _ => Occasion::Refund {
            method: String::new(),
        },
    }
}

fn change(entry: u128, minor: i64) -> Change {
    Change {
        entry: Uuid::from_u128(entry).into(),
        date: jiff::civil::date(2026, 3, 2),
        occasion: occasion(entry),
        amount: usd(minor),
    }
}

fn amounts(statement: &Statement) -> Vec<(i64, i64)> {
    let shown = |movement: &Movement| (movement.change.amount.minor(), movement.balance.minor());
    statement.movements.iter().map(shown).collect()
}

#[test]
fn a_payment_for_two_bills_is_one_movement() {
    let changes = vec![
        change(1, 4_000),
        change(2, 6_000),
        change(3, -4_000),
        change(3, -6_000),
    ];
    let statement = Statement::of(usd(500), changes).expect("a statement");
    assert_eq!(
        amounts(&statement),
        [(4_000, 4_500), (6_000, 10_500), (-10_000, 500)]
    );
    assert_eq!(statement.closing, usd(500));
}

#[test]
fn credit_used_for_a_bill_changes_nothing_and_does_not_show() {
    let changes = vec![change(1, 4_000), change(2, 1_500), change(2, -1_500)];
    let statement = Statement::of(usd(0), changes).expect("a statement");
    assert_eq!(amounts(&statement), [(4_000, 4_000)]);
    assert_eq!(statement.closing, usd(4_000));
}

#[test]
fn a_client_reads_what_happened() {
    let reference = "K7M2-9QXD".parse().expect("a reference");
    let payment = |method: &str, bills: &[i64]| Occasion::Payment {
        method: method.to_owned(),
        bills: bills.to_vec(),
    };
    for (occasion, text) in [
        (
            Occasion::BillIssued {
                number: 7,
                reference,
            },
            "Bill 7 · Invoice # K7M2-9QXD",
        ),
        (Occasion::BillCancelled { number: 7 }, "Bill 7 cancelled"),
        (
            payment("Visa ending in 4242", &[7]),
            "Payment, thank you · Visa ending in 4242 for bill 7",
        ),
        (
            payment("Cash", &[7, 8]),
            "Payment, thank you · Cash for bills 7, 8",
        ),
        (payment("", &[]), "Payment, thank you"),
        (
            Occasion::InsurerPayment {
                payer: "Aetna".to_owned(),
                number: 7,
            },
            "Insurance decision on bill 7 · Aetna",
        ),
        (
            Occasion::Refund {
                method: "Cash".to_owned(),
            },
            "Refund · of Cash",
        ),
        (
            Occasion::Adjusted {
                number: 7,
                text: "Today's session is free".to_owned(),
            },
            "Today's session is free · on bill 7",
        ),
        (
            Occasion::BalanceBrought {
                number: 7,
                reference,
            },
            "Balance brought from the former system · Bill 7, Invoice # K7M2-9QXD",
        ),
        (
            Occasion::CreditBrought,
            "Credit brought from the former system",
        ),
        (
            Occasion::CreditTakenBack,
            "Credit from the former system taken back",
        ),
    ] {
        assert_eq!(occasion.to_string(), text);
    }
}

proptest! {
    #[test]
    fn opening_and_movements_lead_to_closing(
        opening in -1_000_000..1_000_000_i64,
        entries in prop::collection::vec(prop::collection::vec(-100_000..100_000_i64, 1..4), 0..40),
    ) {
        let changes: Vec<_> = (1..)
            .zip(&entries)
            .flat_map(|(entry, amounts)| amounts.iter().map(move |minor| change(entry, *minor)))
            .collect();
        let sum: i64 = changes.iter().map(|change| change.amount.minor()).sum();
        let statement = Statement::of(usd(opening), changes).expect("a statement");
        prop_assert_eq!(statement.closing, usd(opening + sum));
        let mut balance = opening;
        for (amount, after) in amounts(&statement) {
            prop_assert_ne!(amount, 0);
            balance += amount;
            prop_assert_eq!(after, balance);
        }
        prop_assert_eq!(usd(balance), statement.closing);
        let by_kind: i64 = MovementKind::ALL.map(|kind| statement.sum(kind).expect("a sum").minor()).iter().sum();
        prop_assert_eq!(usd(opening + by_kind), statement.closing, "the totals add up");
        let shown = entries.iter().filter(|amounts| amounts.iter().sum::<i64>() != 0).count();
        prop_assert_eq!(statement.movements.len(), shown);
    }
}
