//! Webhooks have their effect here: the object is read again, so it does not matter how often, in which order or how late
//! they came. One about an object that is not known yet waits, longer each time, and is never answered away.

use super::{AT_ONCE, BATCH};
use crate::domain::payout::PayoutState;
use crate::store::processor_objects::{Known, Subject};
use crate::store::webhooks::Webhook;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use ids::PracticeId;
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
    let account = webhook.account.as_deref();
    if let Some(own) = account {
        let Some((practice, gone)) = owner(payments, own).await? else {
            return Ok(true);
        };
        match &*webhook.event_kind {
            // Of an account that was taken away nothing can be read any more, but what the event itself says.
            kind if gone => {
                if let Some(state) = payout_state(kind) {
                    let said = (&*webhook.object, state);
                    ops::follow_payout(payments, &caller, said, Some(practice)).await?;
                }
                return Ok(true);
            }
            "account.updated" | "account.application.deauthorized" => {
                ops::read_account(payments, &caller, practice, own).await?;
                return Ok(true);
            }
            _of_an_object => {}
        }
    }
    let object = (&*webhook.object, account);
    match &*webhook.object_kind {
        "refund" => return ops::read_refund(payments, &caller, object).await,
        "dispute" => return ops::read_dispute(payments, &caller, object).await,
        "payout" => return ops::read_payout(payments, &caller, object).await,
        _payment_intent => {}
    }
    let Some(known) = known(payments, &webhook.object).await? else {
        // A method of nobody's, such as a guest's, stays so; one that is just being added is known in a moment.
        return Ok(webhook.object_kind == "payment_method" && webhook.tries > STRANGER_TRIES);
    };
    if known.account.as_deref() != account {
        tracing::error!(
            event = webhook.event,
            "a webhook is about an object of another account"
        );
        return Ok(true);
    }
    let practice = known.practice;
    match known.subject {
        Subject::Payment(payment) => {
            ops::read_payment(payments, &caller, practice, payment).await?;
        }
        Subject::Setup(setup) => ops::read_setup(payments, &caller, practice, setup).await?,
        Subject::Method(method) => {
            let token = (method, &*webhook.object, account);
            ops::read_method(payments, &caller, practice, token).await?;
        }
        Subject::Refund(_) | Subject::Detachment(_) => return Ok(false),
    }
    Ok(true)
}

async fn known(payments: &Payments, object: &str) -> Result<Option<Known>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    store::processor_objects::find(&mut tx, object).await
}

/// Where a payout stands that an event of this kind is about.
fn payout_state(event_kind: &str) -> Option<PayoutState> {
    match event_kind {
        "payout.paid" => Some(PayoutState::Paid),
        "payout.failed" => Some(PayoutState::Failed),
        "payout.canceled" => Some(PayoutState::Cancelled),
        _says_too_little => None,
    }
}

/// Whose an account is, and whether it was taken away.
async fn owner(payments: &Payments, account: &str) -> Result<Option<(PracticeId, bool)>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    let practice = store::connections::find_practice(&mut tx, account).await?;
    drop(tx);
    let Some(practice) = practice else {
        return Ok(None);
    };
    let mut tx = pg::begin(&payments.db, practice).await?;
    let connections = store::connections::list(&mut tx, practice).await?;
    Ok(Some((practice, connections.was_taken_away(Some(account)))))
}

/// 1 s, 2 s, 4 s, … an hour.
fn pause(tries: i32) -> SignedDuration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(0).min(12);
    SignedDuration::from_secs((1_i64 << doublings).min(LONGEST_PAUSE_SECONDS))
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}
