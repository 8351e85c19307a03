//! What an operator does about events that could not be applied.

use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{AssertSqlSafe, Row};

use super::effect::{EffectError, advance};
use super::{Handler, Shared};
use crate::feed::{Bucket, Event, Position};
use crate::{Lease, Pool, Tx, begin};

/// As much of an error as is kept.
const MAX_ERROR_CHARACTERS: usize = 1_000;

/// An event that could not be applied. Its practice's later events wait for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    /// Whose feed it came from.
    pub source: String,
    /// The event.
    pub event: Event,
    /// Why it failed the last time.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub park_time: Timestamp,
}

/// The parked events of a source, at most one per practice, oldest first.
pub async fn parked(
    pool: &Pool,
    schema: &'static str,
    source: &str,
) -> Result<Vec<Parked>, sqlx::Error> {
    let mut found = all_parked(pool, schema).await?;
    found.retain(|parked| parked.source == source);
    Ok(found)
}

/// The parked events of all sources, oldest first.
pub async fn all_parked(pool: &Pool, schema: &'static str) -> Result<Vec<Parked>, sqlx::Error> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select source, practice_id, seq, event_id, event_type, payload, occur_time, error, attempts, park_time
        from {schema}.parked_events
        order by park_time, source, practice_id"
    )))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Parked {
                source: row.try_get("source")?,
                event: Event::from_row(row)?,
                error: row.try_get("error")?,
                attempts: u32::try_from(row.try_get::<i32, _>("attempts")?).unwrap_or(0),
                park_time: row.try_get::<jiff_sqlx::Timestamp, _>("park_time")?.into(),
            })
        })
        .collect()
}

/// Has the practice's parked event and all that wait for it applied, within about a second. False when none is parked.
pub async fn replay(
    pool: &Pool,
    schema: &'static str,
    source: &str,
    practice: PracticeId,
) -> Result<bool, sqlx::Error> {
    let mut tx = begin(pool, practice).await?;
    let parked = unpark(&mut tx, schema, source, practice).await?;
    tx.commit().await?;
    Ok(parked.is_some())
}

/// Goes on after the practice's parked event without its effect, and answers its number. None when none is parked, and
/// when its cursor does not stand before it.
pub async fn skip(
    pool: &Pool,
    schema: &'static str,
    source: &str,
    practice: PracticeId,
) -> Result<Option<i64>, sqlx::Error> {
    let mut tx = begin(pool, practice).await?;
    let Some(sequence) = unpark(&mut tx, schema, source, practice).await? else {
        return Ok(None);
    };
    if !advance(
        &mut tx,
        (schema, source),
        sequence - 1,
        Position { practice, sequence },
    )
    .await?
    {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(sequence))
}

/// Forgets how far a source was followed: all its events come again from the first. Empty the projection in the same
/// transaction; consumers that run, in any replica, begin again when it commits.
pub async fn reset(tx: &mut Tx, schema: &'static str, source: &str) -> Result<(), sqlx::Error> {
    // First the fences: no effect commits between here and the commit, and none later under an old fence.
    sqlx::query(AssertSqlSafe(format!(
        "update {schema}.leases set fence = fence + 1, expire_time = '-infinity' where starts_with(name, $1)"
    )))
    .bind(format!("follow/{source}/"))
    .execute(&mut **tx)
    .await?;
    for table in ["cursors", "parked_events"] {
        sqlx::query(AssertSqlSafe(format!(
            "delete from {schema}.{table} where source = $1"
        )))
        .bind(source)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The same for one practice: its events come again from the first, other practices' do not. The consumer that has it
/// begins again when it next renews its lease.
pub async fn rewind(
    tx: &mut Tx,
    schema: &'static str,
    source: &str,
    practice: PracticeId,
) -> Result<(), sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "select name from {schema}.leases where starts_with(name, $1) order by name"
    )))
    .bind(format!("follow/{source}/"))
    .fetch_all(&mut **tx)
    .await?;
    let holding: Vec<String> = names
        .into_iter()
        .filter(|name| bucket_of(name).is_some_and(|bucket| bucket.holds(practice)))
        .collect();
    sqlx::query(AssertSqlSafe(format!(
        "update {schema}.leases set fence = fence + 1, expire_time = '-infinity' where name = any($1)"
    )))
    .bind(holding)
    .execute(&mut **tx)
    .await?;
    for table in ["cursors", "parked_events"] {
        sqlx::query(AssertSqlSafe(format!(
            "delete from {schema}.{table} where source = $1 and practice_id = $2"
        )))
        .bind(source)
        .bind(practice)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Which bucket a lease named `follow/{source}/{count}/{number}` is for.
fn bucket_of(lease: &str) -> Option<Bucket> {
    let (rest, number) = lease.rsplit_once('/')?;
    let (_, count) = rest.rsplit_once('/')?;
    Bucket::new(number.parse().ok()?, count.parse().ok()?).ok()
}

/// Gives an event up until somebody replays or skips it.
pub(super) async fn park<S, H: Handler>(
    shared: &Shared<S, H>,
    lease: &Lease,
    event: &Event,
    (error, attempts): (&str, u32),
) -> Result<(), EffectError> {
    let mut tx = begin(&shared.pool, event.practice).await?;
    shared.leases.hold(&mut tx, lease).await?;
    sqlx::query(AssertSqlSafe(format!(
        "insert into {}.parked_events
            (source, practice_id, seq, event_id, event_type, payload, occur_time, error, attempts, park_time)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (source, practice_id) do nothing",
        shared.follow.schema
    )))
    .bind(shared.follow.source)
    .bind(event.practice)
    .bind(event.sequence)
    .bind(event.event_id)
    .bind(&event.event_type)
    .bind(event.payload.as_ref())
    .bind(event.occur_time.to_sqlx())
    .bind(error.chars().take(MAX_ERROR_CHARACTERS).collect::<String>())
    .bind(i32::try_from(attempts).unwrap_or(i32::MAX))
    .bind(shared.follow.clock.now().to_sqlx())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn unpark(
    tx: &mut Tx,
    schema: &'static str,
    source: &str,
    practice: PracticeId,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(format!(
        "delete from {schema}.parked_events where source = $1 and practice_id = $2 returning seq"
    )))
    .bind(source)
    .bind(practice)
    .fetch_optional(&mut **tx)
    .await
}
