use crate::domain::invariant;
use crate::store::accounts::TrialLine;
use crate::store::verify::Violation;
use crate::store::verify_totals::Totals;
use crate::{Billing, Error, Result, SCHEMA, store};
use ::rpc::Caller;
use ids::PracticeId;
use money::{Currency, Money};
use pg::Pool;
use pg::verify::Finding;

/// How many are named.
const MOST: usize = 100;

/// What the check of the books found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// At most 100; none when the books are honest.
    pub violations: Vec<Finding>,
    /// How many transfers were read.
    pub transfer_count: i64,
}

/// Recomputes the invariants of the ledger at one moment and names what breaks them. Errors: none of its own.
pub async fn verify_books(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
) -> Result<Verified> {
    caller.within(practice)?;
    verify_practice(&billing.db, practice).await
}

/// The same for whoever has the database.
///
/// # Errors
/// The database failed.
pub async fn verify_practice(db: &Pool, practice: PracticeId) -> Result<Verified> {
    let mut tx = pg::verify::begin(db, practice).await?;
    let mut violations = store::verify::balances(&mut tx, practice).await?;
    violations.extend(store::verify::bills(&mut tx, practice).await?);
    violations.extend(store::verify::payments(&mut tx, practice).await?);
    violations.extend(store::verify::entries(&mut tx, practice).await?);
    violations.extend(store::verify_corrections::corrections(&mut tx, practice).await?);
    violations.extend(store::verify::sessions(&mut tx, practice).await?);
    violations.extend(store::verify::adjustments(&mut tx, practice).await?);
    violations.extend(store::verify_processor::refunds(&mut tx, practice).await?);
    violations.extend(store::verify_processor::disputes(&mut tx, practice).await?);
    violations.extend(store::verify_payouts::clearing(&mut tx, practice).await?);
    violations.extend(store::verify_payouts::bank(&mut tx, practice).await?);
    let named = violations.into_iter().map(named);
    let mut violations = named.collect::<Result<Vec<Finding>>>()?;
    violations.extend(pg::verify::stream(&mut tx, SCHEMA, practice).await?);
    violations.truncate(MOST);
    let transfer_count = store::verify::transfer_count(&mut tx, practice).await?;
    Ok(Verified {
        violations,
        transfer_count,
    })
}

/// What was booked of payments and refunds, for whoever holds it against what payments says.
///
/// # Errors
/// The database failed.
pub async fn totals(db: &Pool, practice: PracticeId) -> Result<Totals> {
    let mut tx = pg::begin(db, practice).await?;
    Ok(store::verify_totals::totals(&mut tx, practice).await?)
}

fn named(found: Violation) -> Result<Finding> {
    let invariant = invariant::of(&found.invariant).ok_or(Error::Stored("an invariant"))?;
    Ok(Finding::new(invariant, found.subject, found.explanation))
}

/// Debits and credits of every kind of account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// Kinds that have transfers.
    pub lines: Vec<TrialLine>,
    /// Of all lines.
    pub total_debits: Money,
    /// Of all lines.
    pub total_credits: Money,
    /// Every kept balance equals its recomputation.
    pub balances_match_transfers: bool,
}

/// Reads the trial balance and recomputes it from the transfers. Errors: none of its own.
pub async fn get_trial_balance(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
) -> Result<TrialBalance> {
    caller.within(practice)?;
    let mut tx = pg::verify::begin(&billing.db, practice).await?;
    let currency: Currency = store::practices::get(&mut tx, practice).await?.currency;
    let lines = store::accounts::trial_balance(&mut tx, practice).await?;
    let violations = store::verify::balances(&mut tx, practice).await?;
    Ok(TrialBalance {
        total_debits: Money::sum(currency, lines.iter().map(|line| line.debits))?,
        total_credits: Money::sum(currency, lines.iter().map(|line| line.credits))?,
        balances_match_transfers: violations.is_empty(),
        lines,
    })
}
