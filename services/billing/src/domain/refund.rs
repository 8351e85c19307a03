//! Money given back: what of the payment is credit first, then its bills, last one first, which are open again for it.
//!
//! Credit is one pot: when the payment's part of it has been used for other bills meanwhile, those are open again.
//! That there always are such bills follows from: the payments' parts of the pot ≤ the pot + credit applied to bills.

use super::account::Account;
use super::bill::Standing;
use super::entry::Transfers;
use super::payment::{PaymentKind, Placed};
use ids::{ClientId, PaymentId};
use money::{Money, MoneyError};

/// A booked payment, read under its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The payment.
    pub payment: PaymentId,
    /// Whose.
    pub client: ClientId,
    /// How it came.
    pub kind: PaymentKind,
    /// The whole of it.
    pub amount: Money,
    /// What of it is credit, used or not.
    pub credit_left: Money,
    /// What was given back.
    pub refunded: Money,
}

/// Where the money of a refund can come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources {
    /// What of the payment pays which bill, in the order of its allocations.
    pub placed: Vec<Placed>,
    /// The client's credit now.
    pub credit: Money,
    /// The client's bills that are paid from credit, oldest first.
    pub credit_bills: Vec<Standing>,
    /// The bills of `placed`.
    pub bills: Vec<Standing>,
}

/// Why a refund is not booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefusal {
    /// More than is left of the payment.
    #[error("{0} is left of the payment")]
    ExceedsPayment(Money),
    /// The sources were read before somebody used credit; read them again.
    #[error("credit moved meanwhile")]
    Overtaken,
    /// Two currencies.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What a refund does to the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Refunded {
    /// To write. None at all when credit stays credit.
    pub transfers: Transfers,
    /// The payment after it.
    pub payment: Payment,
    /// What it took off which bill's payment.
    pub taken: Vec<Placed>,
    /// The bills it changed, as they stand after it.
    pub bills: Vec<Standing>,
}

/// Books a refund of a payment; `to_credit` leaves the money with the practice as the client's credit.
///
/// # Errors
/// See [`RefundRefusal`].
pub fn refund(
    payment: &Payment,
    amount: Money,
    to_credit: bool,
    sources: &Sources,
) -> Result<Refunded, RefundRefusal> {
    let left = payment.amount.minus(payment.refunded)?;
    if amount.compare(left)?.is_gt() {
        return Err(RefundRefusal::ExceedsPayment(left));
    }
    let to = if to_credit {
        Account::client_credit(payment.client)
    } else {
        payment.kind.account()
    };
    let mut taking = Taking {
        left: amount,
        to,
        transfers: Transfers::new(),
        taken: Vec::new(),
        bills: Vec::new(),
    };
    let mut credit_left = payment.credit_left;
    if to_credit {
        taking.take_bills(sources)?;
        credit_left = credit_left.minus(taking.left)?;
    } else {
        let from_credit = amount.at_most(credit_left)?.at_most(sources.credit)?;
        taking
            .transfers
            .post(Account::client_credit(payment.client), to, from_credit);
        taking.left = taking.left.minus(from_credit)?;
        taking.take_bills(sources)?;
        credit_left = credit_left.minus(from_credit)?.minus(taking.left)?;
        taking.take_credit_bills(sources)?;
        if taking.left.is_positive() {
            return Err(RefundRefusal::Overtaken);
        }
    }
    if credit_left.is_negative() {
        return Err(RefundRefusal::Overtaken);
    }
    let payment = Payment {
        credit_left,
        refunded: payment.refunded.plus(amount)?,
        ..*payment
    };
    Ok(Refunded {
        transfers: taking.transfers,
        payment,
        taken: taking.taken,
        bills: taking.bills,
    })
}

/// A refund in the making.
struct Taking {
    left: Money,
    to: Account,
    transfers: Transfers,
    taken: Vec<Placed>,
    bills: Vec<Standing>,
}

impl Taking {
    /// From what the payment pays, last bill first.
    fn take_bills(&mut self, sources: &Sources) -> Result<(), MoneyError> {
        for place in sources.placed.iter().rev() {
            let Some(bill) = sources.bills.iter().find(|bill| bill.bill == place.bill) else {
                continue;
            };
            let part = self.left.at_most(place.left)?;
            if part.is_positive() {
                self.reopen(bill, part)?;
                self.taken.push(Placed {
                    left: part,
                    ..*place
                });
            }
        }
        Ok(())
    }

    /// From bills that credit pays, last one first.
    fn take_credit_bills(&mut self, sources: &Sources) -> Result<(), MoneyError> {
        for bill in sources.credit_bills.iter().rev() {
            let part = self.left.at_most(bill.credit_applied)?;
            if part.is_positive() {
                let after = self.reopen(bill, part)?;
                after.credit_applied = after.credit_applied.minus(part)?;
            }
        }
        Ok(())
    }

