use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use pg::feed::{Bucket, Feed};
use sqlx::postgres::PgListener;
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::support::{
    OUTBOX, SCHEMA, SOON, announce, announcements, database, events, now, practice,
    waiting_for_lock,
};

#[tokio::test(flavor = "multi_thread")]
async fn f21_sixteen_writers_of_one_practice_number_their_events_without_gap_and_a_reader_sees_all_in_order()
 {
    const WRITERS: usize = 16;
    const EACH: usize = 25;
    let database = Arc::new(database().await);
    let practice = practice();
    let feed = Feed::start(database.pool().clone(), SCHEMA, CancellationToken::new());
    let bucket = Bucket::new(0, 1).expect("a bucket");
    let reader = tokio::spawn(async move {
        let mut seen = Vec::new();
        let mut stream = feed.stream(bucket, Vec::new());
        while seen.len() < WRITERS * EACH * 2 {
            if let Some(event) = stream
                .next()
                .await
                .expect("a live stream")
                .expect("an item")
            {
                seen.push((event.sequence, event.event_id));
            }
        }
        seen
    });
    let writers = (0..WRITERS).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            for _ in 0..EACH {
                announce(&database, practice, 2).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer");
    }
    let seen = tokio::time::timeout(SOON, reader)
        .await
        .expect("all events in time")
        .expect("the reader");
    assert!(
        seen.iter()
            .map(|(sequence, _)| *sequence)
            .eq(1..=(WRITERS * EACH * 2) as i64)
    );
    assert_eq!(
        seen.iter().map(|(_, id)| id).collect::<BTreeSet<_>>().len(),
        WRITERS * EACH * 2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_a_reader_does_not_skip_a_transaction_that_commits_late() {
    let database = Arc::new(database().await);
    let practice = practice();
    announce(&database, practice, 1).await;
    let mut late = pg::begin(database.pool(), practice).await.expect("begin");
    assert_eq!(
        OUTBOX
            .append(&mut late, practice, now(), &announcements(1))
            .await
            .expect("append"),
        2
    );
    // The next writer has to wait for the late one, so nothing can be read past it.
    let next = tokio::spawn({
        let database = database.clone();
        async move { announce(&database, practice, 1).await }
    });
    eventually(SOON, "the next writer waits", || {
        waiting_for_lock(&database)
    })
    .await;
    assert_eq!(events(&database, practice).await.len(), 1);
    late.commit().await.expect("commit");
    next.await.expect("the next writer");
    let numbers: Vec<i64> = events(&database, practice)
        .await
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undone_append_leaves_no_gap() {
    let database = database().await;
    let practice = practice();
    let mut tx = pg::begin(database.pool(), practice).await.expect("begin");
    OUTBOX
        .append(&mut tx, practice, now(), &announcements(3))
        .await
        .expect("append");
    drop(tx);
    announce(&database, practice, 2).await;
    let numbers: Vec<i64> = events(&database, practice)
        .await
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_span_practices_do_not_lock_each_other_out() {
    let database = Arc::new(database().await);
    let (one, other) = (practice(), practice());
    let writers = [[one, other], [other, one]].map(|practices| {
        let database = database.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                let mut tx = pg::begin_any(database.pool()).await.expect("begin");
                let announced = practices
                    .map(|practice| (practice, announcements(1)))
                    .to_vec();
                OUTBOX
                    .append_many(&mut tx, now(), announced)
                    .await
                    .expect("no deadlock");
                tx.commit().await.expect("commit");
            }
        })
    });
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert_eq!(events(&database, one).await.len(), 80);
    assert_eq!(events(&database, other).await.len(), 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_wake_is_made_good_by_the_poll() {
    let database = database().await;
    let practice = practice();
    let feed = Feed::start(database.pool().clone(), SCHEMA, CancellationToken::new());
    let mut stream = feed.stream(Bucket::new(0, 1).expect("a bucket"), Vec::new());
    // The owner writes without telling anyone, as a writer that died after its commit.
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "insert into plumbing.streams values ('{0}', 1);
        insert into plumbing.outbox values ('{0}', 1, '{0}', 'test.Noted', '', '2026-03-31')",
        practice.uuid()
    )))
    .execute(database.owner_pool())
    .await
    .expect("a silent write");
    let found = async {
        while stream
            .next()
            .await
            .expect("a live stream")
            .expect("an item")
            .is_none()
        {}
    };
    tokio::time::timeout(Duration::from_secs(5), found)
        .await
        .expect("found by the poll");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_follow_each_other_are_told_together_and_the_last_one_too() {
    let database = database().await;
    let (busy, quiet) = (practice(), practice());
    let mut listener = PgListener::connect_with(database.owner_pool())
        .await
        .expect("a listener");
    listener
        .listen("evenkeel_plumbing_feed")
        .await
        .expect("listening");
    let start = Instant::now();
    for note in 0..100 {
        let practice = if note == 50 { quiet } else { busy };
        announce(&database, practice, 1).await;
    }
    let took = start.elapsed();
    let (of_busy, of_quiet) = (format!("{}:99", busy.uuid()), format!("{}:1", quiet.uuid()));
    let (mut heard, mut quiet_heard, mut busy_heard) = (0, 0, 0);
    // Those that are told together come in any order.
    let last = async {
        while busy_heard == 0 || quiet_heard == 0 {
            let told = listener.recv().await.expect("a notification");
            heard += 1;
            quiet_heard += u32::from(told.payload() == of_quiet);
            busy_heard += u32::from(told.payload() == of_busy);
        }
    };
    tokio::time::timeout(SOON, last)
        .await
        .expect("the last head");
    assert_eq!(quiet_heard, 1);
    let breaths = took.as_millis() / 50;
    assert!(
        heard <= breaths + 3,
        "{heard} notifications of 100 commits in {breaths} breaths"
    );
}
