//! What an insurer pays and decides.
//!
//! A decision sets both shares for good: of insurance's share what was not paid is not collectable or moves to the
//! client; of the client's share what is no longer owed is not collectable, and what was paid beyond it becomes the
//! client's credit.

use super::account::{Account, AccountKind};
use super::bill::Standing;
use super::entry::Transfers;
use super::payment::Placed;
use money::{Money, MoneyError};
use std::cmp::Ordering;

/// Why an insurer's payment is not booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsurerRefusal {
    /// The bill was taken back.
    #[error("the bill is cancelled")]
    Cancelled,
    /// Insurance owes nothing on this bill and never did.
    #[error("the bill has no insurance share")]
    NoInsuranceShare,
    /// Paid and moved to the client would be more than insurance still owes.
    #[error("insurance owes {0}")]
    ExceedsInsuranceBalance(Money),
    /// Two currencies.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What an insurer's payment does to the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// To write.
    pub transfers: Transfers,
    /// The bill after it.
    pub bill: Standing,
    /// What became the client's credit.
    pub credited: Money,
    /// What it took off the bill's payments, so that it stands in their credit now.
    pub freed: Vec<Placed>,
}

/// Books what an insurer paid, and what it decided the client owes in the end. `placed` is what pays the bill's client
/// share, oldest payment first.
///
/// # Errors
/// See [`InsurerRefusal`].
pub fn receive_insurer_payment(
    bill: &Standing,
    paid: Money,
    client_owes: Option<Money>,
    placed: &[Placed],
) -> Result<Decided, InsurerRefusal> {
    if bill.cancelled {
        return Err(InsurerRefusal::Cancelled);
    }
    let policy = bill.policy.ok_or(InsurerRefusal::NoInsuranceShare)?;
    let receivable = Account::insurance_receivable(bill.bill, bill.client, policy);
    let unpaid = bill.insurance_balance.minus(paid)?;
    if unpaid.is_negative() {
        return Err(InsurerRefusal::ExceedsInsuranceBalance(
            bill.insurance_balance,
        ));
    }
    let mut transfers = Transfers::new();
    transfers.post(
        Account::practice(AccountKind::InsurancePayments),
        receivable,
        paid,
    );
    let after = Standing {
        insurance_balance: unpaid,
        ..*bill
    };
    match client_owes {
        None => {
            let credited = Money::zero(paid.currency());
            Ok(Decided {
                transfers,
                bill: after,
                credited,
                freed: Vec::new(),
            })
        }
        Some(client_owes) => decide(transfers, after, (receivable, client_owes), placed),
    }
}

fn decide(
    mut transfers: Transfers,
    bill: Standing,
    (insurance, client_owes): (Account, Money),
    placed: &[Placed],
) -> Result<Decided, InsurerRefusal> {
    let client = Account::client_receivable(bill.bill, bill.client);
    let contractual = Account::practice(AccountKind::ContractualAdjustments);
    let unpaid = bill.insurance_balance;
    let nothing = Money::zero(unpaid.currency());
    let paid_by_client = bill.client_paid()?;
    match client_owes.compare(bill.client_owes)? {
        Ordering::Greater => {
            let moved = client_owes.minus(bill.client_owes)?;
            let lost = unpaid.minus(moved)?;
            if lost.is_negative() {
                return Err(InsurerRefusal::ExceedsInsuranceBalance(unpaid));
            }
            transfers.post(client, insurance, moved);
            transfers.post(contractual, insurance, lost);
        }
        Ordering::Equal | Ordering::Less => {
            transfers.post(contractual, insurance, unpaid);
            transfers.post(contractual, client, bill.client_owes.minus(client_owes)?);
        }
    }
    let beyond = paid_by_client.minus(client_owes)?;
    let credited = if beyond.is_positive() {
        beyond
    } else {
        nothing
    };
    transfers.post(client, Account::client_credit(bill.client), credited);
    let from_credit = credited.at_most(bill.credit_applied)?;
    let freed = free(credited.minus(from_credit)?, placed)?;
    let after = Standing {
        client_owes,
        insurance_owes: bill.insurance_owes.minus(unpaid)?,
        client_balance: client_owes.minus(paid_by_client.minus(credited)?)?,
        insurance_balance: nothing,
        credit_applied: bill.credit_applied.minus(from_credit)?,
        ..bill
    };
    Ok(Decided {
        transfers,
        bill: after,
        credited,
        freed,
    })
}

