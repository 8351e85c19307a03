//! A bill enters the books, and leaves them.

use super::account::{Account, AccountKind};
use super::bill::{Revenue, Standing};
use super::entry::{Transfer, Transfers};
use super::shares::Shares;
use ids::TransferId;
use money::{Money, MoneyError};

/// Why a bill cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelRefusal {
    /// It was taken back before.
    Cancelled,
    /// Somebody has paid or decided something on it.
    HasPayments,
    /// An online payment holds part of it.
    PaymentInProgress,
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
    for revenue in [Revenue::Service, Revenue::Product, Revenue::Fee] {
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

/// A bill taken back: every transfer of its issue reversed, and nobody owes anything.
///
/// # Errors
/// See [`CancelRefusal`]. `decided` says that an insurer has paid or decided something, `held` that an online payment is
/// under way.
pub fn cancel_bill(
    standing: &Standing,
    issued: &[(TransferId, Transfer)],
    (decided, held): (bool, bool),
) -> Result<(Transfers, Standing), CancelRefusal> {
    if standing.cancelled {
        return Err(CancelRefusal::Cancelled);
    }
    if decided || standing.has_payments() {
        return Err(CancelRefusal::HasPayments);
    }
    if held {
        return Err(CancelRefusal::PaymentInProgress);
    }
    let mut transfers = Transfers::new();
    for (id, transfer) in issued {
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

const fn revenue_account(revenue: Revenue) -> AccountKind {
    match revenue {
        Revenue::Service => AccountKind::ServiceRevenue,
        Revenue::Product => AccountKind::ProductRevenue,
        Revenue::Fee => AccountKind::FeeRevenue,
    }
}
