//! A bill enters the books, and leaves them.

use super::account::{Account, AccountKind};
use super::bill::{Revenue, Standing};
use super::entry::{Transfer, Transfers};
use super::shares::Shares;
use ids::TransferId;
use money::{Money, MoneyError};

/// Why a bill cannot be taken back or made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fixed {
    /// It was taken back before.
    #[error("the bill is cancelled")]
    Cancelled,
    /// Somebody has paid or decided something on it.
    #[error("the bill has payments")]
    HasPayments,
    /// An online payment holds part of it.
    #[error("a payment of the bill is in progress")]
    PaymentInProgress,
    /// Two currencies, or too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// A bill issued: each share of each kind of revenue becomes a receivable.
///
/// # Errors
/// Amounts of two currencies, or too large a sum.
pub fn issue_bill(
    standing: &Standing,
    lines: &[(Revenue, Shares)],
) -> Result<Transfers, MoneyError> {
    let mut transfers = Transfers::new();
    let nothing = Money::zero(standing.client_owes.currency());
    for revenue in [
        Revenue::Service,
        Revenue::Product,
        Revenue::Fee,
        Revenue::Opening,
    ] {
        let of_kind = || {
            lines
                .iter()
                .filter(move |(kind, _)| *kind == revenue)
                .map(|(_, shares)| shares)
        };
        let client = Money::sum(nothing.currency(), of_kind().map(|shares| shares.client))?;
        let insurance = Money::sum(nothing.currency(), of_kind().map(|shares| shares.insurance))?;
        let earned = Account::practice(revenue_account(revenue));
        transfers.post(
            Account::client_receivable(standing.bill, standing.client),
            earned,
            client,
        );
        if let Some(policy) = standing.policy {
            let receivable = Account::insurance_receivable(standing.bill, standing.client, policy);
            transfers.post(receivable, earned, insurance);
        }
    }
    Ok(transfers)
}

/// A bill taken back: every transfer of it that counts (its issue, its adjustments) reversed, and nobody owes anything.
///
/// # Errors
/// See [`Fixed`] and [`changeable`].
pub fn cancel_bill(
    standing: &Standing,
    booked: &[(TransferId, Transfer)],
    under_way: UnderWay,
) -> Result<(Transfers, Standing), Fixed> {
    changeable(standing, under_way)?;
    let mut transfers = Transfers::new();
    for (id, transfer) in booked {
        transfers.reverse(*id, *transfer);
    }
    let nothing = Money::zero(standing.client_owes.currency());
    let cancelled = Standing {
        cancelled: true,
        client_owes: nothing,
        insurance_owes: nothing,
        client_balance: nothing,
        insurance_balance: nothing,
        ..*standing
    };
    Ok((transfers, cancelled))
}

/// A bill made anew under its number: what was booked of it reversed, and booked as it is now. The new standing's
/// balances are what it owes.
///
/// # Errors
/// See [`Fixed`] and [`changeable`].
pub fn edit_bill(
    before: &Standing,
    booked: &[(TransferId, Transfer)],
    under_way: UnderWay,
    (after, lines): (&Standing, &[(Revenue, Shares)]),
) -> Result<Transfers, Fixed> {
    changeable(before, under_way)?;
    let mut transfers = Transfers::new();
    for (id, transfer) in booked {
        transfers.reverse(*id, *transfer);
    }
    for issued in issue_bill(after, lines)?.as_slice() {
        transfers.post(issued.debit, issued.credit, issued.amount);
    }
    Ok(transfers)
}

/// What else is known of a bill that somebody wants to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// An insurer has paid or decided something.
    pub decided: bool,
    /// An online payment holds part of it.
    pub held: bool,
}

/// What a bill says can change while nobody has paid on it.
///
/// # Errors
/// See [`Fixed`].
pub fn changeable(standing: &Standing, under_way: UnderWay) -> Result<(), Fixed> {
    if standing.cancelled {
        return Err(Fixed::Cancelled);
    }
    if under_way.decided || standing.has_payments() {
        return Err(Fixed::HasPayments);
    }
    if under_way.held {
        return Err(Fixed::PaymentInProgress);
    }
    Ok(())
}

const fn revenue_account(revenue: Revenue) -> AccountKind {
    match revenue {
        Revenue::Service => AccountKind::ServiceRevenue,
        Revenue::Product => AccountKind::ProductRevenue,
        Revenue::Fee => AccountKind::FeeRevenue,
        Revenue::Opening => AccountKind::OpeningBalanceEquity,
    }
}
