//! A refund that the payer's bank sent back: the money is the practice's again. It pays the bills that the refund had
//! opened, as far as they are still owed; the rest is the client's credit, since money is never refused.

use super::account::{Account, AccountKind};
use super::bill::Standing;
use super::entry::{Transfer, Transfers};
use super::payment::Placed;
use super::refund::Payment;
use ids::BillId;
use money::{Money, MoneyError};

/// What a refund that came back does to the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Returned {
    /// To write; they sum up to the refund.
    pub transfers: Transfers,
    /// The payment after it.
    pub payment: Payment,
    /// What it puts on which bill's payment again.
    pub placed: Vec<Placed>,
    /// The bills it changed, as they stand after it.
    pub bills: Vec<Standing>,
}

/// Undoes a refund that was booked by `posted`. `room` is how much less of the payment lies on each bill than at first,
/// in the order of its allocations; `bills` are the bills that the refund had opened.
///
/// # Errors
/// Two currencies, or too large a sum.
pub fn refund_returned(
    payment: &Payment,
    posted: &[Transfer],
    room: &[Placed],
    bills: &[Standing],
) -> Result<Returned, MoneyError> {
    let from = payment.kind.account();
    let credit = Account::client_credit(payment.client);
    let mut returned = Returned {
        transfers: Transfers::new(),
        payment: *payment,
        placed: Vec::new(),
        bills: bills.to_vec(),
    };
    for transfer in posted {
        let amount = transfer.amount;
        let fits = match receivable(transfer) {
            Some(bill) => returned.pay(bill, amount, room)?,
            None => Money::zero(amount.currency()),
        };
        let rest = amount.minus(fits)?;
        returned.transfers.post(from, credit, rest);
        let after = &mut returned.payment;
        after.credit_left = after.credit_left.plus(rest)?;
        after.refunded = after.refunded.minus(amount)?;
    }
    let changed = |bill: &Standing| bills.iter().all(|before| before != bill);
    returned.bills.retain(changed);
    Ok(returned)
}

/// The bill that a transfer of the refund opened.
fn receivable(transfer: &Transfer) -> Option<BillId> {
    (transfer.debit.kind == AccountKind::ClientReceivable)
        .then_some(transfer.debit.bill)
        .flatten()
}

