use crate::domain::account::AccountKind;
use crate::domain::effect::Turnover;
use crate::{Reporting, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Debits and credits by kind of account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountTotals {
    /// Kinds that have transfers.
    pub totals: Vec<(AccountKind, Turnover)>,
    /// Events that are not in it yet.
    pub events_behind: i64,
    /// The last event that is in it.
    pub billing_sequence: i64,
}

/// Reads the ledger as reporting has it.
pub async fn get_account_totals(
    reporting: &Reporting,
    caller: &Caller,
    practice: PracticeId,
) -> Result<AccountTotals> {
    caller.within(practice)?;
    let head = reporting.billing.head(practice).await?;
    let mut tx = pg::begin_snapshot(&reporting.db, practice).await?;
    let totals = store::account_totals::list(&mut tx, practice).await?;
    let applied = store::projections::applied(&mut tx, practice).await?;
    tx.rollback().await?;
    Ok(AccountTotals {
        totals,
        events_behind: (head - applied).max(0),
        billing_sequence: applied,
    })
}
