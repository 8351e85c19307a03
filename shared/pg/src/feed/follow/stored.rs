//! What consumers have left in the database for the next.

use ids::PracticeId;
use sqlx::AssertSqlSafe;

use super::Shared;

/// How far each practice was followed.
pub(super) async fn cursors<S, H>(
    shared: &Shared<S, H>,
) -> Result<Vec<(PracticeId, i64)>, sqlx::Error> {
    sqlx::query_as(AssertSqlSafe(format!(
        "select practice_id, applied from {}.cursors where source = $1",
        shared.follow.schema
    )))
    .bind(shared.follow.source)
    .fetch_all(&shared.pool)
    .await
}

/// How far one was followed; 0 for not at all.
pub(super) async fn cursor<S, H>(
    shared: &Shared<S, H>,
    practice: PracticeId,
) -> Result<i64, sqlx::Error> {
    let cursor: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
        "select applied from {}.cursors where source = $1 and practice_id = $2",
        shared.follow.schema
    )))
    .bind(shared.follow.source)
    .bind(practice)
    .fetch_optional(&shared.pool)
    .await?;
    Ok(cursor.unwrap_or(0))
}

/// The practices that have a parked event.
pub(super) async fn parked_practices<S, H>(
    shared: &Shared<S, H>,
) -> Result<Vec<PracticeId>, sqlx::Error> {
    let schema = shared.follow.schema;
    sqlx::query_scalar(AssertSqlSafe(format!(
        "select practice_id from {schema}.parked_events where source = $1"
    )))
    .bind(shared.follow.source)
    .fetch_all(&shared.pool)
    .await
}
