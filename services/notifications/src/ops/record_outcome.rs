use crate::domain::message::{Outcome, State};
use crate::store::messages::Attempt;
use crate::store::queue::Claim;
use crate::{Error, Notifications, OUTBOX, Result, store, wire};
use ::rpc::Caller;
use ids::EventId;
use pg::Announcement;

/// The mail as far as it came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    /// Empty when the attempt did not get so far.
    pub recipient: String,
    /// Empty when the attempt did not get so far.
    pub subject: String,
}

/// Writes down what an attempt came to, and announces a mail that was sent. Errors: `ClaimLost`, when the lease had
/// ended and another claimed the mail; nothing is written then.
pub async fn record_outcome(
    notifications: &Notifications,
    caller: &Caller,
    claim: &Claim,
    addressed: &Addressed,
    outcome: &Outcome,
) -> Result<()> {
    caller.within(claim.practice)?;
    let now = notifications.clock.now();
    // A mail that was sent is announced, and that waits for the disk. What else an attempt came to may get lost in a crash
    // of the database: the next claimer comes to the same.
    let mut tx = pg::begin_repeatable(&notifications.db, claim.practice).await?;
    let held = match outcome {
        Outcome::Sent | Outcome::Failed { .. } | Outcome::Skipped { .. } => {
            store::queue::delete(&mut tx, claim).await?
        }
        Outcome::Postponed {
            next_attempt_time, ..
        } => store::queue::postpone(&mut tx, claim, *next_attempt_time).await?,
    };
    if !held {
        return Err(Error::ClaimLost);
    }
    let (state, error) = match outcome {
        Outcome::Sent => (State::Sent, ""),
        Outcome::Postponed { error, .. } => (State::Queued, error.as_str()),
        Outcome::Failed { error } => (State::Failed, error.as_str()),
        Outcome::Skipped { reason } => (State::Skipped, reason.as_str()),
    };
    let sent = state == State::Sent;
    let attempt = Attempt {
        state,
        attempts: i32::try_from(claim.fence).unwrap_or(i32::MAX),
        recipient: &addressed.recipient,
        subject: &addressed.subject,
        error,
        send_time: sent.then_some(now),
    };
    let place = (claim.practice, claim.message);
    let message = store::messages::update(&mut tx, place, &attempt).await?;
    if sent {
        let announcement = Announcement::of(
            EventId::new(&notifications.clock),
            &wire::message::message_sent(&message),
        );
        OUTBOX
            .append(&mut tx, claim.practice, now, &[announcement])
            .await?;
    }
    tx.commit().await?;
    Ok(())
}
