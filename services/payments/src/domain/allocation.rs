//! For which bills a payment is meant. What is left of it becomes credit.

use ids::BillId;
use money::{Money, MoneyError};

/// What of a payment is meant for a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The bill.
    pub bill: BillId,
    /// Above 0.
    pub amount: Money,
}

/// Why allocations do not fit their payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// They sum up to more than the payment.
    #[error("the allocations sum up to {0}, more than the payment")]
    ExceedAmount(Money),
    /// A bill is named twice; the index is the second's.
    #[error("a bill is named twice")]
    Twice(usize),
    /// Amounts that cannot be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Whether the allocations fit a payment of `amount`. Errors: see [`AllocationError`].
pub fn check(amount: Money, allocations: &[Allocation]) -> Result<(), AllocationError> {
    let twice = (1..allocations.len()).find(|at| {
        let (before, rest) = allocations.split_at(*at);
        rest.first()
            .is_some_and(|one| before.iter().any(|other| other.bill == one.bill))
    });
    if let Some(at) = twice {
        return Err(AllocationError::Twice(at));
    }
    let sum = Money::sum(amount.currency(), allocations.iter().map(|one| one.amount))?;
    if sum.compare(amount)?.is_gt() {
        return Err(AllocationError::ExceedAmount(sum));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn bill(number: u128) -> BillId {
        BillId::from(uuid::Uuid::from_u128(number))
    }

    fn parts(amounts: &[i64]) -> Vec<Allocation> {
        let numbered = (1..).zip(amounts);
        numbered
            .map(|(number, minor)| Allocation {
                bill: bill(number),
                amount: usd(*minor),
            })
            .collect()
    }

    #[test]
    fn what_is_left_is_credit_and_more_is_refused() {
        assert_eq!(check(usd(5_000), &[]), Ok(()));
        assert_eq!(check(usd(5_000), &parts(&[4_000, 1_000])), Ok(()));
        assert_eq!(
            check(usd(5_000), &parts(&[4_000, 1_001])),
            Err(AllocationError::ExceedAmount(usd(5_001)))
        );
    }

    #[test]
    fn a_bill_is_named_once() {
        let mut twice = parts(&[1, 2, 3]);
        twice[2].bill = twice[0].bill;
        assert_eq!(check(usd(10), &twice), Err(AllocationError::Twice(2)));
    }

    #[test]
    fn other_currencies_and_sums_beyond_64_bits_are_errors_not_panics() {
        let euros = Allocation {
            bill: bill(1),
            amount: Money::from_minor(1, Currency::EUR),
        };
        assert!(matches!(
            check(usd(10), &[euros]),
            Err(AllocationError::Money(_))
        ));
        assert!(matches!(
            check(usd(10), &parts(&[i64::MAX, i64::MAX])),
            Err(AllocationError::Money(MoneyError::Overflow))
        ));
    }

    proptest! {
        #[test]
        fn allocations_pass_exactly_when_they_sum_up_to_no_more(
            amount in 1_i64..100_000, amounts in proptest::collection::vec(1_i64..50_000, 0..10)
        ) {
            let fits = amounts.iter().sum::<i64>() <= amount;
            prop_assert_eq!(check(usd(amount), &parts(&amounts)).is_ok(), fits);
        }
    }
}
