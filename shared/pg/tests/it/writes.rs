use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use futures::task::noop_waker_ref;
use ids::PracticeId;
use pg::{Leases, PgConfig, Pool};
use uuid::Uuid;

use crate::support::{
    OUTBOX, SCHEMA, announcements, database, fresh_id, idle_in_transaction, note, notes, now,
    practice,
};

const LEASES: Leases = Leases::new(SCHEMA);

/// A mutating request: writes and announces. What it answers was acknowledged.
async fn write(pool: Pool, practice: PracticeId) -> Result<Uuid, sqlx::Error> {
    let id = fresh_id();
    let mut tx = pg::begin(&pool, practice).await?;
    note(&mut tx, practice, id).await?;
    OUTBOX
        .append(&mut tx, practice, now(), &announcements(1))
        .await?;
    tx.commit().await?;
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_request_cancelled_at_any_moment_loses_no_acknowledged_write() {
    let database = database().await;
    let practice = practice();
    let mut acknowledged = Vec::new();
    for round in 0..400u64 {
        let cancelled = write(database.pool().clone(), practice);
        // From before the first byte is sent to well after the commit.
        if let Ok(Ok(id)) = tokio::time::timeout(Duration::from_micros(round * 20), cancelled).await
        {
            acknowledged.push(id);
        }
        if round % 4 == 0 {
            acknowledged.push(
                write(database.pool().clone(), practice)
                    .await
                    .expect("a write"),
            );
        }
    }
    let kept = notes(&database, practice).await;
    let lost = acknowledged.iter().filter(|id| !kept.contains(id)).count();
    assert_eq!((lost, idle_in_transaction(&database).await), (0, 0));
    assert_eq!(
        crate::support::events(&database, practice).await.len(),
        kept.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_begin_dropped_after_any_number_of_polls_leaves_no_transaction_behind() {
    let database = database().await;
    let practice = practice();
    for polls in 0..40 {
        drop_after(polls, pg::begin(database.pool(), practice)).await;
        let id = write(database.pool().clone(), practice)
            .await
            .expect("a write");
        assert!(
            notes(&database, practice).await.contains(&id),
            "lost after {polls} polls"
        );
    }
    assert_eq!(idle_in_transaction(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_connection_that_somebody_left_in_a_transaction_is_not_lent_again() {
    let database = database().await;
    let practice = practice();
    for polls in 0..20 {
        // As sqlx's own begin leaves it when it is dropped at the wrong moment.
        let mut connection = database.pool().acquire().await.expect("a connection");
        sqlx::raw_sql("begin")
            .execute(&mut *connection)
            .await
            .expect("begin");
        drop(connection);
        drop_after(polls, database.pool().begin()).await;
        let lease = format!("left {polls}");
        let length = Duration::from_secs(60);
        let held = LEASES.acquire(database.pool(), &lease, fresh_id(), length);
        assert!(held.await.expect("a lease").is_some());
        let kept: Option<i64> =
            sqlx::query_scalar("select fence from plumbing.leases where name = $1")
                .bind(&lease)
                .fetch_optional(database.owner_pool())
                .await
                .expect("an answer");
        assert_eq!(kept, Some(1), "lost after {polls} polls");
        let id = write(database.pool().clone(), practice)
            .await
            .expect("a write");
        assert!(
            notes(&database, practice).await.contains(&id),
            "lost after {polls} polls"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_connection_that_has_died_is_replaced_and_nobody_hears_of_it() {
    let database = database().await;
    let practice = practice();
    let one = PgConfig::new(database.url()).with_connections(1);
    let pool = pg::connect(&one, SCHEMA).await.expect("a pool of one");
    let before = process(&pool).await;
    let killed: bool = sqlx::query_scalar("select pg_terminate_backend($1, 10000)")
        .bind(before)
        .fetch_one(database.owner_pool())
        .await
        .expect("killed");
    assert!(killed);
    let kept = write(pool.clone(), practice).await.expect("a write");
    assert_eq!(notes(&database, practice).await, [kept]);
    assert_ne!(process(&pool).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_who_has_connections_to_a_database_that_is_gone_is_not_ready() {
    let database = database().await;
    let few = PgConfig {
        database_acquire_timeout_ms: 300,
        ..PgConfig::new(database.url()).with_connections(2)
    };
    let pool = pg::connect(&few, SCHEMA).await.expect("a pool");
    pg::ready(&pool).await.expect("ready");
    drop(database);
    let gone = pg::ready(&pool).await;
    assert!(gone.is_err(), "its connection is idle, and dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_committed_is_undone_and_the_connection_is_used_again() {
    let database = database().await;
    let practice = practice();
    let one = PgConfig::new(database.url()).with_connections(1);
    let pool = pg::connect(&one, SCHEMA).await.expect("a pool of one");
    let before = process(&pool).await;
    let mut tx = pg::begin(&pool, practice).await.expect("begin");
    note(&mut tx, practice, fresh_id()).await.expect("a note");
    drop(tx);
    let mut tx = pg::begin(&pool, practice).await.expect("begin");
    note(&mut tx, practice, fresh_id()).await.expect("a note");
    tx.rollback().await.expect("rollback");
    let kept = write(pool.clone(), practice).await.expect("a write");
    assert_eq!(notes(&database, practice).await, [kept]);
    assert_eq!(process(&pool).await, before);
}

/// The server's process behind a pool of one connection.
async fn process(pool: &Pool) -> i32 {
    sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(pool)
        .await
        .expect("a process")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_and_a_wait_for_a_lock_have_an_end() {
    let database = database().await;
    let limits: (String, String, String, String) = sqlx::query_as(
        "select current_setting('statement_timeout'), current_setting('lock_timeout'),
            current_setting('idle_in_transaction_session_timeout'), current_setting('search_path')",
    )
    .fetch_one(database.pool())
    .await
    .expect("settings");
    assert_eq!(
        limits,
        (
            "10s".to_owned(),
            "3s".to_owned(),
            "15s".to_owned(),
            String::new()
        )
    );
}

/// A plan lives as long as its connection; one that reads a small table from end to end would still do so when the table
/// has grown.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_made_while_a_table_is_small_goes_by_the_index() {
    let database = database().await;
    let practice = practice();
    let mut tx = pg::begin(database.pool(), practice).await.expect("begin");
    note(&mut tx, practice, fresh_id()).await.expect("a note");
    tx.commit().await.expect("commit");
    sqlx::query("analyze plumbing.notes")
        .execute(database.owner_pool())
        .await
        .expect("counted");
    let one = format!(
        "explain select body from plumbing.notes where practice_id = '{}' and note_id = '{}'",
        practice.uuid(),
        fresh_id()
    );
    let plan = |pool: Pool| {
        let one = one.clone();
        async move {
            let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(one))
                .fetch_all(&pool)
                .await
                .expect("a plan");
            lines.join("\n")
        }
    };
    let (ours, untold) = (
        plan(database.pool().clone()).await,
        plan(database.owner_pool().clone()).await,
    );
    assert!(ours.contains("Index"), "{ours}");
    assert!(untold.contains("Seq Scan"), "{untold}");
}

/// Polls a future so many times, a millisecond apart, then drops it.
async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) {
    let mut future = pin!(future);
    for _ in 0..polls {
        let mut context = Context::from_waker(noop_waker_ref());
        if future.as_mut().poll(&mut context).is_ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
