//! Credit used for a bill, and credit brought from a former system.

use super::account::{Account, AccountKind};
use super::bill::Standing;
use super::entry::Transfers;
use ids::ClientId;
use money::{Money, MoneyError};

/// Why credit is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditRefusal {
    /// The bill was taken back.
    #[error("the bill is cancelled")]
    Cancelled,
    /// There is less credit.
    #[error("the credit is {0}")]
    ExceedsCredit(Money),
    /// The client owes less.
    #[error("the client owes {0}")]
    ExceedsClientBalance(Money),
    /// Two currencies.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Pays a bill from the client's credit: client credit ← client receivable.
///
/// # Errors
/// See [`CreditRefusal`].
pub fn apply_credit(
    standing: &Standing,
    amount: Money,
    credit: Money,
) -> Result<(Transfers, Standing), CreditRefusal> {
    if standing.cancelled {
        return Err(CreditRefusal::Cancelled);
    }
    if amount.compare(credit)?.is_gt() {
        return Err(CreditRefusal::ExceedsCredit(credit));
    }
    if amount.compare(standing.client_balance)?.is_gt() {
        return Err(CreditRefusal::ExceedsClientBalance(standing.client_balance));
    }
    let mut transfers = Transfers::new();
    transfers.post(
        Account::client_credit(standing.client),
        Account::client_receivable(standing.bill, standing.client),
        amount,
    );
    let after = Standing {
        client_balance: standing.client_balance.minus(amount)?,
        credit_applied: standing.credit_applied.plus(amount)?,
        ..*standing
    };
    Ok((transfers, after))
}

/// What the former system held for a client: opening balance equity ← client credit.
#[must_use]
pub fn bring_credit(client: ClientId, amount: Money) -> Transfers {
    let mut transfers = Transfers::new();
    transfers.post(
        Account::practice(AccountKind::OpeningBalanceEquity),
        Account::client_credit(client),
        amount,
    );
    transfers
}
