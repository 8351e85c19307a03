use sqlx::Executor;

use crate::support::{OUTBOX, announce, announcements, database, fresh_id, note, now, practice};

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_sees_the_rows_of_its_practice_only() {
    let database = database().await;
    let (ours, theirs) = (practice(), practice());
    announce(&database, theirs, 3).await;
    announce(&database, ours, 1).await;
    let seen = |tx| async move {
        let mut tx: pg::Tx = tx;
        let events: i64 = sqlx::query_scalar("select count(*) from plumbing.outbox")
            .fetch_one(&mut *tx)
            .await
            .expect("a count");
        events
    };
    assert_eq!(
        seen(pg::begin(database.pool(), ours).await.expect("begin")).await,
        1
    );
    assert_eq!(
        seen(pg::begin(database.pool(), theirs).await.expect("begin")).await,
        3
    );
    assert_eq!(
        seen(pg::begin_any(database.pool()).await.expect("begin")).await,
        0
    );
    let outside: i64 = sqlx::query_scalar("select count(*) from plumbing.outbox")
        .fetch_one(database.pool())
        .await
        .expect("a count");
    assert_eq!(outside, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_cannot_write_for_another_practice() {
    let database = database().await;
    let (ours, theirs) = (practice(), practice());
    let mut tx = pg::begin(database.pool(), ours).await.expect("begin");
    note(&mut tx, theirs, fresh_id())
        .await
        .expect_err("row-level security");
    let mut tx = pg::begin(database.pool(), ours).await.expect("begin");
    OUTBOX
        .append(&mut tx, theirs, now(), &announcements(1))
        .await
        .expect_err("row-level security");
    let mut tx = pg::begin_any(database.pool()).await.expect("begin");
    OUTBOX
        .append(&mut tx, theirs, now(), &announcements(1))
        .await
        .expect_err("row-level security");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_cannot_be_rewritten_by_the_service() {
    let database = database().await;
    announce(&database, practice(), 1).await;
    for statement in [
        "delete from plumbing.outbox",
        "update plumbing.outbox set payload = ''",
        "truncate plumbing.outbox",
        "delete from plumbing.requests",
        "update plumbing.requests set subject_id = request_id",
        "delete from plumbing.streams",
        "alter table plumbing.outbox disable row level security",
        "create table plumbing.mine (id uuid)",
        "create table public.mine (id uuid)",
    ] {
        let refused = database
            .pool()
            .execute(statement)
            .await
            .expect_err(statement);
        let code = refused
            .as_database_error()
            .and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
}