/// Takes an amount off payments, last one first.
fn free(amount: Money, placed: &[Placed]) -> Result<Vec<Placed>, MoneyError> {
    let mut left = amount;
    let mut freed = Vec::new();
    for place in placed.iter().rev() {
        let part = left.at_most(place.left)?;
        if part.is_positive() {
            left = left.minus(part)?;
            freed.push(Placed {
                left: part,
                ..*place
            });
        }
    }
    Ok(freed)
}

#[cfg(test)]
mod tests {
    use super::super::books::{bill, id, usd};
    use super::super::entry::Transfer;
    use super::*;

    fn amounts(decided: &Decided) -> Vec<(AccountKind, AccountKind, i64)> {
        let shown = |transfer: &Transfer| {
            (
                transfer.debit.kind,
                transfer.credit.kind,
                transfer.amount.minor(),
            )
        };
        decided.transfers.as_slice().iter().map(shown).collect()
    }

    /// The worked example of domain.md: 150 billed, 40 of it to the client, who has paid them.
    #[test]
    fn allowed_100_paid_75_client_owes_25_with_40_paid() {
        let before = Standing {
            client_balance: usd(0),
            ..bill(7, 4_000, 11_000)
        };
        let placed = [Placed {
            payment: id(5),
            bill: id(7),
            left: usd(4_000),
        }];
        let decided = receive_insurer_payment(&before, usd(7_500), Some(usd(2_500)), &placed)
            .expect("booked");
        assert_eq!(
            amounts(&decided),
            [
                (
                    AccountKind::InsurancePayments,
                    AccountKind::InsuranceReceivable,
                    7_500
                ),
                (
                    AccountKind::ContractualAdjustments,
                    AccountKind::InsuranceReceivable,
                    3_500
                ),
                (
                    AccountKind::ContractualAdjustments,
                    AccountKind::ClientReceivable,
                    1_500
                ),
                (
                    AccountKind::ClientReceivable,
                    AccountKind::ClientCredit,
                    1_500
                ),
            ]
        );
        assert_eq!(decided.credited, usd(1_500));
        assert_eq!(
            decided.freed,
            [Placed {
                payment: id(5),
                bill: id(7),
                left: usd(1_500)
            }]
        );
        assert_eq!(
            (decided.bill.client_owes, decided.bill.client_balance),
            (usd(2_500), usd(0))
        );
        assert_eq!(
            (decided.bill.insurance_owes, decided.bill.insurance_balance),
            (usd(7_500), usd(0))
        );
    }

    #[test]
    fn what_insurance_does_not_take_can_move_to_the_client() {
        let decided =
            receive_insurer_payment(&bill(7, 4_000, 11_000), usd(5_000), Some(usd(10_000)), &[])
                .expect("booked");
        assert_eq!(
            amounts(&decided),
            [
                (
                    AccountKind::InsurancePayments,
                    AccountKind::InsuranceReceivable,
                    5_000
                ),
                (
                    AccountKind::ClientReceivable,
                    AccountKind::InsuranceReceivable,
                    6_000
                ),
            ]
        );
        assert_eq!(decided.bill.client_balance, usd(10_000));
        assert_eq!(decided.bill.insurance_owes, usd(5_000));
    }

    #[test]
    fn a_payment_on_account_leaves_the_shares() {
        let decided = receive_insurer_payment(&bill(7, 4_000, 11_000), usd(5_000), None, &[])
            .expect("booked");
        assert_eq!(
            decided.bill,
            Standing {
                insurance_balance: usd(6_000),
                ..bill(7, 4_000, 11_000)
            }
        );
    }

    #[test]
    fn more_than_insurance_owes_is_refused() {
        let paid = receive_insurer_payment(&bill(7, 4_000, 11_000), usd(11_001), None, &[]);
        assert_eq!(
            paid,
            Err(InsurerRefusal::ExceedsInsuranceBalance(usd(11_000)))
        );
        let moved =
            receive_insurer_payment(&bill(7, 4_000, 11_000), usd(10_000), Some(usd(5_001)), &[]);
        assert_eq!(
            moved,
            Err(InsurerRefusal::ExceedsInsuranceBalance(usd(1_000)))
        );
        let none = receive_insurer_payment(&bill(7, 4_000, 0), usd(1), None, &[]);
        assert_eq!(none, Err(InsurerRefusal::NoInsuranceShare));
    }
}
