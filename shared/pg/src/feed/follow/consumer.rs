use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use ids::PracticeId;
use sqlx::AssertSqlSafe;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::effect::{self, EffectError};
use super::parked::park;
use super::{Handler, Shared};
use crate::Lease;
use crate::feed::{Bucket, Event, EventSource, EventStream, Position, SourceError};

/// Consecutive events of a practice that are applied in one transaction.
const BATCH: usize = 64;
/// Events asked for at once when a practice catches up.
const PAGE: u16 = 200;
/// How often it is looked whether a parked event was replayed.
const LOOK_AT_PARKED: Duration = Duration::from_secs(1);

/// Why following begins again, after a pause, from what is stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("nothing was heard for too long")]
    Silence,
    #[error("the feed's stream ended")]
    StreamEnd,
    #[error(transparent)]
    Effect(#[from] EffectError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A practice whose events wait. What the stream brings of it meanwhile is dropped and listed again afterwards.
#[derive(Debug)]
struct Hold {
    failures: u32,
    poisoned: u32,
    until: Until,
}

#[derive(Debug, PartialEq)]
enum Until {
    Pause(Instant),
    Replay,
}

/// Applies one bucket's events while it has the lease.
pub(super) struct Consumer<'a, S, H> {
    shared: &'a Shared<S, H>,
    bucket: Bucket,
    lease: &'a Lease,
    applied: HashMap<PracticeId, i64>,
    held: HashMap<PracticeId, Hold>,
    worked: bool,
}

impl<'a, S: EventSource, H: Handler> Consumer<'a, S, H> {
    pub(super) fn new(shared: &'a Shared<S, H>, bucket: Bucket, lease: &'a Lease) -> Self {
        Self {
            shared,
            bucket,
            lease,
            applied: HashMap::new(),
            held: HashMap::new(),
            worked: false,
        }
    }

    /// Whether the feed has sent anything.
    pub(super) fn has_worked(&self) -> bool {
        self.worked
    }

