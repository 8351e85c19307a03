//! How outcomes are written, any number of a practice in one transaction: one by itself is a batch of one.
//!
//! The order of locks: the mails' places in the queue, as far as their claims hold; the mails; the practice's stream.

use super::record_outcome::Addressed;
use crate::domain::message::{Outcome, State};
use crate::store::messages::Attempt;
use crate::store::queue::Claim;
use crate::{Error, Notifications, OUTBOX, Result, store, wire};
use ids::{EventId, MessageId, PracticeId};
use pg::Announcement;
use std::collections::{BTreeMap, BTreeSet};

/// An attempt that has ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// By what right it was made.
    pub(super) claim: Claim,
    /// How far it got.
    pub(super) addressed: Addressed,
    /// What it came to.
    pub(super) outcome: Outcome,
}

/// Writes down what attempts came to: each is answered in its place, and one whose claim was lost keeps none of the others
/// from being written. Errors in their places: `ClaimLost`.
pub(super) async fn record_outcomes(
    notifications: &Notifications,
    practice: PracticeId,
    batch: &[Ended],
) -> Result<Vec<Result<()>>> {
    let now = notifications.clock.now();
    let latest = latest(batch);
    let (mut over, mut postponed) = (Vec::new(), Vec::new());
    for ended in latest.values() {
        match &ended.outcome {
            Outcome::Sent | Outcome::Failed { .. } | Outcome::Skipped { .. } => {
                over.push(ended.claim);
            }
            Outcome::Postponed {
                next_attempt_time, ..
            } => postponed.push((ended.claim, *next_attempt_time)),
        }
    }
    // Mails that were sent are announced, and that waits for the disk. What else attempts came to may get lost in a crash
    // of the database: the next claimers come to the same.
    let mut tx = pg::begin_repeatable(&notifications.db, practice).await?;
    let mut held = BTreeSet::new();
    if !over.is_empty() {
        held.extend(store::queue::delete(&mut tx, &over).await?);
    }
    if !postponed.is_empty() {
        held.extend(store::queue::postpone(&mut tx, &postponed).await?);
    }
    let written = latest
        .values()
        .filter(|it| held.contains(&it.claim.message));
    let written: Vec<Attempt> = written.map(|ended| attempt(ended)).collect();
    if !written.is_empty() {
        let facts = store::messages::update(&mut tx, practice, now, &written).await?;
        let events = facts
            .iter()
            .filter(|facts| facts.state == State::Sent)
            .map(|facts| {
                let event = EventId::new(&notifications.clock);
                Announcement::of(event, &wire::message::message_sent(facts))
            });
        let events: Vec<Announcement> = events.collect();
        OUTBOX.append(&mut tx, practice, now, &events).await?;
    }
    tx.commit().await?;
    let answer = |ended: &Ended| {
        let last = latest.get(&ended.claim.message);
        let last = last.is_some_and(|last| last.claim.fence == ended.claim.fence);
        if last && held.contains(&ended.claim.message) {
            Ok(())
        } else {
            Err(Error::ClaimLost)
        }
    };
    Ok(batch.iter().map(answer).collect())
}

/// Of each mail the attempt by its latest claim: an earlier one in the same batch has lost its own.
fn latest(batch: &[Ended]) -> BTreeMap<MessageId, &Ended> {
    let mut latest = BTreeMap::<MessageId, &Ended>::new();
    for ended in batch {
        let known = latest.entry(ended.claim.message).or_insert(ended);
        if known.claim.fence < ended.claim.fence {
            *known = ended;
        }
    }
    latest
}

fn attempt(ended: &Ended) -> Attempt<'_> {
    let (state, error) = match &ended.outcome {
        Outcome::Sent => (State::Sent, ""),
        Outcome::Postponed { error, .. } => (State::Queued, error.as_str()),
        Outcome::Failed { error } => (State::Failed, error.as_str()),
        Outcome::Skipped { reason } => (State::Skipped, reason.as_str()),
    };
    Attempt {
        message: ended.claim.message,
        state,
        attempts: i32::try_from(ended.claim.fence).unwrap_or(i32::MAX),
        recipient: &ended.addressed.recipient,
        subject: &ended.addressed.subject,
        error,
    }
}
