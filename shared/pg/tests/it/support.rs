use std::sync::LazyLock;
use std::time::Duration;

use clock::Clock;
use ids::{EventId, PracticeId};
use jiff::Timestamp;
use pg::{Announcement, Outbox, Tx};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use testkit::TestDatabase;
use uuid::Uuid;

pub const SCHEMA: &str = "plumbing";
pub const OUTBOX: Outbox = Outbox::new(SCHEMA);
pub const SOON: Duration = Duration::from_secs(20);

/// A service that does nothing but note what it is told, each note once.
const NOTES: &str = "
    create table plumbing.notes (
        practice_id uuid not null,
        note_id uuid not null,
        body text not null,
        constraint notes_pkey primary key (practice_id, note_id)
    );
    alter table plumbing.notes enable row level security;
    create policy notes_practice on plumbing.notes
        using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
    grant select, insert, delete on plumbing.notes to evenkeel_plumbing;
";

pub static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    Migrator::with_migrations(vec![
        migration(1, pg::plumbing(SCHEMA)),
        migration(2, NOTES.to_owned()),
    ])
});

pub fn migration(version: i64, sql: String) -> Migration {
    Migration::new(
        version,
        "test".into(),
        MigrationType::Simple,
        AssertSqlSafe(sql).into_sql_str(),
        false,
    )
}

pub async fn database() -> TestDatabase {
    testkit::database(SCHEMA, &MIGRATOR).await
}

pub fn practice() -> PracticeId {
    PracticeId::new(&Clock::system())
}

pub fn fresh_id() -> Uuid {
    Clock::system().uuid()
}

pub fn now() -> Timestamp {
    "2026-03-31T12:00:00Z".parse().expect("a time")
}

/// Announcements of `count` events.
pub fn announcements(count: usize) -> Vec<Announcement> {
    std::iter::repeat_with(|| announcement("test.Noted"))
        .take(count)
        .collect()
}

pub fn announcement(event_type: &str) -> Announcement {
    Announcement {
        event_id: EventId::new(&Clock::system()),
        event_type: event_type.to_owned(),
        payload: prost::Message::encode_to_vec(&"noted".to_owned()),
    }
}

/// Appends `count` events in a transaction of their own.
pub async fn announce(database: &TestDatabase, practice: PracticeId, count: usize) {
    announce_all(database, practice, &announcements(count)).await;
}

pub async fn announce_all(
    database: &TestDatabase,
    practice: PracticeId,
    announcements: &[Announcement],
) {
    let mut tx = pg::begin(database.pool(), practice).await.expect("begin");
    OUTBOX
        .append(&mut tx, practice, now(), announcements)
        .await
        .expect("append");
    tx.commit().await.expect("commit");
}

pub async fn note(tx: &mut Tx, practice: PracticeId, note: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("insert into plumbing.notes (practice_id, note_id, body) values ($1, $2, 'x')")
        .bind(practice)
        .bind(note)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// All notes of a practice, seen by the owner.
pub async fn notes(database: &TestDatabase, practice: PracticeId) -> Vec<Uuid> {
    sqlx::query_scalar("select note_id from plumbing.notes where practice_id = $1 order by note_id")
        .bind(practice)
        .fetch_all(database.owner_pool())
        .await
        .expect("notes")
}

/// The events of a practice in order: number and id, seen by the owner.
pub async fn events(database: &TestDatabase, practice: PracticeId) -> Vec<(i64, Uuid)> {
    sqlx::query_as("select seq, event_id from plumbing.outbox where practice_id = $1 order by seq")
        .bind(practice)
        .fetch_all(database.owner_pool())
        .await
        .expect("events")
}

/// Connections of this database that hold a transaction open without doing anything.
pub async fn idle_in_transaction(database: &TestDatabase) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_catalog.pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(database.owner_pool())
    .await
    .expect("activity")
}

/// Connections of this database that wait for a lock.
pub async fn waiting_for_lock(database: &TestDatabase) -> Option<()> {
    let waiting: i64 = sqlx::query_scalar(
        "select count(*) from pg_catalog.pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'",
    )
    .fetch_one(database.owner_pool())
    .await
    .expect("activity");
    (waiting > 0).then_some(())
}
