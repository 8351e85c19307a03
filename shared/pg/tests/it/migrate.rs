use sqlx::migrate::Migrator;

use crate::support::{MIGRATOR, SCHEMA, database, migration};

#[tokio::test(flavor = "multi_thread")]
async fn f19_five_migrators_at_once_migrate_once() {
    let database = database().await;
    sqlx::raw_sql("drop schema plumbing cascade")
        .execute(database.owner_pool())
        .await
        .expect("an empty database");
    let url = database.url().to_owned();
    let all = (0..5).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { pg::migrate(&url, SCHEMA, &MIGRATOR, None).await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.expect("a migrator").expect("migrated");
    }
    let applied: i64 = sqlx::query_scalar("select count(*) from plumbing._sqlx_migrations")
        .fetch_one(database.owner_pool())
        .await
        .expect("a count");
    assert_eq!(applied, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_the_release_before_still_starts_on_the_newer_schema() {
    let database = database().await;
    let before = Migrator::with_migrations(vec![migration(1, pg::plumbing(SCHEMA))]);
    pg::migrate(database.url(), SCHEMA, &before, None)
        .await
        .expect("nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_changed_after_it_ran_is_refused() {
    let database = database().await;
    let changed = Migrator::with_migrations(vec![migration(1, "select 1".to_owned())]);
    assert!(matches!(
        pg::migrate(database.url(), SCHEMA, &changed, None).await,
        Err(pg::MigrateError::Migration(
            sqlx::migrate::MigrateError::VersionMismatch(1)
        ))
    ));
}
