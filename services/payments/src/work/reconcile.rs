//! What was left on its way by a crash, a lost answer or a webhook that never came is finished here: after a minute, five,
//! an hour, then daily. Any number of replicas may run it.

use super::{AT_ONCE, BATCH};
use crate::store::processor_objects::Subject;
use crate::store::unsettled::Unsettled;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;

/// After a minute, five more and an hour somebody should look: money may have moved that nobody has.
const ALARM_TRIES: i32 = 3;

/// Reconciles whatever is due, as long as it runs.
pub async fn reconcile(payments: Payments) {
    loop {
        if let Err(error) = reconcile_due(&payments).await {
            tracing::warn!(%error, "the unsettled could not be looked at");
        }
        tokio::time::sleep(payments.timing.poll()).await;
    }
}

/// Reconciles what is due, and answers how many that were.
///
/// # Errors
/// The database failed. A payment's own failure is logged, and it is due again later.
pub async fn reconcile_due(payments: &Payments) -> Result<usize> {
    let claimed = claim(payments).await?;
    let count = claimed.len();
    stream::iter(claimed)
        .for_each_concurrent(AT_ONCE, |unsettled| async move {
            if let Err(error) = go_on(payments, unsettled).await {
                tracing::warn!(subject = ?unsettled.subject, %error, "not settled yet");
            }
        })
        .await;
    Ok(count)
}

/// Takes what is due; until it is looked at again, the next pause passes, whatever happens to this process.
async fn claim(payments: &Payments) -> Result<Vec<Unsettled>> {
    let now = payments.clock.now();
    let after = |pause| now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    let lease_end = after(payments.timing.lease());
    let mut tx = pg::begin_any(&payments.db).await?;
    let claimed = store::unsettled::claim_due(&mut tx, now, lease_end, BATCH).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn go_on(payments: &Payments, unsettled: Unsettled) -> Result<()> {
    // A payer may take a day to give a card.
    let waits_for_payer = matches!(unsettled.subject, Subject::Setup(_));
    if unsettled.tries > ALARM_TRIES && !waits_for_payer {
        tracing::error!(subject = ?unsettled.subject, tries = unsettled.tries, "unsettled for longer than an hour");
    }
    let caller = Caller::worker("payments");
    let practice = unsettled.practice;
    let outcome = match unsettled.subject {
        Subject::Payment(payment) => {
            ops::continue_payment(payments, &caller, practice, payment).await
        }
        Subject::Refund(refund) => ops::continue_refund(payments, &caller, practice, refund)
            .await
            .map(|()| None),
        Subject::Setup(setup) => ops::continue_setup(payments, &caller, practice, setup)
            .await
            .map(|()| None),
        Subject::Detachment(detachment) => {
            let going_on = ops::continue_detachment(payments, &caller, practice, detachment);
            going_on.await.map(|()| None)
        }
        // Never in the queue: what has to be done about a method is a detachment.
        Subject::Method(_) => Ok(None),
    };
    let pause = payments.timing.reconcile_after(unsettled.tries);
    let due = payments.clock.now().saturating_add(pause);
    let due = due.unwrap_or(Timestamp::MAX);
    let latest = outcome.as_ref().ok().copied().flatten();
    let due = latest.map_or(due, |latest| due.min(latest));
    let mut tx = pg::begin_any(&payments.db).await?;
    store::unsettled::release(&mut tx, unsettled.subject, Some(due)).await?;
    tx.commit().await?;
    outcome.map(drop)
}