    /// Consumes until `stop` or the first thing that needs a new beginning.
    pub(super) async fn run(&mut self, stop: &CancellationToken) -> Result<(), Ended> {
        self.load().await?;
        let positions = self.applied.iter().map(|(practice, sequence)| Position {
            practice: *practice,
            sequence: *sequence,
        });
        let silence = self.shared.follow.silence;
        let subscribing = self
            .shared
            .source
            .subscribe(self.bucket, positions.collect());
        let mut stream = tokio::time::timeout(silence, subscribing)
            .await
            .map_err(|_| Ended::Silence)??;
        let mut renewals = every(self.shared.follow.lease / 3);
        let mut looks = every(LOOK_AT_PARKED);
        let mut heard = Instant::now();
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                _ = renewals.tick() => self.renew().await?,
                _ = looks.tick() => self.look_at_parked().await?,
                practice = next_due(&self.held) => self.catch_up(practice).await?,
                item = stream.next() => {
                    heard = Instant::now();
                    self.worked = true;
                    if let Some(event) = item.ok_or(Ended::StreamEnd)?? {
                        self.take(event, &mut stream).await?;
                    }
                }
                () = tokio::time::sleep_until(heard + silence) => return Err(Ended::Silence),
            }
        }
        Ok(())
    }

    /// Where the last consumer has stopped.
    async fn load(&mut self) -> Result<(), sqlx::Error> {
        let schema = self.shared.follow.schema;
        let cursors: Vec<(PracticeId, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "select practice_id, applied from {schema}.cursors where source = $1"
        )))
        .bind(self.shared.follow.source)
        .fetch_all(&self.shared.pool)
        .await?;
        self.applied = cursors
            .into_iter()
            .filter(|(practice, _)| self.bucket.holds(*practice))
            .collect();
        for practice in self.parked_practices().await? {
            if self.bucket.holds(practice) {
                self.hold(
                    practice,
                    Hold {
                        failures: 0,
                        poisoned: 0,
                        until: Until::Replay,
                    },
                );
            }
        }
        Ok(())
    }

    async fn parked_practices(&self) -> Result<Vec<PracticeId>, sqlx::Error> {
        let schema = self.shared.follow.schema;
        sqlx::query_scalar(AssertSqlSafe(format!(
            "select practice_id from {schema}.parked_events where source = $1"
        )))
        .bind(self.shared.follow.source)
        .fetch_all(&self.shared.pool)
        .await
    }

    async fn renew(&self) -> Result<(), Ended> {
        if self
            .shared
            .leases
            .renew(&self.shared.pool, self.lease, self.shared.follow.lease)
            .await?
        {
            return Ok(());
        }
        Err(EffectError::Overtaken("the lease was lost".to_owned()).into())
    }

    /// Practices whose parked event was replayed or skipped go on.
    async fn look_at_parked(&mut self) -> Result<(), Ended> {
        let waiting = |hold: &Hold| hold.until == Until::Replay;
        if !self.held.values().any(waiting) {
            return Ok(());
        }
        let still = self.parked_practices().await?;
        let mut freed = Vec::new();
        for (practice, hold) in &mut self.held {
            if waiting(hold) && !still.contains(practice) {
                *hold = Hold {
                    failures: 0,
                    poisoned: 0,
                    until: Until::Pause(Instant::now()),
                };
                freed.push(*practice);
            }
        }
        for practice in freed {
            let cursor: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
                "select applied from {}.cursors where source = $1 and practice_id = $2",
                self.shared.follow.schema
            )))
            .bind(self.shared.follow.source)
            .bind(practice)
            .fetch_optional(&self.shared.pool)
            .await?;
            self.applied.insert(practice, cursor.unwrap_or(0));
        }
        Ok(())
    }

    /// Takes an event and those of its practice that are already here.
    async fn take(&mut self, event: Event, stream: &mut EventStream) -> Result<(), Ended> {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let practice = event.practice;
            let mut batch = vec![event];
            while batch.len() < BATCH {
                match stream.next().now_or_never() {
                    Some(Some(Ok(Some(event)))) if event.practice == practice => batch.push(event),
                    Some(Some(Ok(Some(event)))) => {
                        next = Some(event);
                        break;
                    }
                    Some(Some(Ok(None))) => {}
                    Some(Some(Err(error))) => return Err(error.into()),
                    Some(None) | None => break,
                }
            }
            if !self.held.contains_key(&practice) {
                self.accept(practice, batch).await?;
            }
        }
        Ok(())
    }

    /// Catches up with a practice that was held, and lets it flow again when nothing fails.
    async fn catch_up(&mut self, practice: PracticeId) -> Result<(), Ended> {
        loop {
            let sequence = self.applied.get(&practice).copied().unwrap_or(0);
            let events = match self
                .shared
                .source
                .list(Position { practice, sequence }, PAGE)
                .await
            {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(%error, %practice, "a held practice cannot catch up yet");
                    self.pause(practice, 0);
                    return Ok(());
                }
            };
            if events.is_empty() {
                self.free(practice);
                return Ok(());
            }
            for batch in events.chunks(BATCH) {
                if !self.accept(practice, batch.to_vec()).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Applies what comes next of a practice's events; false when the practice is held from here on.
    async fn accept(&mut self, practice: PracticeId, events: Vec<Event>) -> Result<bool, Ended> {
        let mut expected = self.applied.get(&practice).copied().unwrap_or(0) + 1;
        let mut batch = Vec::with_capacity(events.len());
        let mut beyond = None;
        for event in events {
            match event.sequence.cmp(&expected) {
                Ordering::Less => drop(self.shared.metrics.duplicates.inc()),
                Ordering::Equal => {
                    expected += 1;
                    batch.push(event);
                }
                Ordering::Greater => {
                    beyond = Some(event);
                    break;
                }
            }
        }
        if !batch.is_empty() && !self.apply(&batch).await? {
            return Ok(false);
        }
        match beyond {
            Some(event) => self.stop_at_gap(&event).await,
            None => Ok(true),
        }
    }

    async fn stop_at_gap(&mut self, event: &Event) -> Result<bool, Ended> {
        let expected = self.applied.get(&event.practice).copied().unwrap_or(0) + 1;
        self.shared.metrics.gaps.inc();
        self.park(event, &format!("gap: {expected} is missing"), 1)
            .await?;
        Ok(false)
    }

    /// Applies consecutive events; false when one failed and the practice is held.
    async fn apply(&mut self, batch: &[Event]) -> Result<bool, Ended> {
        match effect::apply(self.shared, self.lease, batch).await {
            Ok(()) => {
                self.note_applied(batch);
                Ok(true)
            }
            Err(error @ EffectError::Overtaken(_)) => Err(error.into()),
            Err(EffectError::Poison(error)) => match batch {
                [event] => self.fail(event, &error).await,
                several => self.apply_singly(several).await,
            },
            Err(EffectError::Transient(error)) => {
                if let Some(event) = batch.first() {
                    tracing::warn!(error, practice = %event.practice, sequence = event.sequence, "an event is tried again");
                    self.pause(event.practice, 0);
                }
                Ok(false)
            }
        }
    }

    /// One of them cannot be applied; those before it can.
    async fn apply_singly(&mut self, events: &[Event]) -> Result<bool, Ended> {
        for event in events {
            match effect::apply(self.shared, self.lease, std::slice::from_ref(event)).await {
                Ok(()) => self.note_applied(std::slice::from_ref(event)),
                Err(EffectError::Poison(error)) => return self.fail(event, &error).await,
                Err(EffectError::Transient(_)) => {
                    self.pause(event.practice, 0);
                    return Ok(false);
                }
                Err(error @ EffectError::Overtaken(_)) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn note_applied(&mut self, batch: &[Event]) {
        let Some(last) = batch.last() else { return };
        self.applied.insert(last.practice, last.sequence);
        if let Some(hold) = self.held.get_mut(&last.practice) {
            hold.failures = 0;
            hold.poisoned = 0;
        }
        self.shared.metrics.applied.inc_by(batch.len() as u64);
        let age = self
            .shared
            .follow
            .clock
            .now()
            .duration_since(last.occur_time);
        self.shared
            .metrics
            .lag_milliseconds
            .set(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    }

    /// An event failed for its own sake: again after a pause, or parked.
    async fn fail(&mut self, event: &Event, error: &str) -> Result<bool, Ended> {
        let attempts = self
            .held
            .get(&event.practice)
            .map_or(0, |hold| hold.poisoned)
            + 1;
        if attempts >= self.shared.follow.attempts {
            self.park(event, error, attempts).await?;
        } else {
            tracing::warn!(error, practice = %event.practice, sequence = event.sequence, attempts, "an event failed");
            self.pause(event.practice, 1);
        }
        Ok(false)
    }

    async fn park(&mut self, event: &Event, error: &str, attempts: u32) -> Result<(), Ended> {
        park(self.shared, self.lease, event, (error, attempts)).await?;
        tracing::error!(
            error,
            source = self.shared.follow.source,
            practice = %event.practice,
            sequence = event.sequence,
            event_type = event.event_type,
            "an event is parked; its practice's later events wait"
        );
        self.shared.metrics.parked.inc();
        self.hold(
            event.practice,
            Hold {
                failures: 0,
                poisoned: 0,
                until: Until::Replay,
            },
        );
        Ok(())
    }

    fn pause(&mut self, practice: PracticeId, poisoned: u32) {
        self.shared.metrics.retries.inc();
        let (failures, before) = self
            .held
            .get(&practice)
            .map_or((0, 0), |hold| (hold.failures, hold.poisoned));
        let failures = failures + 1;
        let until = Until::Pause(Instant::now() + self.shared.follow.pause(failures));
        self.hold(
            practice,
            Hold {
                failures,
                poisoned: before + poisoned,
                until,
            },
        );
    }

    fn hold(&mut self, practice: PracticeId, hold: Hold) {
        if self.held.insert(practice, hold).is_none() {
            self.shared.metrics.held.inc();
        }
    }

    fn free(&mut self, practice: PracticeId) {
        if self.held.remove(&practice).is_some() {
            self.shared.metrics.held.dec();
        }
    }
}

impl<S, H> Drop for Consumer<'_, S, H> {
    fn drop(&mut self) {
        self.shared
            .metrics
            .held
            .dec_by(i64::try_from(self.held.len()).unwrap_or(0));
    }
}

/// Waits for the practice whose pause ends first; for ever when none has one.
async fn next_due(held: &HashMap<PracticeId, Hold>) -> PracticeId {
    let due = held.iter().filter_map(|(practice, hold)| match hold.until {
        Until::Pause(until) => Some((until, *practice)),
        Until::Replay => None,
    });
    match due.min() {
        Some((until, practice)) => {
            tokio::time::sleep_until(until).await;
            practice
        }
        None => std::future::pending().await,
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period.max(Duration::from_millis(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
