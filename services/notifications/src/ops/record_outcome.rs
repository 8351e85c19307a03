use super::record_outcomes::{Ended, record_outcomes};
use crate::domain::message::Outcome;
use crate::store::queue::Claim;
use crate::{Error, Notifications, Result};
use ::rpc::{Caller, rerun};
use pg::Group;

/// The mail as far as it came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    /// Empty when the attempt did not get so far.
    pub recipient: String,
    /// Empty when the attempt did not get so far.
    pub subject: String,
}

/// Outcomes that come at once, to share a transaction.
#[derive(Clone, Default)]
pub struct Outcomes(Group<Ended, (), Error>);

/// Writes down what an attempt came to, and announces a mail that was sent. Outcomes of a practice that come at once share
/// a transaction. Errors: `ClaimLost`, when the lease had ended and another claimed the mail; nothing is written then.
pub async fn record_outcome(
    notifications: &Notifications,
    caller: &Caller,
    claim: &Claim,
    addressed: &Addressed,
    outcome: &Outcome,
) -> Result<()> {
    caller.within(claim.practice)?;
    let practice = claim.practice;
    let ended = Ended {
        claim: *claim,
        addressed: addressed.clone(),
        outcome: outcome.clone(),
    };
    let service = notifications.clone();
    let together = move |batch: Vec<Ended>| {
        let notifications = service.clone();
        async move { rerun(|| record_outcomes(&notifications, practice, &batch)).await }
    };
    let Outcomes(group) = &notifications.outcomes;
    // What was sent is not refused for a crowd.
    if let Ok(Some(answer)) = group.join(practice, ended.clone(), together).await {
        return answer;
    }
    let alone = std::slice::from_ref(&ended);
    let mut answers = record_outcomes(notifications, practice, alone).await?;
    let answer = answers.pop();
    answer.ok_or(Error::Stored("an outcome without an answer"))?
}
