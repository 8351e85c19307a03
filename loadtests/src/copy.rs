//! What the database can do with sessions: COPY of the rows that a stream has made, into empty tables of the same
//! migrations on the same server.

use anyhow::{Context as _, Result};
use futures::TryStreamExt as _;
use reqwest::Url;
use sqlx::postgres::{PgConnectOptions, PgPoolCopyExt as _};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use std::time::{Duration, Instant};

const DATABASE: &str = "evenkeel_copy";

/// Copied unmeasured, for the keys that sessions refer to.
const PEOPLE: [(&str, &str); 3] = [
    (
        "practices",
        "practice_id, name, time_zone, currency, address_lines, phone, email, tax_id, npi, create_time",
    ),
    (
        "clients",
        "practice_id, client_id, given_name, family_name, email, address_lines, city, region, postal_code, create_time",
    ),
    (
        "clinicians",
        "practice_id, clinician_id, name, npi, licence, create_time",
    ),
];
const ROWS: [(&str, &str); 2] = [
    (
        "sessions",
        "practice_id, session_id, client_id, clinician_id, start_time, service_date, outcome, diagnosis_codes, \
         place_of_service, external_reference, currency, total_minor, create_time",
    ),
    (
        "session_lines",
        "practice_id, session_id, line_number, service_code, description, modifiers, units, unit_price_minor",
    ),
];

/// How long COPY takes for all sessions of a practice and their lines, in one transaction.
///
/// # Errors
/// The login may not create databases, or the rows cannot be copied.
pub async fn sessions(database_url: &str, practice_id: &str) -> Result<Duration> {
    let source = PgPool::connect(database_url).await?;
    let mut owner = Url::parse(database_url).context("the database's URL")?;
    run(
        &source,
        &format!("drop database if exists {DATABASE} with (force)"),
    )
    .await?;
    run(&source, &format!("create database {DATABASE}")).await?;
    owner.set_path(DATABASE);
    pg::migrate(owner.as_str(), billing::SCHEMA, &billing::MIGRATOR, None).await?;
    let copied = copy_all(&source, &owner, practice_id).await;
    run(&source, &format!("drop database {DATABASE} with (force)")).await?;
    source.close().await;
    copied
}

async fn run(pool: &PgPool, statement: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(pool)
        .await
        .with_context(|| statement.to_owned())?;
    Ok(())
}

async fn copy_all(source: &PgPool, target: &Url, practice_id: &str) -> Result<Duration> {
    let practice: ids::PracticeId = practice_id.parse().context("a practice's id")?;
    let options: PgConnectOptions = target.as_str().parse()?;
    let mut connection = PgConnection::connect_with(&options).await?;
    for (table, columns) in PEOPLE {
        let rows = dump(source, practice, (table, columns)).await?;
        load(&mut connection, (table, columns), &rows).await?;
    }
    let mut rows = Vec::new();
    for (table, columns) in ROWS {
        rows.push((
            (table, columns),
            dump(source, practice, (table, columns)).await?,
        ));
    }
    let begun = Instant::now();
    let mut transaction = connection.begin().await?;
    for (table, rows) in &rows {
        load(&mut transaction, *table, rows).await?;
    }
    transaction.commit().await?;
    let taken = begun.elapsed();
    connection.close().await?;
    Ok(taken)
}

async fn dump(
    source: &PgPool,
    practice: ids::PracticeId,
    (table, columns): (&str, &str),
) -> Result<Vec<u8>> {
    let statement = format!(
        "copy (select {columns} from billing.{table} where practice_id = '{}') to stdout",
        practice.uuid()
    );
    let mut out = source.copy_out_raw(&statement).await?;
    let mut rows = Vec::new();
    while let Some(chunk) = out.try_next().await? {
        rows.extend_from_slice(&chunk);
    }
    Ok(rows)
}

async fn load(
    connection: &mut PgConnection,
    (table, columns): (&str, &str),
    rows: &[u8],
) -> Result<()> {
    let statement = format!("copy billing.{table} ({columns}) from stdin");
    let mut copy = connection.copy_in_raw(&statement).await?;
    for chunk in rows.chunks(1 << 20) {
        copy.send(chunk).await?;
    }
    copy.finish().await?;
    Ok(())
}
