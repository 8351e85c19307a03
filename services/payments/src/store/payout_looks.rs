use crate::Result;
use crate::domain::payout_look::Look;
use ids::PracticeId;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// The last look at an account's payouts, the installation's when none is named; none when there was none.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: Option<&str>,
) -> Result<Option<Look>> {
    let row = sqlx::query!(
        r#"
        select
            look_time as "look_time: jiff_sqlx::Timestamp",
            reach_back_time as "reach_back_time: jiff_sqlx::Timestamp"
        from payments.payout_looks
        where practice_id = $1 and processor_account = $2
        "#,
        practice.uuid(),
        account.unwrap_or_default(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Look {
        until: row.look_time.to_jiff(),
        reached_back: row.reach_back_time.to_jiff(),
    }))
}

/// Writes that a look has gone well. Of two at once the further counts.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (account, look): (Option<&str>, Look),
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.payout_looks as look (practice_id, processor_account, look_time, reach_back_time)
        values ($1, $2, $3, $4)
        on conflict on constraint payout_looks_pkey do update
        set
            look_time = greatest(look.look_time, excluded.look_time),
            reach_back_time = greatest(look.reach_back_time, excluded.reach_back_time)
        "#,
        practice.uuid(),
        account.unwrap_or_default(),
        look.until.to_sqlx() as jiff_sqlx::Timestamp,
        look.reached_back.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