impl Returned {
    /// Pays a bill again, at most what is owed on it: as the payment's own money as far as that lay on it before, else as
    /// the client's credit. Answers how much it took.
    fn pay(&mut self, bill: BillId, amount: Money, room: &[Placed]) -> Result<Money, MoneyError> {
        let nothing = Money::zero(amount.currency());
        let Some(after) = self.bills.iter_mut().find(|known| known.bill == bill) else {
            return Ok(nothing);
        };
        let fits = amount.at_most(after.client_balance)?;
        let free = room.iter().find(|place| place.bill == bill);
        let free = free.map_or(nothing, |place| place.left);
        let used = self.placed.iter().filter(|place| place.bill == bill);
        let used = Money::sum(amount.currency(), used.map(|place| place.left))?;
        let own = fits.at_most(free.minus(used)?)?;
        let by_credit = fits.minus(own)?;
        after.client_balance = after.client_balance.minus(fits)?;
        after.credit_applied = after.credit_applied.plus(by_credit)?;
        let receivable = Account::client_receivable(bill, after.client);
        self.transfers
            .post(self.payment.kind.account(), receivable, fits);
        self.payment.credit_left = self.payment.credit_left.plus(by_credit)?;
        if own.is_positive() {
            self.placed.push(Placed {
                payment: self.payment.payment,
                bill,
                left: own,
            });
        }
        Ok(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::super::books::{bill, id, usd};
    use super::super::payment::PaymentKind;
    use super::super::refund::{Sources, refund};
    use super::*;
    use proptest::prelude::*;

    fn paid_with(amount: i64, credit_left: i64) -> Payment {
        Payment {
            payment: id(5),
            client: id(1),
            kind: PaymentKind::Card,
            amount: usd(amount),
            credit_left: usd(credit_left),
            refunded: usd(0),
        }
    }

    fn paid(number: u128, amount: i64) -> Standing {
        Standing {
            client_balance: usd(0),
            ..bill(number, amount, 0)
        }
    }

    fn on(number: u128, left: i64) -> Placed {
        Placed {
            payment: id(5),
            bill: id(number),
            left: usd(left),
        }
    }

    #[test]
    fn the_bill_it_had_opened_is_paid_again() {
        let sources = Sources {
            placed: vec![on(7, 4_000)],
            credit: usd(0),
            credit_bills: vec![],
            bills: vec![paid(7, 4_000)],
        };
        let gone = refund(&paid_with(4_000, 0), usd(1_000), false, &sources).expect("booked");
        let back = refund_returned(
            &gone.payment,
            gone.transfers.as_slice(),
            &[on(7, 1_000)],
            &gone.bills,
        )
        .expect("booked");
        assert_eq!(back.bills[0].client_balance, usd(0));
        assert_eq!(back.placed, [on(7, 1_000)]);
        assert_eq!(back.payment, paid_with(4_000, 0));
    }

    #[test]
    fn a_bill_that_was_paid_otherwise_meanwhile_makes_it_credit() {
        let sources = Sources {
            placed: vec![on(7, 4_000)],
            credit: usd(0),
            credit_bills: vec![],
            bills: vec![paid(7, 4_000)],
        };
        let gone = refund(&paid_with(4_000, 0), usd(4_000), false, &sources).expect("booked");
        let partly_paid = Standing {
            client_balance: usd(1_500),
            ..gone.bills[0]
        };
        let back = refund_returned(
            &gone.payment,
            gone.transfers.as_slice(),
            &[on(7, 4_000)],
            &[partly_paid],
        )
        .expect("booked");
        assert_eq!(back.bills[0].client_balance, usd(0));
        assert_eq!(back.payment.credit_left, usd(2_500));
        assert_eq!(back.payment.refunded, usd(0));
    }

    proptest! {
        #[test]
        fn whatever_happened_to_the_bills_all_of_it_is_somewhere(
            first in 1_i64..5_000,
            second in 1_i64..5_000,
            credit in 0_i64..3_000,
            share in 1_i64..100,
            left_on_first in 0_i64..5_000,
            left_on_second in 0_i64..5_000,
        ) {
            let amount = first + second + credit;
            let asked = (amount * share / 100).max(1);
            let payment = paid_with(amount, credit);
            let sources = Sources {
                placed: vec![on(7, first), on(8, second)],
                credit: usd(credit),
                credit_bills: vec![],
                bills: vec![paid(7, first), paid(8, second)],
            };
            let gone = refund(&payment, usd(asked), false, &sources).expect("booked");
            let since = |mut bill: Standing| {
                let left = if bill.bill == id(7) { left_on_first } else { left_on_second };
                bill.client_balance = usd(left.min(bill.client_balance.minor()));
                bill
            };
            let bills: Vec<Standing> = gone.bills.iter().copied().map(since).collect();
            let back = refund_returned(&gone.payment, gone.transfers.as_slice(), &gone.taken, &bills)
                .expect("booked");
            let moved: i64 = back.transfers.as_slice().iter().map(|it| it.amount.minor()).sum();
            prop_assert_eq!(moved, asked);
            prop_assert_eq!(back.payment.refunded, usd(0));
            let placed: i64 = back.placed.iter().map(|place| place.left.minor()).sum();
            let taken: i64 = gone.taken.iter().map(|place| place.left.minor()).sum();
            prop_assert_eq!(
                back.payment.credit_left.minor() + first + second - taken + placed,
                amount,
                "refunded, credit and what is on bills is the payment"
            );
            for bill in &back.bills {
                prop_assert!(!bill.client_balance.is_negative());
            }
        }
    }
}
