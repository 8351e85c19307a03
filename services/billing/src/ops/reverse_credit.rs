use super::apply_credit::{CreditApplied, refused, with_credit};
use super::{entry, post};
use crate::domain::credit::{self, CreditLimit};
use crate::domain::entry::Act;
use crate::store::credit_reversals::CreditReversal;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use money::Money;
use pg::RequestKey;

/// What is to be taken off a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseCredit {
    /// The practice.
    pub practice: PracticeId,
    /// The bill that credit pays.
    pub bill: BillId,
    /// How much; all of it when nobody says.
    pub amount: Option<Money>,
    /// In the practice's words.
    pub reason: String,
}

/// Takes credit off a bill again. Errors: as LedgerService.ReverseCredit says.
pub async fn reverse_credit(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: ReverseCredit,
) -> Result<CreditApplied> {
    let (practice_id, bill) = (asked.practice, asked.bill);
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return with_credit(&mut tx, (practice_id, first.into()), now).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let before = store::bills::lock_one(&mut tx, practice_id, bill).await?;
    let amount = match asked.amount {
        Some(amount) => practice.in_currency(amount, "amount")?,
        None => before.standing.credit_applied,
    };

    let (transfers, after) = credit::reverse_credit(&before.standing, amount)
        .map_err(|refusal| refused(refusal, bill))?;
    if transfers.as_slice().is_empty() {
        return Err(Error::ExceedsCredit(CreditLimit::Applied(amount)));
    }
    let act = (Act::CreditReversed(bill), after.client);
    let entry = entry(&billing.clock, act, practice.local_date(now)?, &transfers)?;

    store::bills::update_standings(&mut tx, practice_id, &[after]).await?;
    post(&mut tx, practice_id, now, &entry).await?;
    let reversal = CreditReversal {
        entry: entry.id,
        bill,
        reason: asked.reason,
        reversed_by: caller.subject.clone(),
    };
    store::credit_reversals::insert(&mut tx, practice_id, &reversal, now).await?;
    let reversed = with_credit(&mut tx, (practice_id, bill), now).await?;
    let changed = event::balance_changed(&reversed.bill.bill, entry.id);
    let events = [
        event::of(&billing.clock, &changed),
        event::of(&billing.clock, &event::entry_posted(practice_id, &entry)),
    ];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(reversed)
}
