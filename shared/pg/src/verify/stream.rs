use ids::PracticeId;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{Finding, Invariant};
use crate::transaction::begin_comparison;
use crate::{Pool, Tx};

/// Every service's feed: what followers insist on.
pub const STREAM_GAPLESS: Invariant =
    Invariant::new("O1", "a practice's events are numbered without gaps");

/// Begins the transaction in which a practice's invariants are checked: it reads one moment, and all the practice has.
pub async fn begin(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    begin_comparison(pool, practice).await
}

/// At most `limit` practices of which a schema has announced something, by id, from after `after`. Those of which it has
/// not have nothing in it to check.
pub async fn practices_after(
    pool: &Pool,
    schema: &'static str,
    after: Option<PracticeId>,
    limit: i64,
) -> Result<Vec<PracticeId>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(format!(
        "select practice_id from {schema}.streams
        where $1::uuid is null or practice_id > $1
        order by practice_id
        limit $2"
    )))
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// O1, the numbers of the practice's events in a schema are 1, 2, 3 … to the one that was given last.
pub async fn stream(
    conn: &mut PgConnection,
    schema: &'static str,
    practice: PracticeId,
) -> Result<Option<Finding>, sqlx::Error> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "select
            coalesce((select head from {schema}.streams where practice_id = $1), 0) as head,
            (select count(*) from {schema}.outbox where practice_id = $1) as kept,
            coalesce((select max(seq) from {schema}.outbox where practice_id = $1), 0) as last"
    )))
    .bind(practice)
    .fetch_one(conn)
    .await?;
    let (head, kept, last): (i64, i64, i64) = (
        row.try_get("head")?,
        row.try_get("kept")?,
        row.try_get("last")?,
    );
    let whole = head == kept && head == last;
    Ok((!whole).then(|| {
        let explanation = format!("{head} were numbered, {kept} are kept, the last is {last}");
        Finding::new(STREAM_GAPLESS, format!("feed of {schema}"), explanation)
    }))
}
