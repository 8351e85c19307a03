use ids::PracticeId;
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Row};

use crate::Pool;

/// How long the first event that a follower has not applied has waited for it, when that is longer than `patience`, and
/// which event it is. `source` is the schema that announced, `follower` the one that follows it by the name `named`.
pub async fn behind(
    (source, source_schema): (&Pool, &'static str),
    (follower, follower_schema, named): (&Pool, &'static str, &str),
    practice: PracticeId,
    (now, patience): (Timestamp, SignedDuration),
) -> Result<Option<(i64, SignedDuration)>, sqlx::Error> {
    let applied: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
        "select applied from {follower_schema}.cursors where source = $1 and practice_id = $2"
    )))
    .bind(named)
    .bind(practice)
    .fetch_optional(follower)
    .await?;
    let next = applied.unwrap_or(0).saturating_add(1);
    let mut tx = crate::begin(source, practice).await?;
    let waiting = sqlx::query(AssertSqlSafe(format!(
        "select occur_time from {source_schema}.outbox where practice_id = $1 and seq = $2"
    )))
    .bind(practice)
    .bind(next)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(waiting) = waiting else {
        return Ok(None);
    };
    let since: Timestamp = waiting
        .try_get::<jiff_sqlx::Timestamp, _>("occur_time")?
        .into();
    let waited = now.duration_since(since);
    Ok((waited > patience).then_some((next, waited)))
}