    /// client receivable ← where the money goes back to.
    fn reopen(&mut self, bill: &Standing, part: Money) -> Result<&mut Standing, MoneyError> {
        self.left = self.left.minus(part)?;
        self.transfers.post(
            Account::client_receivable(bill.bill, bill.client),
            self.to,
            part,
        );
        let at = match self.bills.iter().position(|known| known.bill == bill.bill) {
            Some(at) => at,
            None => {
                self.bills.push(*bill);
                self.bills.len() - 1
            }
        };
        let after = &mut self.bills[at];
        after.client_balance = after.client_balance.plus(part)?;
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::super::books::{bill, id, usd};
    use super::*;

    fn payment(amount: i64, credit_left: i64) -> Payment {
        Payment {
            payment: id(5),
            client: id(1),
            kind: PaymentKind::Card,
            amount: usd(amount),
            credit_left: usd(credit_left),
            refunded: usd(0),
        }
    }

    fn paid(number: u128, amount: i64) -> (Placed, Standing) {
        let standing = Standing {
            client_balance: usd(0),
            ..bill(number, amount, 0)
        };
        (
            Placed {
                payment: id(5),
                bill: id(number),
                left: usd(amount),
            },
            standing,
        )
    }

    #[test]
    fn ten_of_a_card_payment_open_the_bill_again_for_ten() {
        let (placed, standing) = paid(7, 4_000);
        let sources = Sources {
            placed: vec![placed],
            credit: usd(0),
            credit_bills: vec![],
            bills: vec![standing],
        };
        let refunded = refund(&payment(4_000, 0), usd(1_000), false, &sources).expect("booked");
        assert_eq!(refunded.bills[0].client_balance, usd(1_000));
        assert_eq!(
            refunded.taken,
            [Placed {
                left: usd(1_000),
                ..placed
            }]
        );
    }

    #[test]
    fn credit_goes_back_first_then_the_last_bill() {
        let ((first, one), (second, two)) = (paid(7, 4_000), paid(8, 2_000));
        let sources = Sources {
            placed: vec![first, second],
            credit: usd(1_000),
            credit_bills: vec![],
            bills: vec![one, two],
        };
        let refunded = refund(&payment(7_000, 1_000), usd(3_500), false, &sources).expect("booked");
        assert_eq!(refunded.payment.credit_left, usd(0));
        let taken: Vec<_> = refunded
            .taken
            .iter()
            .map(|place| (place.bill, place.left))
            .collect();
        assert_eq!(taken, [(id(8), usd(2_000)), (id(7), usd(500))]);
    }

    #[test]
    fn credit_that_was_used_is_taken_from_where_it_went() {
        let (placed, standing) = paid(7, 4_000);
        let used = Standing {
            client_balance: usd(0),
            credit_applied: usd(1_000),
            ..bill(9, 1_000, 0)
        };
        let sources = Sources {
            placed: vec![placed],
            credit: usd(0),
            credit_bills: vec![used],
            bills: vec![standing],
        };
        let refunded = refund(&payment(5_000, 1_000), usd(5_000), false, &sources).expect("booked");
        assert_eq!(refunded.payment.credit_left, usd(0));
        let reopened = refunded
            .bills
            .iter()
            .find(|bill| bill.bill == id(9))
            .expect("changed");
        assert_eq!(
            (reopened.client_balance, reopened.credit_applied),
            (usd(1_000), usd(0))
        );
    }

    #[test]
    fn a_refund_to_credit_opens_the_bill_and_keeps_the_money() {
        let (placed, standing) = paid(7, 4_000);
        let sources = Sources {
            placed: vec![placed],
            credit: usd(0),
            credit_bills: vec![],
            bills: vec![standing],
        };
        let refunded = refund(&payment(4_000, 0), usd(4_000), true, &sources).expect("booked");
        assert_eq!(
            refunded.transfers.as_slice()[0].credit,
            Account::client_credit(id(1))
        );
        assert_eq!(refunded.bills[0].client_balance, usd(4_000));
    }

    #[test]
    fn refunds_never_exceed_the_payment() {
        let (placed, standing) = paid(7, 4_000);
        let sources = Sources {
            placed: vec![placed],
            credit: usd(0),
            credit_bills: vec![],
            bills: vec![standing],
        };
        let half = Payment {
            refunded: usd(2_000),
            ..payment(4_000, 0)
        };
        let refused = refund(&half, usd(2_001), false, &sources);
        assert_eq!(refused, Err(RefundRefusal::ExceedsPayment(usd(2_000))));
    }
}
