use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use ids::PracticeId;
use pg::feed::{Event, Feed, Follow, FollowMetrics, Handler, HandlerError, Position, follow};
use pg::{PgConfig, Pool, Tx};
use testkit::{TestDatabase, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{SCHEMA, SOON, announce, database, events, note, notes, practice};

/// Notes every event, once: a second effect of one event violates the notes' key.
#[derive(Clone)]
pub struct Notes;

impl Handler for Notes {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        note(tx, event.practice, event.event_id.uuid()).await?;
        Ok(())
    }
}

/// Impatient, so that tests need not be patient.
pub fn options(buckets: u16) -> Follow {
    Follow {
        buckets,
        attempts: 3,
        shortest_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(100),
        lease: Duration::from_millis(400),
        knows: |event_type| event_type.starts_with("test."),
        metrics: FollowMetrics::default(),
        ..Follow::new(SCHEMA, "self", Clock::system())
    }
}

pub fn feed(pool: &Pool) -> Feed {
    Feed::start(pool.clone(), SCHEMA, CancellationToken::new())
}

/// A process that follows; stopped well with `stop`, killed with `task.abort()`.
pub struct Replica {
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

pub fn replica(database: &TestDatabase, options: Follow, handler: impl Handler) -> Replica {
    let stop = CancellationToken::new();
    let pool = database.pool().clone();
    let task = tokio::spawn(follow(
        options,
        pool.clone(),
        feed(&pool),
        handler,
        stop.clone(),
    ));
    Replica { stop, task }
}

/// Waits until every event of the practice has been noted, exactly.
pub async fn all_noted(database: &TestDatabase, practice: PracticeId) {
    eventually(SOON, "every event is noted", || async {
        let mut events: Vec<_> = events(database, practice)
            .await
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        events.sort();
        (notes(database, practice).await == events).then_some(())
    })
    .await;
}

pub async fn cursor(database: &TestDatabase, practice: PracticeId) -> i64 {
    sqlx::query_scalar(
        "select applied from plumbing.cursors where source = 'self' and practice_id = $1",
    )
    .bind(practice)
    .fetch_optional(database.owner_pool())
    .await
    .expect("a cursor")
    .unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_from_before_and_after_the_start_have_their_effect_once() {
    let database = database().await;
    let practices = [practice(), practice(), practice()];
    for practice in practices {
        announce(&database, practice, 300).await;
    }
    let replica = replica(&database, options(2), Notes);
    for practice in practices {
        announce(&database, practice, 5).await;
        all_noted(&database, practice).await;
        assert_eq!(cursor(&database, practice).await, 305);
    }
    replica.stop.cancel();
    replica.task.await.expect("it stops");
    let free: bool = sqlx::query_scalar(
        "select bool_and(expire_time <= clock_timestamp()) from plumbing.leases",
    )
    .fetch_one(database.owner_pool())
    .await
    .expect("leases");
    assert!(free, "a stopped follower gives its leases back");
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_follower_killed_at_any_moment_repeats_and_forgets_nothing() {
    let database = Arc::new(database().await);
    let practice = practice();
    let writer = tokio::spawn({
        let database = database.clone();
        async move {
            for _ in 0..150 {
                announce(&database, practice, 2).await;
            }
        }
    });
    for kill in 1..=8 {
        let replica = replica(&database, options(1), Notes);
        let before = cursor(&database, practice).await;
        // Killed somewhere after it has got hold of the bucket and moved on a little.
        eventually(SOON, "it moves on", || async {
            let now = cursor(&database, practice).await;
            (now >= (before + kill).min(300)).then_some(())
        })
        .await;
        replica.task.abort();
    }
    writer.await.expect("the writer");
    let _last = replica(&database, options(1), Notes);
    all_noted(&database, practice).await;
    assert_eq!(cursor(&database, practice).await, 300);
}

/// Writes the effect, says so, and never comes to commit it.
struct Stuck(Arc<tokio::sync::Notify>);

impl Handler for Stuck {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        note(tx, event.practice, event.event_id.uuid()).await?;
        self.0.notify_one();
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_killed_between_the_effect_and_the_commit_it_begins_again() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 3).await;
    let reached = Arc::new(tokio::sync::Notify::new());
    let stuck = replica(&database, options(1), Stuck(reached.clone()));
    reached.notified().await;
    stuck.task.abort();
    assert!(stuck.task.await.is_err());
    assert_eq!(cursor(&database, practice).await, 0);
    let _next = replica(&database, options(1), Notes);
    all_noted(&database, practice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_two_replicas_share_a_feed_and_one_takes_over_from_a_dead_one() {
    let database = database().await;
    let practices: Vec<_> = (0..6).map(|_| practice()).collect();
    let (one, two) = (options(4), options(4));
    let metrics = [one.metrics.clone(), two.metrics.clone()];
    let dying = replica(&database, one, Notes);
    let _living = replica(&database, two, Notes);
    for practice in &practices {
        announce(&database, *practice, 20).await;
    }
    for practice in &practices {
        all_noted(&database, *practice).await;
    }
    dying.task.abort();
    for practice in &practices {
        announce(&database, *practice, 20).await;
    }
    for practice in &practices {
        all_noted(&database, *practice).await;
    }
    let applied: u64 = metrics
        .iter()
        .map(|metrics| metrics.applied(SCHEMA, "self"))
        .sum();
    assert_eq!(applied, 6 * 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_source_is_followed_from_its_first_event_again() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 30).await;
    let _replica = replica(&database, options(2), Notes);
    all_noted(&database, practice).await;
    for _ in 0..3 {
        let mut tx = pg::begin(database.pool(), practice).await.expect("begin");
        pg::feed::reset(&mut tx, SCHEMA, "self")
            .await
            .expect("reset");
        sqlx::query("delete from plumbing.notes")
            .execute(&mut *tx)
            .await
            .expect("an empty projection");
        tx.commit().await.expect("commit");
        all_noted(&database, practice).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_feed_is_read_while_the_services_own_connections_are_all_taken() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 3).await;
    let config = PgConfig::new(database.url()).with_connections(2);
    let overloaded = pg::connect(&config, SCHEMA).await.expect("connected");
    let feed = feed(&overloaded);
    let taken = [
        overloaded.acquire().await.expect("the first"),
        overloaded.acquire().await.expect("the last"),
    ];
    let following = follow(
        options(1),
        database.pool().clone(),
        feed.clone(),
        Notes,
        CancellationToken::new(),
    );
    let _running = tokio::spawn(following);
    all_noted(&database, practice).await;
    announce(&database, practice, 3).await;
    all_noted(&database, practice).await;
    let after = Position {
        practice,
        sequence: 0,
    };
    let history = feed.history(after, 500).await.expect("read");
    assert_eq!(history.events.len(), 6);
    drop(taken);
}

/// Writes what it is given at once, and lets every third event begin anew.
struct Threes;

impl Handler for Threes {
    async fn apply(&self, _: &mut Tx, _: &Event) -> Result<(), HandlerError> {
        unreachable!("it is given all that may share a transaction")
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        for event in events {
            note(tx, event.practice, event.event_id.uuid()).await?;
        }
        Ok(())
    }

    fn together(&self, _: &Event, next: &Event) -> bool {
        next.sequence % 3 != 1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_share_a_transaction_as_the_handler_allows() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 60).await;
    let _replica = replica(&database, options(1), Threes);
    all_noted(&database, practice).await;
    let transactions: Vec<(i64, i64)> = sqlx::query_as(
        "select min(event.seq), max(event.seq)
        from plumbing.notes note
        join plumbing.outbox event on event.event_id = note.note_id
        group by note.xmin::text
        order by 1",
    )
    .fetch_all(database.owner_pool())
    .await
    .expect("transactions");
    let begins_a_three = |(first, last): &(i64, i64)| (first - 1) / 3 == (last - 1) / 3;
    assert!(transactions.iter().all(begins_a_three), "{transactions:?}");
    assert!(transactions.len() < 60, "some shared one");
}
