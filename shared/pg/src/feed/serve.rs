use std::time::Duration;

use futures::StreamExt;
use ids::PracticeId;
use sqlx::AssertSqlSafe;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::feed::subscription::Subscription;
use crate::feed::tail::{self, Grown};
use crate::feed::{Bucket, Event, EventSource, EventStream, Position, SourceError};
use crate::plumbing::checked;
use crate::{Pool, Tx, begin, beside};

/// How many events wait for a slow consumer; then reading stops until it takes one.
const WAITING_EVENTS: usize = 256;
/// How many growths a subscription may be behind; then it reads all heads instead.
const WAITING_GROWTHS: usize = 4096;
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Ends a history page: 500 events, whatever was asked for.
const MAX_PAGE: u16 = 500;
/// Connections that read the feed, apart from the ops': a service that is overloaded still tells what it did.
const CONNECTIONS: u32 = 3;

/// A service's events for others to read. Clones share one watcher.
#[derive(Clone, Debug)]
pub struct Feed {
    pool: Pool,
    schema: &'static str,
    grown: broadcast::Sender<Grown>,
    stop: CancellationToken,
    heartbeat: Duration,
}

/// A part of one practice's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Oldest first.
    pub events: Vec<Event>,
    /// The last number of the stream when this was read; none when the practice never had an event here.
    pub head: Option<i64>,
}

impl Feed {
    /// Starts to watch the schema's outbox. `stop` ends the watcher and all subscriptions, so that a server can drain.
    /// Reads over connections of its own to the pool's database, at most three and one that listens.
    pub fn start(pool: Pool, schema: &'static str, stop: CancellationToken) -> Self {
        let pool = beside(&pool, CONNECTIONS);
        let (grown, _) = broadcast::channel(WAITING_GROWTHS);
        tokio::spawn(tail::watch(
            pool.clone(),
            checked(schema),
            grown.clone(),
            stop.clone(),
        ));
        Self {
            pool,
            schema,
            grown,
            stop,
            heartbeat: HEARTBEAT,
        }
    }

    /// The same feed with heartbeats of another interval.
    #[must_use]
    pub fn with_heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat, ..self }
    }

    /// Streams a bucket's events after the positions, then live; ends with the first error, at `stop`, and when the
    /// receiver is dropped.
    pub fn stream(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> ReceiverStream<Result<Option<Event>, sqlx::Error>> {
        let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
        // Growth is heard from before the heads are read: what commits between the two is not missed.
        let grown = self.grown.subscribe();
        let subscription = Subscription::new(self.clone(), bucket, after, sender);
        tokio::spawn(
            self.stop
                .clone()
                .run_until_cancelled_owned(subscription.run(grown, self.heartbeat)),
        );
        ReceiverStream::new(receiver)
    }

    /// One practice's next events.
    pub async fn history(&self, after: Position, limit: u16) -> Result<History, sqlx::Error> {
        let mut tx = begin(&self.pool, after.practice).await?;
        let events = self.read(&mut tx, after, limit).await?;
        let head = sqlx::query_scalar(AssertSqlSafe(format!(
            "select head from {}.streams where practice_id = $1",
            self.schema
        )))
        .bind(after.practice)
        .fetch_optional(&mut *tx)
        .await?;
        tx.rollback().await?;
        Ok(History { events, head })
    }

    /// The same without the head.
    pub(crate) async fn next_events(
        &self,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Event>, sqlx::Error> {
        let mut tx = begin(&self.pool, after.practice).await?;
        let events = self.read(&mut tx, after, limit).await?;
        tx.rollback().await?;
        Ok(events)
    }

    async fn read(
        &self,
        tx: &mut Tx,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Event>, sqlx::Error> {
        let schema = self.schema;
        let rows = sqlx::query(AssertSqlSafe(format!(
            "select practice_id, seq, event_id, event_type, payload, occur_time
            from {schema}.outbox
            where practice_id = $1 and seq > $2
            order by seq
            limit $3"
        )))
        .bind(after.practice)
        .bind(after.sequence)
        .bind(i64::from(limit.min(MAX_PAGE)))
        .fetch_all(&mut **tx)
        .await?;
        rows.iter().map(Event::from_row).collect()
    }

    /// The bucket's streams and their last numbers.
    pub(crate) async fn heads(
        &self,
        bucket: Bucket,
    ) -> Result<Vec<(PracticeId, i64)>, sqlx::Error> {
        let heads = tail::heads(&self.pool, self.schema).await?;
        Ok(heads
            .into_iter()
            .filter(|(practice, _)| bucket.holds(*practice))
            .collect())
    }
}

/// For consumers in the same process.
impl EventSource for Feed {
    async fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        Ok(self
            .stream(bucket, after)
            .map(|item| item.map_err(SourceError::from))
            .boxed())
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        Ok(self.next_events(after, limit).await?)
    }
}
