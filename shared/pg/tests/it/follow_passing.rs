//! Events that do nothing where they are followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ids::PracticeId;
use pg::feed::{
    Bucket, Event, EventSource, EventStream, Feed, Follow, Handler, HandlerError, Position,
    SourceError, follow, parked, skip,
};
use pg::{Announcement, Tx};
use testkit::{TestDatabase, eventually};
use tokio_util::sync::CancellationToken;

use crate::follow::{cursor, feed, options, replica};
use crate::support::{
    SCHEMA, SOON, announce_all, announcement, announcements, database, events, note, notes,
    practice,
};

const IDLE: &str = "test.Idle";
const BAD: &str = "test.Bad";

/// Notes what is to be noted, and can do nothing with what is bad.
#[derive(Clone)]
struct Picky;

impl Handler for Picky {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        match event.event_type.as_str() {
            IDLE => Ok(()),
            BAD => Err(HandlerError::poison("bad")),
            _ => Ok(note(tx, event.practice, event.event_id.uuid()).await?),
        }
    }

    fn matters(&self, event: &Event) -> bool {
        event.event_type != IDLE
    }
}

fn idle(count: usize) -> Vec<Announcement> {
    std::iter::repeat_with(|| announcement(IDLE))
        .take(count)
        .collect()
}

async fn reaches(database: &TestDatabase, practice: PracticeId, sequence: i64) {
    eventually(SOON, "the cursor moves", || async {
        (cursor(database, practice).await == sequence).then_some(())
    })
    .await;
}

/// A feed that counts who subscribes.
struct Counted(Feed, Arc<AtomicU32>);

impl EventSource for Counted {
    async fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.subscribe(bucket, after).await
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        self.0.list(after, limit).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_move_over_what_does_nothing_soon_and_for_all_practices_at_once() {
    let database = database().await;
    sqlx::raw_sql(
        "create table public.moves (txid text not null);
        create function public.moved() returns trigger language plpgsql security definer as
            $$ begin insert into public.moves values (pg_current_xact_id()::text); return null; end $$;
        create trigger moved after insert or update on plumbing.cursors
            for each row execute function public.moved();",
    )
    .execute(database.owner_pool())
    .await
    .expect("a trigger");
    let subscribed = Arc::new(AtomicU32::new(0));
    let source = Counted(feed(database.pool()), subscribed.clone());
    let stop = CancellationToken::new();
    // Its lease is renewed, and looked whether anything was lost, while cursors wait.
    let (options, pool) = (options(1), database.pool().clone());
    let metrics = options.metrics.clone();
    let start = Instant::now();
    let following = tokio::spawn(follow(options, pool, source, Picky, stop.clone()));
    let practices = [practice(), practice(), practice()];
    for _ in 0..20 {
        for practice in practices {
            announce_all(&database, practice, &idle(2)).await;
        }
    }
    for practice in practices {
        reaches(&database, practice, 40).await;
    }
    let (moves, transactions): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct txid) from public.moves")
            .fetch_one(database.owner_pool())
            .await
            .expect("moves");
    let halves = i64::try_from(start.elapsed().as_millis() / 500).expect("a while");
    assert!(
        transactions <= halves,
        "{transactions} in {halves} half seconds"
    );
    assert!(moves <= halves * 3);
    assert_eq!(subscribed.load(Ordering::SeqCst), 1, "nothing was lost");
    assert_eq!(metrics.applied(SCHEMA, "self"), 120);
    // Who stops leaves nothing to be read again.
    announce_all(&database, practices[0], &idle(1)).await;
    announce_all(&database, practices[1], &announcements(1)).await;
    reaches(&database, practices[1], 41).await;
    stop.cancel();
    following.await.expect("it stops");
    assert_eq!(cursor(&database, practices[0]).await, 41);
    assert_eq!(metrics.applied(SCHEMA, "self"), 122);
}

/// Waits until what is to be noted has been, exactly.
async fn all_picked(database: &TestDatabase, practice: PracticeId) {
    let mut wanted: Vec<uuid::Uuid> = sqlx::query_scalar(
        "select event_id from plumbing.outbox where practice_id = $1 and event_type <> $2",
    )
    .bind(practice)
    .bind(IDLE)
    .fetch_all(database.owner_pool())
    .await
    .expect("events");
    wanted.sort();
    eventually(SOON, "all is noted", || async {
        (notes(database, practice).await == wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_killed_with_cursors_that_wait_it_repeats_and_forgets_nothing() {
    let database = Arc::new(database().await);
    let practice = practice();
    let writer = tokio::spawn({
        let database = database.clone();
        async move {
            for round in 0..120 {
                let mut told = idle(round % 4);
                told.extend(announcements(round % 3));
                told.extend(idle(1));
                announce_all(&database, practice, &told).await;
            }
        }
    });
    for kill in 1..=6 {
        let replica = replica(&database, options(1), Picky);
        let before = cursor(&database, practice).await;
        eventually(SOON, "it moves on", || async {
            let now = cursor(&database, practice).await;
            (now >= (before + kill).min(420)).then_some(())
        })
        .await;
        replica.task.abort();
    }
    writer.await.expect("the writer");
    let head = i64::try_from(events(&database, practice).await.len()).expect("a count");
    let _last = replica(&database, options(1), Picky);
    reaches(&database, practice, head).await;
    all_picked(&database, practice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_what_is_parked_after_events_that_do_nothing_can_be_skipped() {
    let database = database().await;
    let practice = practice();
    let mut told = idle(3);
    told.push(announcement(BAD));
    told.extend(idle(2));
    announce_all(&database, practice, &told).await;
    let _replica = replica(&database, options(1), Picky);
    let found = eventually(SOON, "it is parked", || async {
        let found = parked(database.pool(), SCHEMA, "self").await;
        found.expect("parked").pop()
    })
    .await;
    assert_eq!(found.event.sequence, 4);
    assert_eq!(cursor(&database, practice).await, 3);
    let skipped = skip(database.pool(), SCHEMA, "self", practice).await;
    assert_eq!(skipped.expect("skipped"), Some(4));
    reaches(&database, practice, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_database_that_lost_a_cursor_is_not_told_of_a_later_one() {
    let database = database().await;
    let practice = practice();
    // It does not look for losses before the cursor is to move.
    let patient = Follow {
        lease: Duration::from_secs(60),
        ..options(1)
    };
    let _replica = replica(&database, patient, Picky);
    announce_all(&database, practice, &announcements(2)).await;
    reaches(&database, practice, 2).await;
    sqlx::raw_sql("delete from plumbing.cursors; delete from plumbing.notes")
        .execute(database.owner_pool())
        .await
        .expect("lost");
    announce_all(&database, practice, &idle(1)).await;
    reaches(&database, practice, 3).await;
    all_picked(&database, practice).await;
}
