//! One watcher per process learns which streams have grown: at once by NOTIFY, and by a poll when a notification got
//! lost or a writer died before it sent one.

use std::collections::HashMap;
use std::time::Duration;

use ids::PracticeId;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Pool;
use crate::plumbing::wake_channel;
use crate::wake::Wake;

const POLL: Duration = Duration::from_millis(500);
/// A poll reads all heads; with very many practices it comes less often, so that it takes at most a 20th of the time.
const POLL_SHARE: u32 = 20;
const RELISTEN: Duration = Duration::from_secs(1);

/// A practice's stream and the last number that is known to be in it.
pub(crate) type Grown = (PracticeId, i64);

/// Watches until `stop`.
pub(crate) async fn watch(
    pool: Pool,
    schema: &'static str,
    grown: broadcast::Sender<Grown>,
    stop: CancellationToken,
) {
    let (heard, mut hearing) = mpsc::channel(256);
    let listening = tokio::spawn(stop.clone().run_until_cancelled_owned(listen(
        pool.clone(),
        schema,
        heard,
    )));
    let mut known = HashMap::new();
    let mut next_poll = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(heard) = hearing.recv() => match heard {
                Heard::Grown(practice, head) => tell(&mut known, &grown, (practice, head)),
                Heard::Gap => next_poll = Instant::now(),
            },
            () = tokio::time::sleep_until(next_poll) => {
                let start = Instant::now();
                match heads(&pool, schema).await {
                    Ok(heads) => heads.into_iter().for_each(|head| tell(&mut known, &grown, head)),
                    Err(error) => tracing::warn!(%error, schema, "the feed's heads could not be read"),
                }
                next_poll = Instant::now() + POLL.max(start.elapsed() * POLL_SHARE);
            }
        }
    }
    listening.abort();
}

fn tell(
    known: &mut HashMap<PracticeId, i64>,
    grown: &broadcast::Sender<Grown>,
    (practice, head): Grown,
) {
    let before = known.entry(practice).or_insert(0);
    if *before < head {
        *before = head;
        // Nobody subscribed is no error: a subscription starts by reading the heads itself.
        let _ = grown.send((practice, head));
    }
}

/// The heads of all streams, as committed.
pub(crate) async fn heads(pool: &Pool, schema: &'static str) -> Result<Vec<Grown>, sqlx::Error> {
    sqlx::query_as(AssertSqlSafe(format!(
        "select practice_id, head from {schema}.streams"
    )))
    .fetch_all(pool)
    .await
}

enum Heard {
    Grown(PracticeId, i64),
    /// Notifications may have been lost.
    Gap,
}

/// Hears notifications on a connection of its own, so that it takes none from the service.
async fn listen(pool: Pool, schema: &'static str, heard: mpsc::Sender<Heard>) {
    let options = (*pool.connect_options()).clone();
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(options);
    while !heard.is_closed() {
        if let Err(error) = hear(&own, schema, &heard).await {
            tracing::warn!(%error, schema, "not listening for events; polling");
        }
        tokio::time::sleep(RELISTEN).await;
    }
}

async fn hear(
    own: &Pool,
    schema: &'static str,
    heard: &mpsc::Sender<Heard>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(own).await?;
    listener.listen(&wake_channel(schema)).await?;
    let mut word = Heard::Gap;
    while heard.send(word).await.is_ok() {
        let notification = listener.try_recv().await?;
        let grown = notification.and_then(|notification| Wake::read(notification.payload()));
        word = grown.map_or(Heard::Gap, |(practice, head)| Heard::Grown(practice, head));
    }
    Ok(())
}
