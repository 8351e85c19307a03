use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures::{StreamExt, stream};
use pg::Tx;
use pg::feed::{
    Bucket, Event, EventSource, EventStream, Feed, Handler, HandlerError, Position, SourceError,
    follow, parked, replay, skip,
};
use testkit::{TestDatabase, eventually};
use tokio_util::sync::CancellationToken;

use crate::follow::{Notes, all_noted, cursor, feed, options, replica};
use crate::support::{SCHEMA, SOON, announce, database, events, notes, practice};

/// A feed that sends every event twice, and all from the first whatever it is asked for.
struct Repeating(Feed);

impl EventSource for Repeating {
    async fn subscribe(
        &self,
        bucket: Bucket,
        _: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        let once = self.0.subscribe(bucket, Vec::new()).await?;
        Ok(once
            .flat_map(|item| match item {
                Ok(Some(event)) => {
                    stream::iter(vec![Ok(Some(event.clone())), Ok(None), Ok(Some(event))])
                }
                other => stream::iter(vec![other]),
            })
            .boxed())
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        self.0.list(after, limit).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_an_event_that_comes_again_is_ignored() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 10).await;
    let options = options(1);
    let metrics = options.metrics.clone();
    let source = Repeating(feed(database.pool()));
    let following = follow(
        options,
        database.pool().clone(),
        source,
        Notes,
        CancellationToken::new(),
    );
    let _running = tokio::spawn(following);
    all_noted(&database, practice).await;
    announce(&database, practice, 10).await;
    all_noted(&database, practice).await;
    assert_eq!(metrics.applied(SCHEMA, "self"), 20);
    eventually(SOON, "each came twice", || async {
        (metrics.duplicates(SCHEMA, "self") == 20).then_some(())
    })
    .await;
}

/// A feed that has lost an event, until it is found again.
struct Losing {
    feed: Feed,
    lost: Arc<AtomicBool>,
}

