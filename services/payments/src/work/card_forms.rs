//! New clients are asked for a card, and payers who have not signed, or whose card is on a former account, are asked again. Any number of replicas may run it.

use super::BATCH;
use crate::store::authorization_queue::{Due, Waiting};
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use ids::{AuthorizationId, ClientId};
use jiff::Timestamp;

/// Asks whoever is due, as long as it runs.
pub async fn ask_for_cards(payments: Payments) {
    loop {
        if let Err(error) = ask_for_cards_due(&payments).await {
            tracing::warn!(%error, "nobody could be asked for a card");
        }
        tokio::time::sleep(payments.timing.poll()).await;
    }
}

/// Asks whoever is due, and answers how many that were.
///
/// # Errors
/// The database failed. One's own failure is logged, and it is due again when the lease ends.
pub async fn ask_for_cards_due(payments: &Payments) -> Result<usize> {
    let now = payments.clock.now();
    let lease_end = now.saturating_add(payments.timing.lease());
    let lease_end = lease_end.unwrap_or(Timestamp::MAX);
    let mut tx = pg::begin_any(&payments.db).await?;
    let claimed = store::authorization_queue::claim_due(&mut tx, now, lease_end, BATCH).await?;
    tx.commit().await?;
    for due in &claimed {
        if let Err(error) = ask(payments, *due).await {
            tracing::warn!(subject = ?due, %error, "not asked for a card yet");
        }
    }
    Ok(claimed.len())
}

async fn ask(payments: &Payments, due: Due) -> Result<()> {
    let caller = Caller::worker("payments");
    match due.waiting {
        Waiting::Intake => {
            let client = ClientId::from(due.subject);
            ops::ask_at_intake(payments, &caller, due.practice, client).await
        }
        Waiting::Reminder => {
            let form = AuthorizationId::from(due.subject);
            ops::remind_by_itself(payments, &caller, (due.practice, form)).await
        }
        Waiting::NewCard => {
            ops::ask_for_new_card(payments, &caller, (due.practice, due.subject)).await
        }
    }
}
