use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use ids::PracticeId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::effect::{self, EffectError, Handler};
use super::hold::Holds;
use super::newer;
use super::parked::park;
use super::passing::Passing;
use super::stored;
use super::wait::{every, next_item};
use crate::Lease;
use crate::feed::{Bucket, Event, EventSource, EventStream, Position, SourceError};

/// Consecutive events of a practice that are applied in one transaction.
const BATCH: u16 = 64;
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

/// Applies one bucket's events while it has the lease.
pub(super) struct Consumer<'a, S, H> {
    shared: &'a Shared<S, H>,
    bucket: Bucket,
    lease: &'a Lease,
    applied: HashMap<PracticeId, i64>,
    held: Holds,
    passing: Passing,
    worked: bool,
}

impl<'a, S: EventSource, H: Handler> Consumer<'a, S, H> {
    pub(super) fn new(shared: &'a Shared<S, H>, bucket: Bucket, lease: &'a Lease) -> Self {
        Self {
            shared,
            bucket,
            lease,
            applied: HashMap::new(),
            held: Holds::new(shared.metrics.held.clone()),
            passing: Passing::default(),
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
        let mut carried = None;
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                _ = renewals.tick() => self.renew().await?,
                _ = looks.tick() => self.look_at_parked().await?,
                () = self.passing.due() => self.settle().await?,
                practice = self.held.next_due() => self.catch_up(practice).await?,
                item = next_item(&mut carried, &mut stream) => {
                    heard = Instant::now();
                    self.worked = true;
                    if let Some(event) = item.ok_or(Ended::StreamEnd)?? {
                        carried = self.take(event, &mut stream).await?;
                    }
                }
                () = tokio::time::sleep_until(heard + silence) => return Err(Ended::Silence),
            }
        }
        self.settle().await
    }

    async fn settle(&mut self) -> Result<(), Ended> {
        Ok(self.passing.settle(self.shared, self.lease).await?)
    }

    /// Where the last consumer has stopped.
    async fn load(&mut self) -> Result<(), Ended> {
        newer::free(self.shared, self.lease, self.bucket).await?;
        let cursors = stored::cursors(self.shared).await?;
        self.applied = cursors
            .into_iter()
            .filter(|(practice, _)| self.bucket.holds(*practice))
            .collect();
        for practice in stored::parked_practices(self.shared).await? {
            if self.bucket.holds(practice) {
                self.held.park(practice);
            }
        }
        Ok(())
    }

    async fn renew(&self) -> Result<(), Ended> {
        if self
            .shared
            .leases
            .renew(&self.shared.pool, self.lease, self.shared.follow.lease)
            .await?
        {
            return self.look_for_loss().await;
        }
        Err(EffectError::Overtaken("the lease was lost".to_owned()).into())
    }

    /// Effects do not wait for the disk: a database that has crashed may have taken some back, with their cursors. They come
    /// again from what is stored.
    async fn look_for_loss(&self) -> Result<(), Ended> {
        let stored = stored::cursors(self.shared).await?;
        let stored: HashMap<PracticeId, i64> = stored.into_iter().collect();
        let lost = |(practice, applied): (&PracticeId, &i64)| {
            let committed = self.passing.stored(*practice).unwrap_or(*applied);
            stored.get(practice).copied().unwrap_or(0) < committed
        };
        if self.applied.iter().any(lost) {
            let why = "the database lost what was applied".to_owned();
            return Err(EffectError::Overtaken(why).into());
        }
        Ok(())
    }

    /// Practices whose parked event was replayed or skipped go on.
    async fn look_at_parked(&mut self) -> Result<(), Ended> {
        let waiting = self.held.parked();
        if waiting.is_empty() {
            return Ok(());
        }
        let still = stored::parked_practices(self.shared).await?;
        for practice in waiting
            .into_iter()
            .filter(|practice| !still.contains(practice))
        {
            let cursor = stored::cursor(self.shared, practice).await?;
            self.applied.insert(practice, cursor);
            self.held.resume(practice);
        }
        Ok(())
    }

    /// Takes an event and those of its practice that are already here; answers the first of another practice.
    async fn take(
        &mut self,
        event: Event,
        stream: &mut EventStream,
    ) -> Result<Option<Event>, Ended> {
        let practice = event.practice;
        let mut batch = vec![event];
        let mut carried = None;
        while batch.len() < usize::from(BATCH) && carried.is_none() {
            match stream.next().now_or_never() {
                Some(Some(Ok(Some(event)))) if event.practice == practice => batch.push(event),
                Some(Some(Ok(Some(event)))) => carried = Some(event),
                Some(Some(Ok(None))) => {}
                Some(Some(Err(error))) => return Err(error.into()),
                Some(None) | None => break,
            }
        }
        if !self.held.contains(practice) {
            self.accept(practice, batch).await?;
        }
        Ok(carried)
    }

    /// Applies the next events of a practice that was held; it flows again when there are no more.
    async fn catch_up(&mut self, practice: PracticeId) -> Result<(), Ended> {
        let sequence = self.applied.get(&practice).copied().unwrap_or(0);
        let listing = self
            .shared
            .source
            .list(Position { practice, sequence }, BATCH);
        match tokio::time::timeout(self.shared.follow.silence, listing).await {
            Ok(Ok(events)) if events.is_empty() => self.held.free(practice),
            Ok(Ok(events)) => {
                if self.accept(practice, events).await? {
                    self.held.resume(practice);
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, %practice, "a held practice cannot catch up yet");
                self.pause(practice, self.held.attempts(practice));
            }
            Err(_) => return Err(Ended::Silence),
        }
        Ok(())
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

    /// Applies consecutive events, in as few transactions as may be; false when one failed and the practice is held.
    async fn apply(&mut self, events: &[Event]) -> Result<bool, Ended> {
        let (known, newer) = newer::divide(&self.shared.follow, events);
        let handler = &self.shared.handler;
        for batch in known.chunk_by(|one, next| handler.together(one, next)) {
            if !self.apply_batch(batch).await? {
                return Ok(false);
            }
        }
        match newer.first() {
            Some(event) => self.stop_at_unknown(event).await,
            None => Ok(true),
        }
    }

    /// A newer version wrote it: passed over here, it would be lost for good.
    async fn stop_at_unknown(&mut self, event: &Event) -> Result<bool, Ended> {
        self.shared.metrics.unknown.inc();
        self.park(event, &newer::why(event), 1).await?;
        Ok(false)
    }

    /// The same in one transaction, or in none yet when none of them does anything.
    async fn apply_batch(&mut self, batch: &[Event]) -> Result<bool, Ended> {
        if !effect::matter(&self.shared.handler, batch) {
            self.passing.pass(batch);
            self.note_applied(batch);
            return Ok(true);
        }
        match self.effect(batch).await {
            Ok(()) => Ok(true),
            Err(error @ EffectError::Overtaken(_)) => Err(error.into()),
            Err(EffectError::Poison(error)) => match batch {
                [event] => self.fail(event, &error).await,
                several => self.apply_singly(several).await,
            },
            Err(EffectError::Transient(error)) => {
                if let Some(event) = batch.first() {
                    tracing::warn!(error, practice = %event.practice, sequence = event.sequence, "an event is tried again");
                    self.pause(event.practice, self.held.attempts(event.practice));
                }
                Ok(false)
            }
        }
    }

    /// Its practice's cursor moves over what was passed over, too.
    async fn effect(&mut self, batch: &[Event]) -> Result<(), EffectError> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
            return Ok(());
        };
        let stored = self.passing.stored(first.practice);
        let from = stored.unwrap_or(first.sequence - 1);
        effect::apply(self.shared, self.lease, (from, batch)).await?;
        self.passing.forget(first.practice);
        let count = (last.sequence - from).unsigned_abs();
        self.shared.metrics.applied.inc_by(count);
        self.note_applied(batch);
        Ok(())
    }

    /// One of them cannot be applied; those before it can.
    async fn apply_singly(&mut self, events: &[Event]) -> Result<bool, Ended> {
        for event in events {
            match self.effect(std::slice::from_ref(event)).await {
                Ok(()) => {}
                Err(EffectError::Poison(error)) => return self.fail(event, &error).await,
                Err(EffectError::Transient(_)) => {
                    self.pause(event.practice, self.held.attempts(event.practice));
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
        self.held.resume(last.practice);
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
        let attempts = self.held.attempts(event.practice) + 1;
        if attempts >= self.shared.follow.attempts {
            self.park(event, error, attempts).await?;
        } else {
            tracing::warn!(error, practice = %event.practice, sequence = event.sequence, attempts, "an event failed");
            self.pause(event.practice, attempts);
        }
        Ok(false)
    }

    async fn park(&mut self, event: &Event, error: &str, attempts: u32) -> Result<(), Ended> {
        // Whoever skips it finds the cursor before it.
        self.settle().await?;
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
        self.held.park(event.practice);
        Ok(())
    }

    /// Holds a practice for a while; `attempts` of its next event failed for the event's own sake.
    fn pause(&mut self, practice: PracticeId, attempts: u32) {
        self.shared.metrics.retries.inc();
        self.held.pause(practice, attempts, |failures| {
            self.shared.follow.pause(failures)
        });
    }
}
