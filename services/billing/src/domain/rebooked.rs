//! A payment that came on another day than it was booked. Its entry is reversed on the day that it says, and booked anew on
//! the right one: between them nobody owes or has more or less than before, only on the days between.

use super::entry::{Transfer, Transfers};
use ids::TransferId;

/// What moves a payment to another day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebooked {
    /// Of the former day: the opposite of what stood.
    pub reversed: Transfers,
    /// Of the right day: what stood, anew.
    pub anew: Transfers,
}

/// Moves what a payment's entry says. What became of the money since, as when credit was used, stays where and when it was
/// booked.
#[must_use]
pub fn rebook(posted: &[(TransferId, Transfer)]) -> Rebooked {
    let mut rebooked = Rebooked::default();
    for (id, transfer) in posted {
        rebooked.reversed.reverse(*id, *transfer);
        let Transfer {
            debit,
            credit,
            amount,
            ..
        } = *transfer;
        rebooked.anew.post(debit, credit, amount);
    }
    rebooked
}

#[cfg(test)]
mod tests {
    use super::super::account::{Account, AccountKind};
    use super::super::books::{id, usd};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Debits less credits of each account.
    fn balances<'a>(transfers: impl IntoIterator<Item = &'a Transfers>) -> BTreeMap<Account, i64> {
        let mut balances = BTreeMap::new();
        for transfer in transfers.into_iter().flat_map(Transfers::as_slice) {
            *balances.entry(transfer.debit).or_default() += transfer.amount.minor();
            *balances.entry(transfer.credit).or_default() -= transfer.amount.minor();
        }
        balances
    }

    proptest! {
        #[test]
        fn whatever_was_paid_and_however_often_it_is_moved_every_balance_stays(
            parts in proptest::collection::vec((1_u128..9, 1_i64..100_000), 0..8),
            credit in 0_i64..50_000,
            moves in 1_usize..5,
        ) {
            let checks = Account::practice(AccountKind::Checks);
            let mut paid = Transfers::new();
            for (bill, amount) in parts {
                paid.post(checks, Account::client_receivable(id(bill), id(1)), usd(amount));
            }
            paid.post(checks, Account::client_credit(id(1)), usd(credit));
            let booked = balances([&paid]);
            let mut stands = paid.clone();
            let mut history = vec![paid.clone()];
            let mut next = 100;
            for _ in 0..moves {
                let posted = stands.as_slice().iter().map(|transfer| {
                    next += 1;
                    (id::<TransferId>(next), *transfer)
                });
                let posted: Vec<_> = posted.collect();
                let Rebooked { reversed, anew } = rebook(&posted);
                // Each transfer is reversed once, by its name.
                let named: Vec<_> = reversed.as_slice().iter().map(|it| it.reverses).collect();
                let wanted: Vec<_> = posted.iter().map(|(id, _)| Some(*id)).collect();
                prop_assert_eq!(named, wanted);
                prop_assert!(balances([&stands, &reversed]).values().all(|left| *left == 0));
                prop_assert_eq!(balances([&anew]), booked.clone());
                history.extend([reversed, anew.clone()]);
                stands = anew;
            }
            prop_assert_eq!(balances(&history), booked);
        }
    }
}
