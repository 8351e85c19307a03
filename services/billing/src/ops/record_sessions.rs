use super::session_content::{SessionContent, Surroundings};
use crate::domain::session::Session;
use crate::wire::event;
use crate::wire::session::session_recorded;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};
use jiff::Timestamp;
use pg::{OnConstraint as _, RequestError, RequestKey, Seen, Tx};
use sqlx::Connection as _;

/// One of many sessions that are to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What makes it the same request again.
    pub key: RequestKey,
    /// What took place.
    pub content: SessionContent,
}

/// Records many sessions in one transaction, each for itself: what cannot be recorded is answered in its place and
/// keeps none of the others from being recorded. Errors, for all of them: the database's.
pub async fn record_sessions(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    items: &[Item],
) -> Result<Vec<Result<SessionId>>> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let mut answers: Vec<Option<Result<SessionId>>> = Vec::new();
    let keys: Vec<_> = items.iter().map(|item| &item.key).collect();
    for seen in REQUESTS.seen_many(&mut tx, practice, &keys).await? {
        answers.push(seen.map(answered));
    }
    let fresh: Vec<_> = unanswered(items, &answers)
        .map(|(_, item)| &item.content)
        .collect();
    let surroundings = Surroundings::read(&mut tx, practice, &fresh).await?;
    let mut ruled = Vec::new();
    for (item, answer) in items.iter().zip(&mut answers) {
        if answer.is_none() {
            let id = SessionId::new(&billing.clock);
            match surroundings.session((id, now), item.content.clone()) {
                Ok(session) => ruled.push((&item.key, session)),
                Err(error) => *answer = Some(Err(error)),
            }
        }
    }
    let places: Vec<usize> = unanswered(items, &answers).map(|(at, _)| at).collect();

    let (written, outcomes) = write(&mut tx, practice, now, ruled).await?;
    for (at, outcome) in places.into_iter().zip(outcomes) {
        if let Some(answer) = answers.get_mut(at) {
            *answer = Some(outcome);
        }
    }
    let events: Vec<_> = written
        .iter()
        .map(|session| event::of(&billing.clock, &session_recorded(session)))
        .collect();
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    answers
        .into_iter()
        .map(|answer| answer.ok_or(Error::Stored("a session without an answer")))
        .collect()
}

fn unanswered<'a>(
    items: &'a [Item],
    answers: &'a [Option<Result<SessionId>>],
) -> impl Iterator<Item = (usize, &'a Item)> {
    let both = items.iter().zip(answers).enumerate();
    both.filter(|(_, (_, answer))| answer.is_none())
        .map(|(at, (item, _))| (at, item))
}

fn answered(seen: Seen) -> Result<SessionId> {
    match seen {
        Seen::Before(session) => Ok(session.into()),
        Seen::Reused => Err(Error::Request(RequestError::Reused)),
    }
}

/// Writes what can be written, and answers it with the outcome of each. A taken external reference shows only when
/// rows are written: then those that have it are told so, and the others are written again from the savepoint.
async fn write(
    tx: &mut Tx,
    practice: PracticeId,
    now: Timestamp,
    ruled: Vec<(&RequestKey, Session)>,
) -> Result<(Vec<Session>, Vec<Result<SessionId>>)> {
    let mut outcomes: Vec<Option<Result<SessionId>>> = ruled.iter().map(|_| None).collect();
    loop {
        let mut attempt = tx.begin().await?;
        let open = || {
            ruled
                .iter()
                .zip(&outcomes)
                .enumerate()
                .filter(|(_, (_, outcome))| outcome.is_none())
        };
        let requests: Vec<_> = open()
            .map(|(_, ((key, session), _))| (*key, session.session.uuid()))
            .collect();
        let places: Vec<usize> = open().map(|(at, _)| at).collect();
        let seen = REQUESTS
            .replayed_many(&mut attempt, practice, &requests, now)
            .await?;
        let mut twins = Vec::new();
        let mut fresh = Vec::new();
        for (at, seen) in places.into_iter().zip(seen) {
            match (seen, ruled.get(at)) {
                (Some(seen), _) => twins.push((at, answered(seen))),
                (None, Some((_, session))) => fresh.push((at, session.clone())),
                (None, None) => {}
            }
        }
        let sessions: Vec<Session> = fresh.iter().map(|(_, session)| session.clone()).collect();
        let inserted = store::new_sessions::insert(&mut attempt, practice, &sessions)
            .await
            .on_constraint("sessions_external_reference_key", || {
                Error::ExternalReferenceTaken
            });
        match inserted {
            Ok(()) => {
                attempt.commit().await?;
                let recorded = fresh.iter().map(|(at, session)| (*at, Ok(session.session)));
                for (at, outcome) in recorded.chain(twins) {
                    if let Some(place) = outcomes.get_mut(at) {
                        *place = Some(outcome);
                    }
                }
                let outcomes = outcomes
                    .into_iter()
                    .map(|outcome| outcome.ok_or(Error::Stored("a session without an outcome")));
                return Ok((sessions, outcomes.collect::<Result<_>>()?));
            }
            Err(Error::ExternalReferenceTaken) => {
                attempt.rollback().await?;
                let offenders = offenders(tx, practice, &fresh).await?;
                if offenders.is_empty() {
                    // Who had it has given it up meanwhile.
                    return Err(Error::Overtaken);
                }
                for at in offenders {
                    if let Some(place) = outcomes.get_mut(at) {
                        *place = Some(Err(Error::ExternalReferenceTaken));
                    }
                }
            }
            Err(other) => return Err(other),
        }
    }
}

/// The places of the sessions whose external reference another session has, one of the practice's or an earlier one
/// of these.
async fn offenders(
    tx: &mut Tx,
    practice: PracticeId,
    fresh: &[(usize, Session)],
) -> Result<Vec<usize>> {
    let references: Vec<String> = fresh
        .iter()
        .filter_map(|(_, session)| session.external_reference.clone())
        .collect();
    let mut taken = store::new_sessions::taken_references(tx, practice, &references).await?;
    let refused = |(at, session): &(usize, Session)| {
        let reference = session.external_reference.clone()?;
        (!taken.insert(reference)).then_some(*at)
    };
    Ok(fresh.iter().filter_map(refused).collect())
}