impl EventSource for Losing {
    async fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        let lost = self.lost.clone();
        let kept = move |event: &Event| event.sequence != 4 || !lost.load(Ordering::SeqCst);
        let stream = self.feed.subscribe(bucket, after).await?;
        Ok(stream
            .filter(move |item| {
                let keep = item
                    .as_ref()
                    .ok()
                    .and_then(Option::as_ref)
                    .is_none_or(&kept);
                async move { keep }
            })
            .boxed())
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        let events = self.feed.list(after, limit).await?;
        Ok(events
            .into_iter()
            .filter(|event| event.sequence != 4 || !self.lost.load(Ordering::SeqCst))
            .collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_gap_stops_its_practice_and_alarms_and_others_flow() {
    let database = database().await;
    let (broken, whole) = (practice(), practice());
    announce(&database, broken, 6).await;
    announce(&database, whole, 3).await;
    let options = options(1);
    let metrics = options.metrics.clone();
    let lost = Arc::new(AtomicBool::new(true));
    let source = Losing {
        feed: feed(database.pool()),
        lost: lost.clone(),
    };
    let following = follow(
        options,
        database.pool().clone(),
        source,
        Notes,
        CancellationToken::new(),
    );
    let _running = tokio::spawn(following);
    all_noted(&database, whole).await;
    let parked = parked_one(&database).await;
    assert_eq!((parked.event.practice, parked.event.sequence), (broken, 5));
    assert_eq!(parked.error, "gap: 4 is missing");
    assert_eq!(
        (
            cursor(&database, broken).await,
            metrics.gaps(SCHEMA, "self")
        ),
        (3, 1)
    );

    lost.store(false, Ordering::SeqCst);
    assert!(
        replay(database.pool(), SCHEMA, "self", broken)
            .await
            .expect("replay")
    );
    all_noted(&database, broken).await;
}

/// Cannot apply the third event of any practice until it is mended.
struct Choking {
    mended: Arc<AtomicBool>,
    tries: Arc<AtomicU32>,
}

impl Handler for Choking {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        if event.sequence == 3 && !self.mended.load(Ordering::SeqCst) {
            self.tries.fetch_add(1, Ordering::SeqCst);
            return Err(HandlerError::poison("no such bill"));
        }
        Notes.apply(tx, event).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_poison_event_is_parked_with_what_follows_it_and_flows_when_replayed() {
    let database = database().await;
    let (poisoned, healthy) = (practice(), practice());
    announce(&database, poisoned, 8).await;
    announce(&database, healthy, 2).await;
    let (mended, tries) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let _replica = replica(
        &database,
        options(1),
        Choking {
            mended: mended.clone(),
            tries: tries.clone(),
        },
    );
    let parked = parked_one(&database).await;
    assert_eq!(
        (
            parked.event.practice,
            parked.event.sequence,
            parked.attempts
        ),
        (poisoned, 3, 3)
    );
    assert_eq!(parked.error, "no such bill");
    assert_eq!(cursor(&database, poisoned).await, 2);
    // What comes later waits; the other practice does not.
    announce(&database, poisoned, 1).await;
    announce(&database, healthy, 1).await;
    eventually(
        SOON,
        "the healthy practice flows up to its own third",
        || async { (cursor(&database, healthy).await == 2).then_some(()) },
    )
    .await;
    assert_eq!(notes(&database, poisoned).await.len(), 2);

    let before = tries.load(Ordering::SeqCst);
    mended.store(true, Ordering::SeqCst);
    assert!(
        replay(database.pool(), SCHEMA, "self", poisoned)
            .await
            .expect("replay")
    );
    all_noted(&database, poisoned).await;
    assert_eq!(cursor(&database, poisoned).await, 9);
    assert!(before >= 3);
    assert!(
        !replay(database.pool(), SCHEMA, "self", poisoned)
            .await
            .expect("nothing is parked")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_skipped_event_has_no_effect_and_the_rest_flows() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 5).await;
    let mended = Arc::new(AtomicBool::new(false));
    let first = replica(
        &database,
        options(1),
        Choking {
            mended,
            tries: Arc::default(),
        },
    );
    parked_one(&database).await;
    // Parked survives a restart.
    first.stop.cancel();
    first.task.await.expect("it stops");
    let tries = Arc::new(AtomicU32::new(0));
    let _next = replica(
        &database,
        options(1),
        Choking {
            mended: Arc::default(),
            tries: tries.clone(),
        },
    );
    assert_eq!(
        skip(database.pool(), SCHEMA, "self", practice)
            .await
            .expect("skip"),
        Some(3)
    );
    eventually(SOON, "the rest flows", || async {
        (cursor(&database, practice).await == 5).then_some(())
    })
    .await;
    let third = events(&database, practice).await[2].1;
    let noted = notes(&database, practice).await;
    assert_eq!(
        (
            noted.len(),
            noted.contains(&third),
            tries.load(Ordering::SeqCst)
        ),
        (4, false, 0)
    );
    assert_eq!(
        skip(database.pool(), SCHEMA, "self", practice)
            .await
            .expect("skip"),
        None
    );
}

/// Fails for a passing reason more often than a poison event may, and panics once.
struct Shaky(AtomicU32);

impl Handler for Shaky {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => panic!("a mistake in the handler"),
            1..8 => Err(HandlerError::transient("the database is busy")),
            8.. => Notes.apply(tx, event).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_passing_failure_is_tried_until_it_goes_and_never_parked() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 1).await;
    let _replica = replica(&database, options(1), Shaky(AtomicU32::new(0)));
    all_noted(&database, practice).await;
    assert_eq!(
        parked(database.pool(), SCHEMA, "self")
            .await
            .expect("parked"),
        []
    );
}

async fn parked_one(database: &TestDatabase) -> pg::feed::Parked {
    eventually(SOON, "an event is parked", || async {
        parked(database.pool(), SCHEMA, "self")
            .await
            .expect("parked")
            .pop()
    })
    .await
}
