//! One payment for several bills: what is due first is paid first.

use super::allocation::Allocation;
use ids::BillId;
use jiff::civil::Date;
use money::{Money, MoneyError};

/// What is due on a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The bill.
    pub bill: BillId,
    /// Local day by whose end it is due.
    pub due_date: Date,
    /// Running number.
    pub number: i64,
    /// What the client owes on it.
    pub balance: Money,
    /// What of that other payments in progress have set aside.
    pub held: Money,
}

/// Why an amount cannot be spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpreadError {
    /// Nothing is due on any of the bills.
    #[error("nothing is due")]
    NothingDue,
    /// More than is due on all of them.
    #[error("{0} is due")]
    ExceedsBalance(Money),
    /// All of it is due, and others are paying some of it.
    #[error("another payment is in progress")]
    InProgress,
    /// Amounts that cannot be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Which bill gets how much of `amount`: the one that is due first is paid first, among equals the lower number. No bill
/// gets more than is free on it, and the parts sum up to the amount. Errors: see [`SpreadError`].
pub fn spread(amount: Money, mut bills: Vec<Due>) -> Result<Vec<Allocation>, SpreadError> {
    bills.sort_by_key(|due| (due.due_date, due.number, due.bill));
    let balance = Money::sum(amount.currency(), bills.iter().map(|due| due.balance))?;
    if !balance.is_positive() {
        return Err(SpreadError::NothingDue);
    }
    if amount.compare(balance)?.is_gt() {
        return Err(SpreadError::ExceedsBalance(balance));
    }
    let (mut left, mut parts) = (amount, Vec::new());
    for due in bills {
        let free = due.balance.minus(due.held)?;
        let part = if left.compare(free)?.is_lt() {
            left
        } else {
            free
        };
        if part.is_positive() {
            left = left.minus(part)?;
            parts.push(Allocation {
                bill: due.bill,
                amount: part,
            });
        }
    }
    if left.is_positive() {
        return Err(SpreadError::InProgress);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn due(number: i64, day: i8, balance: i64, held: i64) -> Due {
        Due {
            bill: BillId::from(uuid::Uuid::from_u128(u128::from(number.unsigned_abs()))),
            due_date: date(2026, 3, day),
            number,
            balance: usd(balance),
            held: usd(held),
        }
    }

    fn shown(parts: &[Allocation]) -> Vec<(u128, i64)> {
        let parts = parts.iter();
        parts
            .map(|part| (part.bill.uuid().as_u128(), part.amount.minor()))
            .collect()
    }

    #[test]
    fn r17_what_is_due_first_is_paid_first() {
        let bills = vec![
            due(3, 31, 2_000, 0),
            due(2, 15, 4_000, 0),
            due(1, 31, 1_000, 0),
        ];
        let parts = spread(usd(5_500), bills.clone()).expect("spread");
        assert_eq!(shown(&parts), [(2, 4_000), (1, 1_000), (3, 500)]);
        let all = spread(usd(7_000), bills.clone()).expect("all of it");
        assert_eq!(shown(&all), [(2, 4_000), (1, 1_000), (3, 2_000)]);
        assert_eq!(
            spread(usd(7_001), bills),
            Err(SpreadError::ExceedsBalance(usd(7_000)))
        );
    }

    #[test]
    fn r17_what_others_are_paying_is_left_to_them() {
        let bills = vec![due(1, 15, 4_000, 4_000), due(2, 31, 2_000, 500)];
        let parts = spread(usd(1_500), bills.clone()).expect("the free part");
        assert_eq!(shown(&parts), [(2, 1_500)]);
        assert_eq!(spread(usd(1_501), bills), Err(SpreadError::InProgress));
        assert_eq!(spread(usd(1), Vec::new()), Err(SpreadError::NothingDue));
        assert_eq!(
            spread(usd(1), vec![due(1, 1, 0, 0)]),
            Err(SpreadError::NothingDue)
        );
    }

    proptest! {
        #[test]
        fn r17_the_parts_sum_up_to_the_amount_and_no_bill_gets_more_than_is_free(
            bills in proptest::collection::vec((1_i8..28, 0_i64..100_000, 0_i64..100_000), 0..20),
            amount in 1_i64..1_500_000
        ) {
            let bills: Vec<Due> = (1_i64..)
                .zip(bills)
                .map(|(number, (day, balance, held))| due(number, day, balance, held.min(balance)))
                .collect();
            let balance: i64 = bills.iter().map(|due| due.balance.minor()).sum();
            let free: i64 = bills.iter().map(|due| due.balance.minor() - due.held.minor()).sum();
            match spread(usd(amount), bills.clone()) {
                Ok(parts) => {
                    prop_assert_eq!(parts.iter().map(|part| part.amount.minor()).sum::<i64>(), amount);
                    let of = |part: &Allocation| *bills.iter().find(|due| due.bill == part.bill).expect("one of them");
                    let keys: Vec<_> = parts.iter().map(|part| (of(part).due_date, of(part).number)).collect();
                    prop_assert!(keys.is_sorted_by(|one, other| one < other), "oldest due first, each once");
                    for (at, part) in parts.iter().enumerate() {
                        let free = of(part).balance.minor() - of(part).held.minor();
                        prop_assert!(part.amount.minor() > 0 && part.amount.minor() <= free);
                        prop_assert!(at + 1 == parts.len() || part.amount.minor() == free, "the first are paid wholly");
                    }
                    let first = keys.last().copied().expect("a part");
                    let skipped = bills.iter().filter(|due| parts.iter().all(|part| part.bill != due.bill));
                    for due in skipped {
                        prop_assert!(due.balance == due.held || (due.due_date, due.number) > first);
                    }
                }
                Err(SpreadError::NothingDue) => prop_assert_eq!(balance, 0),
                Err(SpreadError::ExceedsBalance(found)) => {
                    prop_assert_eq!(found.minor(), balance);
                    prop_assert!(amount > balance);
                }
                Err(SpreadError::InProgress) => prop_assert!(amount > free && amount <= balance),
                Err(SpreadError::Money(_)) => prop_assert!(false, "one currency, no overflow"),
            }
        }
    }
}
