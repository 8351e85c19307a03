//! Credit used for a bill, taken off it again, and brought from a former system.

use super::account::{Account, AccountKind};
use super::bill::Standing;
use super::entry::Transfers;
use ids::ClientId;
use money::{Money, MoneyError};

/// What credit that is used, or taken off a bill, cannot exceed. `Display` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditLimit {
    /// What the client has.
    #[error("the client's credit is {0}")]
    Left(Money),
    /// What of it pays the bill.
    #[error("the bill has {0} from credit")]
    Applied(Money),
}

impl CreditLimit {
    /// What programs go by.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Left(_) => "EXCEEDS_CREDIT",
            Self::Applied(_) => "EXCEEDS_APPLIED_CREDIT",
        }
    }
}

/// Why credit is not used, or not taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditRefusal {
    /// The bill was taken back.
    #[error("the bill is cancelled")]
    Cancelled,
    /// There is less credit.
    #[error(transparent)]
    Exceeds(CreditLimit),
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
        return Err(CreditRefusal::Exceeds(CreditLimit::Left(credit)));
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

/// Takes credit off a bill again: client receivable ← client credit. The client owes it again, and has it again. No
/// payment's part of the credit changes by it, as none did when it was used.
///
/// # Errors
/// See [`CreditRefusal`].
pub fn reverse_credit(
    standing: &Standing,
    amount: Money,
) -> Result<(Transfers, Standing), CreditRefusal> {
    if standing.cancelled {
        return Err(CreditRefusal::Cancelled);
    }
    if amount.compare(standing.credit_applied)?.is_gt() {
        return Err(CreditRefusal::Exceeds(CreditLimit::Applied(
            standing.credit_applied,
        )));
    }
    let mut transfers = Transfers::new();
    transfers.post(
        Account::client_receivable(standing.bill, standing.client),
        Account::client_credit(standing.client),
        amount,
    );
    let after = Standing {
        client_balance: standing.client_balance.plus(amount)?,
        credit_applied: standing.credit_applied.minus(amount)?,
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
