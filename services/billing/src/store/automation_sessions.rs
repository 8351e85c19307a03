//! The unbilled sessions that a run of automation is about. What a client's terms leave open, the practice's say.

use crate::domain::terms::{Automation, PracticeTerms};
use ids::{ClientId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// A run as its queries need it.
#[derive(Clone, Copy, Debug)]
pub struct Night<'a> {
    /// Whose.
    pub practice: PracticeId,
    /// What was rendered before this day is billed.
    pub run_date: Date,
    /// The practice's.
    pub terms: &'a PracticeTerms,
}

impl Night<'_> {
    /// The kinds of automation that bill this night.
    fn firing(&self) -> Vec<String> {
        let firing = Automation::ALL
            .iter()
            .filter(|kind| kind.fires(self.run_date));
        firing.map(|kind| kind.name().to_owned()).collect()
    }
}

/// The sessions to bill of the next clients after `after`, at most so many clients; in order of client and service date.
pub async fn list(
    conn: &mut PgConnection,
    night: Night<'_>,
    (after, clients): (Option<ClientId>, i64),
) -> Result<Vec<(ClientId, SessionId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        with pending as not materialized (
            select session.client_id, session.session_id, session.service_date
            from billing.sessions session
            left join billing.client_terms terms
                on terms.practice_id = session.practice_id and terms.client_id = session.client_id
            where session.practice_id = $1
                and session.billable
                and session.service_date < $2
                and session.service_date >= case
                    when terms.automation is null then greatest(terms.automation_from, $3)
                    else terms.automation_from
                end
                and coalesce(terms.automation, $4) = any($5)
                and session.client_id > $6
                and not exists (
                    select 1
                    from billing.billed_lines billed
                    where billed.practice_id = session.practice_id and billed.session_id = session.session_id
                )
        ), client as materialized (
            select distinct client_id from pending order by client_id limit $7
        )
        select pending.client_id as "client_id: ClientId", pending.session_id as "session_id: SessionId"
        from client
        join pending on pending.client_id = client.client_id
        order by pending.client_id, pending.service_date, pending.session_id
        "#,
        night.practice.uuid(),
        night.run_date.to_sqlx() as jiff_sqlx::Date,
        night.terms.automation_from.to_sqlx() as jiff_sqlx::Date,
        night.terms.automation.name(),
        &night.firing(),
        after.map_or(Uuid::nil(), ClientId::uuid),
        clients,
    )
    .fetch_all(conn)
    .await?;
    let pending = rows.into_iter().map(|row| (row.client_id, row.session_id));
    Ok(pending.collect())
}

/// Whether any client of the practice has an automation of their own.
pub async fn any_client_is_automatic(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1
            from billing.client_terms
            where practice_id = $1 and automation <> 'by_hand'
        ) as "exists!"
        "#,
        practice.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// Writes down why each session that was recorded before the run and is still unbilled was left out; answers how many.
pub async fn insert_skips(
    conn: &mut PgConnection,
    night: Night<'_>,
    start_time: Timestamp,
) -> Result<i64, sqlx::Error> {
    let skipped = sqlx::query!(
        r#"
        insert into billing.automation_skips (practice_id, run_date, session_id, reason)
        select
            session.practice_id,
            $2,
            session.session_id,
            case
                when coalesce(terms.automation, $4) = 'by_hand' then 'by_hand'
                when coalesce(terms.automation, $4) <> all($5) then 'not_today'
                when session.service_date < case
                    when terms.automation is null then greatest(terms.automation_from, $3)
                    else terms.automation_from
                end then 'before_start'
                else 'failed'
            end
        from billing.sessions session
        left join billing.client_terms terms
            on terms.practice_id = session.practice_id and terms.client_id = session.client_id
        where session.practice_id = $1
            and session.billable
            and session.service_date < $2
            and session.create_time <= $6
            and not exists (
                select 1
                from billing.billed_lines billed
                where billed.practice_id = session.practice_id and billed.session_id = session.session_id
            )
        on conflict on constraint automation_skips_pkey do nothing
        "#,
        night.practice.uuid(),
        night.run_date.to_sqlx() as jiff_sqlx::Date,
        night.terms.automation_from.to_sqlx() as jiff_sqlx::Date,
        night.terms.automation.name(),
        &night.firing(),
        start_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(i64::try_from(skipped.rows_affected()).unwrap_or(i64::MAX))
}
