use crate::domain::effect::{Effect, Entry};
use crate::{Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use money::Money;
use pg::Tx;

/// Takes an entry of the ledger into the totals, its day's revenue, and the refund it books.
pub async fn record_entry(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    entry: &Entry,
) -> Result<()> {
    caller.within(practice)?;
    let Some(effect) = Effect::of(&entry.transfers)? else {
        return Ok(());
    };
    let currency = effect.billed.currency();
    store::account_totals::add(tx, practice, currency, &effect.turnovers).await?;
    if !effect.billed.is_zero() || !effect.received.is_zero() {
        store::revenue_days::add(tx, practice, entry.date, &effect).await?;
    }
    if let Some(refund) = entry.refund {
        let returned = if entry.came_back {
            Money::zero(currency)
        } else {
            effect.received.negated()?
        };
        store::refunds::set_returned(tx, practice, refund, returned).await?;
    }
    Ok(())
}
