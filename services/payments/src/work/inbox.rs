//! Webhooks have their effect here: the object is read again, so it does not matter how often, in which order or how late
//! they came. One about an object that is not known yet waits, longer each time, and is never answered away.

use super::{AT_ONCE, BATCH};
use crate::store::processor_objects::Subject;
use crate::store::webhooks::Webhook;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

/// For so many looks a payment method that nobody knows may still be on its way to be known.
const STRANGER_TRIES: i32 = 8;
const LONGEST_PAUSE_SECONDS: i64 = 3_600;

/// Processes webhooks as they come.
pub async fn process_webhooks(payments: Payments) {
    loop {
        match process_webhooks_due(&payments).await {
            Ok(count) if count >= usize::try_from(BATCH).unwrap_or(usize::MAX) => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the webhooks could not be looked at"),
        }
        let came = payments.webhook_came.notified();
        let _ = tokio::time::timeout(payments.timing.poll(), came).await;
    }
}

/// Processes what is due, and answers how many that were.
///
/// # Errors
/// The database failed. A webhook's own failure postpones it.
pub async fn process_webhooks_due(payments: &Payments) -> Result<usize> {
    let claimed = claim(payments).await?;
    let count = claimed.len();
    stream::iter(claimed)
        .for_each_concurrent(AT_ONCE, |webhook| async move {
            if let Err(error) = process(payments, &webhook).await {
                tracing::warn!(event = webhook.event, %error, "a webhook stays in the inbox");
            }
        })
        .await;
    Ok(count)
}

async fn claim(payments: &Payments) -> Result<Vec<Webhook>> {
    let now = payments.clock.now();
    let lease_end = after(now, payments.timing.lease());
    let mut tx = pg::begin_any(&payments.db).await?;
    let claimed = store::webhooks::claim_due(&mut tx, now, lease_end, BATCH).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn process(payments: &Payments, webhook: &Webhook) -> Result<()> {
    let taken_in = match take_in(payments, webhook).await {
        Ok(taken_in) => taken_in,
        Err(error) => {
            tracing::warn!(event = webhook.event, %error, "a webhook could not be taken in yet");
            false
        }
    };
    let now = payments.clock.now();
    let mut tx = pg::begin_any(&payments.db).await?;
    if taken_in {
        store::webhooks::finish(&mut tx, &webhook.event, now).await?;
    } else {
        let due = after(now, pause(webhook.tries));
        store::webhooks::postpone(&mut tx, &webhook.event, due).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether the object is known and what the processor says of it was taken in.
async fn take_in(payments: &Payments, webhook: &Webhook) -> Result<bool> {
    let caller = Caller::worker("payments");
    match webhook.object_kind.as_str() {
        "refund" => return ops::read_refund(payments, &caller, &webhook.object).await,
        "dispute" => return ops::read_dispute(payments, &caller, &webhook.object).await,
        "payout" => return ops::read_payout(payments, &caller, &webhook.object).await,
        _payment_intent => {}
    }
    match subject(payments, &webhook.object).await? {
        Some((practice, Subject::Payment(payment))) => {
            ops::read_payment(payments, &caller, practice, payment).await?;
            Ok(true)
        }
        Some((practice, Subject::Setup(setup))) => {
            ops::read_setup(payments, &caller, practice, setup).await?;
            Ok(true)
        }
        Some((practice, Subject::Method(method))) => {
            let token = (method, &*webhook.object);
            ops::read_method(payments, &caller, practice, token).await?;
            Ok(true)
        }
        Some((_, Subject::Refund(_) | Subject::Detachment(_))) => Ok(false),
        // A method of nobody's, such as a guest's, stays so; one that is just being added is known in a moment.
        None => Ok(webhook.object_kind == "payment_method" && webhook.tries > STRANGER_TRIES),
    }
}

async fn subject(payments: &Payments, object: &str) -> Result<Option<(ids::PracticeId, Subject)>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    store::processor_objects::find(&mut tx, object).await
}

/// 1 s, 2 s, 4 s, … an hour.
fn pause(tries: i32) -> SignedDuration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(0).min(12);
    SignedDuration::from_secs((1_i64 << doublings).min(LONGEST_PAUSE_SECONDS))
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}
