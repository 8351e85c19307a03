//! Following: one consumer per bucket, under a lease. The cursor moves in the transaction of the effect, so an
//! event's effect happens once however often the event comes; only the next number is accepted.
//!
//! An event that fails for a passing reason is tried again until it goes. One that fails for its own sake is tried a
//! few times, then parked; while it is, its practice's later events wait in the source and all other practices flow.
//!
//! One of a type that is in no contract of this version is parked at once: a newer version wrote it, and whether it matters
//! here only a newer version can say. That one goes on by itself, as soon as it follows. What is in the contracts and matters
//! to nobody here is the handler's to pass over; where it says so beforehand, no transaction is made for it (`passing`).

mod consumer;
mod effect;
mod hold;
mod newer;
mod parked;
mod passing;
mod stored;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use effect::{Handler, HandlerError};
pub use parked::{Parked, all_parked, parked, replay, reset, rewind, skip};

use crate::feed::metrics::SourceMetrics;
use crate::feed::{Bucket, EventSource, FollowMetrics};
use crate::plumbing::checked;
use crate::{Lease, Leases, Pool};
use consumer::Consumer;

/// A source that was away is asked again at least this often.
const LONGEST_ABSENCE: Duration = Duration::from_secs(5);

/// What is followed, by whom and how patiently.
#[derive(Clone, Debug)]
pub struct Follow {
    /// The follower's own schema: cursors, leases and parked events are there.
    pub schema: &'static str,
    /// Whose feed it is; names the cursors. A service that follows one feed for two purposes takes two names.
    pub source: &'static str,
    /// Time and jitter.
    pub clock: Clock,
    /// Into how many consumers the practices are divided, 1 to 256; the same in all replicas.
    pub buckets: u16,
    /// How often an event is tried that fails for its own sake, before it is parked.
    pub attempts: u32,
    /// The first pause before trying again; doubles to at most `longest_pause`, each with jitter.
    pub shortest_pause: Duration,
    /// The longest pause before trying again.
    pub longest_pause: Duration,
    /// How long a consumer that died keeps its bucket from others.
    pub lease: Duration,
    /// How long without an event or heartbeat until the connection counts as dead.
    pub silence: Duration,
    /// Whether a type of event is in the contracts of this version; by default those it was built with.
    pub knows: fn(&str) -> bool,
    /// Where it is counted; by default where `/metrics` shows it.
    pub metrics: FollowMetrics,
}

impl Follow {
    /// The defaults: 8 buckets, 5 attempts, pauses from 200 ms to 30 s, leases of 15 s, 30 s of silence.
    pub fn new(schema: &'static str, source: &'static str, clock: Clock) -> Self {
        Self {
            schema: checked(schema),
            source,
            clock,
            buckets: 8,
            attempts: 5,
            shortest_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(30),
            lease: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            knows: proto::knows,
            metrics: FollowMetrics::of_process(),
        }
    }

    /// The pause after the failure number `failures`, from 1: 50 to 100 % of the doubled one.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = self
            .shortest_pause
            .saturating_mul(1 << failures.saturating_sub(1).min(16));
        let mut random = [0; 1];
        self.clock.fill(&mut random);
        let [random] = random;
        doubled
            .min(self.longest_pause)
            .mul_f64(0.5 + f64::from(random) / 512.0)
    }
}

/// Follows a feed until `stop`, and returns when every consumer has finished its event and given its lease back.
///
/// Any number of replicas may run it; a bucket has one consumer at a time. Dropped instead of stopped it leaves
/// nothing half done, but its buckets wait for their leases to expire.
pub async fn follow<S: EventSource, H: Handler>(
    follow: Follow,
    pool: Pool,
    source: S,
    handler: H,
    stop: CancellationToken,
) {
    let shared = Arc::new(Shared {
        leases: Leases::new(follow.schema),
        metrics: follow.metrics.of(follow.schema, follow.source),
        holder: Uuid::from(ids::EventId::new(&follow.clock)),
        follow,
        pool,
        source,
        handler,
    });
    let mut consumers = JoinSet::new();
    for bucket in Bucket::all(shared.follow.buckets) {
        consumers.spawn(consume(shared.clone(), bucket, stop.clone()));
    }
    while let Some(ended) = consumers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a consumer of a feed died");
        }
    }
}

/// What a process's consumers have in common.
struct Shared<S, H> {
    follow: Follow,
    pool: Pool,
    leases: Leases,
    metrics: SourceMetrics,
    holder: Uuid,
    source: S,
    handler: H,
}

/// Consumes one bucket whenever this process has its lease.
async fn consume<S: EventSource, H: Handler>(
    shared: Arc<Shared<S, H>>,
    bucket: Bucket,
    stop: CancellationToken,
) {
    let follow = &shared.follow;
    let name = format!(
        "follow/{}/{}/{}",
        follow.source,
        bucket.count(),
        bucket.number()
    );
    let mut failures = 0;
    while !stop.is_cancelled() {
        let pause = match shared
            .leases
            .acquire(&shared.pool, &name, shared.holder, follow.lease)
            .await
        {
            Ok(Some(lease)) => {
                let worked = work(&shared, bucket, &lease, &stop).await;
                failures = if worked { 1 } else { failures + 1 };
                follow.pause(failures).min(LONGEST_ABSENCE)
            }
            Ok(None) => follow.lease / 3,
            Err(error) => {
                tracing::warn!(%error, name, "no lease to follow a feed");
                failures += 1;
                follow.pause(failures)
            }
        };
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

/// Consumes until something fails; whether anything went well before.
async fn work<S: EventSource, H: Handler>(
    shared: &Shared<S, H>,
    bucket: Bucket,
    lease: &Lease,
    stop: &CancellationToken,
) -> bool {
    let mut consumer = Consumer::new(shared, bucket, lease);
    let ended = consumer.run(stop).await;
    if let Err(error) = &ended {
        tracing::warn!(%error, source = shared.follow.source, bucket = bucket.number(), "following starts again");
    }
    let worked = consumer.has_worked();
    drop(consumer);
    if let Err(error) = shared.leases.release(&shared.pool, lease).await {
        tracing::warn!(%error, "a lease could not be given back; it will expire");
    }
    worked
}
