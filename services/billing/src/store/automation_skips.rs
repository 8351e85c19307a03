//! What runs left out, and why. The backlog, which grows with what is left alone, is kept once; a night's report has what
//! is new in it.

use super::automation_sessions::{Pick, skip_reason};
use crate::Result;
use crate::domain::automation::SkipReason;
use crate::store::automation_runs::RunKey;
use ids::{ClientId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Writes down what a night left out of what was recorded before it: how many for each reason, and each session that
/// the night before had not left out for the same one.
pub async fn insert_of_night(
    conn: &mut PgConnection,
    (pick, run_date): (Pick<'_>, Date),
    start_time: Timestamp,
) -> Result<(), sqlx::Error> {
    let asked = pick.asked();
    sqlx::query!(
        r#"
        with left_out as materialized (
            select
                session_id,
                coalesce(
                    billing.skip_reason(service_date, automation, automation_from, $3, $4, $5),
                    'failed'
                ) as reason
            from billing.pending_sessions
            where practice_id = $1 and service_date <= $2 and create_time <= $6
        ), gone as (
            delete from billing.automation_backlog backlog
            where backlog.practice_id = $1
                and not exists (
                    select 1
                    from left_out
                    where left_out.session_id = backlog.session_id
                )
        ), fresh as (
            insert into billing.automation_backlog as backlog (practice_id, session_id, reason)
            select $1, session_id, reason
            from left_out
            on conflict on constraint automation_backlog_pkey do update
            set reason = excluded.reason
            where backlog.reason <> excluded.reason
            returning session_id, reason
        ), listed as (
            insert into billing.automation_skips (practice_id, run_date, session_id, reason)
            select $1, $7, session_id, reason
            from fresh
            on conflict on constraint automation_skips_pkey do nothing
        ), counted as (
            select
                left_out.reason,
                count(*) as sessions,
                count(fresh.session_id) as new
            from left_out
            left join fresh on fresh.session_id = left_out.session_id
            group by left_out.reason
        )
        update billing.automation_runs
        set
            skip_count = (select coalesce(sum(sessions), 0)::bigint from counted),
            skip_counts = (
                select coalesce(
                    jsonb_agg(
                        jsonb_build_object('reason', reason, 'sessions', sessions, 'new', new) order by reason
                    ),
                    '[]'::jsonb
                )
                from counted
            )
        where practice_id = $1 and run_date = $7
        "#,
        pick.practice.uuid(),
        asked.through as jiff_sqlx::Date,
        asked.usual,
        asked.usual_from as jiff_sqlx::Date,
        &asked.firing,
        start_time.to_sqlx() as jiff_sqlx::Timestamp,
        run_date.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down what a run by hand could not bill of what was recorded before it.
pub async fn insert_by_hand(
    conn: &mut PgConnection,
    (pick, run): (Pick<'_>, ids::RunId),
    start_time: Timestamp,
) -> Result<(), sqlx::Error> {
    let asked = pick.asked();
    sqlx::query!(
        r#"
        with left_out as (
            insert into billing.hand_run_skips (practice_id, run_id, session_id, reason)
            select $1, $2, session_id, 'failed'
            from billing.pending_sessions
            where practice_id = $1
                and service_date <= $3
                and create_time <= $4
                and (cardinality($5::uuid[]) = 0 or client_id = any($5))
            on conflict on constraint hand_run_skips_pkey do nothing
            returning session_id
        )
        update billing.hand_runs
        set skip_count = (select count(*) from left_out)
        where practice_id = $1 and run_id = $2
        "#,
        pick.practice.uuid(),
        run.uuid(),
        asked.through as jiff_sqlx::Date,
        start_time.to_sqlx() as jiff_sqlx::Timestamp,
        &asked.clients,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what nights before a day left out.
pub async fn delete_old(
    conn: &mut PgConnection,
    practice: PracticeId,
    before: Date,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        delete from billing.automation_skips where practice_id = $1 and run_date < $2
        "#,
        practice.uuid(),
        before.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A session that a run left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub client: ClientId,
    /// Local day.
    pub service_date: Date,
    /// Why.
    pub reason: SkipReason,
}

/// At most `limit` sessions that a run left out, by id, after one.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    run: RunKey,
    (after, limit): (Option<SessionId>, i64),
) -> Result<Vec<Skip>> {
    let (night, by_hand) = match run {
        RunKey::Night(date) => (Some(date), None),
        RunKey::ByHand(run) => (None, Some(run.uuid())),
    };
    let rows = sqlx::query!(
        r#"
        select
            skip.session_id as "session_id!: SessionId",
            session.client_id as "client_id: ClientId",
            session.service_date as "service_date: jiff_sqlx::Date",
            skip.reason as "reason!"
        from (
            select session_id, reason
            from billing.automation_skips
            where practice_id = $1 and run_date = $2
            union all
            select session_id, reason
            from billing.hand_run_skips
            where practice_id = $1 and run_id = $3
        ) skip
        join billing.sessions session
            on session.practice_id = $1 and session.session_id = skip.session_id
        where $4::uuid is null or skip.session_id > $4
        order by skip.session_id
        limit $5
        "#,
        practice.uuid(),
        night.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        by_hand,
        after.map(SessionId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Skip {
                session: row.session_id,
                client: row.client_id,
                service_date: row.service_date.to_jiff(),
                reason: skip_reason(&row.reason)?,
            })
        })
        .collect()
}
