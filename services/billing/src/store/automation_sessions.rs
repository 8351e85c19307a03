//! The pending sessions that a run is about. What a client's terms leave open, the practice's say.

use crate::domain::automation::{Position, SkipReason};
use crate::domain::terms::{Automation, PracticeTerms};
use crate::{Error, Result};
use ids::{ClientId, PracticeId, SessionId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// Before every service.
const LONG_AGO: Date = Date::constant(1, 1, 1);

/// Which pending sessions a run is about.
#[derive(Clone, Copy, Debug)]
pub struct Pick<'a> {
    /// Whose.
    pub practice: PracticeId,
    /// The practice's.
    pub terms: &'a PracticeTerms,
    /// By the terms, or by hand.
    pub by: By<'a>,
}

/// What a run bills.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// What was rendered before the day that begins, as the terms say.
    Night(Date),
    /// All that was rendered up to a day, of these clients; none are all.
    Hand(Date, &'a [ClientId]),
}

/// A pick as queries are given it.
pub(super) struct Asked {
    pub(super) through: jiff_sqlx::Date,
    pub(super) by_hand: bool,
    pub(super) clients: Vec<Uuid>,
    pub(super) usual: &'static str,
    pub(super) usual_from: jiff_sqlx::Date,
    /// The kinds of automation that bill this night.
    pub(super) firing: Vec<String>,
}

impl Pick<'_> {
    pub(super) fn asked(&self) -> Asked {
        let (through, clients, firing) = match self.by {
            By::Night(day) => {
                let firing = Automation::ALL.iter().filter(|kind| kind.fires(day));
                let firing = firing.map(|kind| kind.name().to_owned()).collect();
                (day.yesterday().unwrap_or(day), Vec::new(), firing)
            }
            By::Hand(through, clients) => {
                let clients = clients.iter().map(|client| client.uuid()).collect();
                (through, clients, Vec::new())
            }
        };
        Asked {
            through: through.to_sqlx(),
            by_hand: matches!(self.by, By::Hand(..)),
            clients,
            usual: self.terms.automation.name(),
            usual_from: self.terms.automation_from.to_sqlx(),
            firing,
        }
    }
}

/// Where a list goes on, as queries are given it.
fn after(position: Option<Position>) -> (Uuid, jiff_sqlx::Date, Uuid) {
    position.map_or_else(
        || (Uuid::nil(), LONG_AGO.to_sqlx(), Uuid::nil()),
        |last| {
            (
                last.client.uuid(),
                last.service_date.to_sqlx(),
                last.session.uuid(),
            )
        },
    )
}

/// At most `limit` sessions to bill, in order, after one.
pub async fn list(
    conn: &mut PgConnection,
    pick: Pick<'_>,
    (position, limit): (Option<Position>, i64),
) -> Result<Vec<Position>, sqlx::Error> {
    let (asked, (client, day, session)) = (pick.asked(), after(position));
    let rows = sqlx::query!(
        r#"
        select
            client_id as "client_id!: ClientId",
            service_date as "service_date!: jiff_sqlx::Date",
            session_id as "session_id!: SessionId"
        from billing.pending_sessions
        where practice_id = $1
            and service_date <= $2
            and (
                $3
                or billing.skip_reason(service_date, automation, automation_from, $4, $5, $6) is null
            )
            and (cardinality($7::uuid[]) = 0 or client_id = any($7))
            and client_id >= $8
            and (client_id, service_date, session_id) > ($8, $9, $10)
        order by client_id, service_date, session_id
        limit $11
        "#,
        pick.practice.uuid(),
        asked.through as jiff_sqlx::Date,
        asked.by_hand,
        asked.usual,
        asked.usual_from as jiff_sqlx::Date,
        &asked.firing,
        &asked.clients,
        client,
        day as jiff_sqlx::Date,
        session,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let sessions = rows.into_iter().map(|row| Position {
        client: row.client_id,
        service_date: row.service_date.to_jiff(),
        session: row.session_id,
    });
    Ok(sessions.collect())
}

/// A pending session, and what would become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Which.
    pub position: Position,
    /// What it costs, in minor units of the practice's currency.
    pub total_minor: i64,
    /// Why the run would leave it out; none when it would bill it.
    pub skip: Option<SkipReason>,
}

/// At most `limit` sessions that were rendered in time, billed or left out, in order, after one.
pub async fn preview(
    conn: &mut PgConnection,
    pick: Pick<'_>,
    (position, limit): (Option<Position>, i64),
) -> Result<Vec<Pending>> {
    let (asked, (client, day, session)) = (pick.asked(), after(position));
    let rows = sqlx::query!(
        r#"
        select
            client_id as "client_id!: ClientId",
            service_date as "service_date!: jiff_sqlx::Date",
            session_id as "session_id!: SessionId",
            total_minor as "total_minor!",
            case
                when not $3 then billing.skip_reason(service_date, automation, automation_from, $4, $5, $6)
            end as skip
        from billing.pending_sessions
        where practice_id = $1
            and service_date <= $2
            and (cardinality($7::uuid[]) = 0 or client_id = any($7))
            and client_id >= $8
            and (client_id, service_date, session_id) > ($8, $9, $10)
        order by client_id, service_date, session_id
        limit $11
        "#,
        pick.practice.uuid(),
        asked.through as jiff_sqlx::Date,
        asked.by_hand,
        asked.usual,
        asked.usual_from as jiff_sqlx::Date,
        &asked.firing,
        &asked.clients,
        client,
        day as jiff_sqlx::Date,
        session,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Pending {
                position: Position {
                    client: row.client_id,
                    service_date: row.service_date.to_jiff(),
                    session: row.session_id,
                },
                total_minor: row.total_minor,
                skip: row.skip.as_deref().map(skip_reason).transpose()?,
            })
        })
        .collect()
}

/// What would become of all of a practice's pending sessions of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Left out, and why; none are billed.
    pub skip: Option<SkipReason>,
    /// Clients who have them.
    pub clients: i64,
    /// How many.
    pub sessions: i64,
    /// What they cost, in minor units of the practice's currency.
    pub total_minor: i64,
}

/// Sums up everything that [`preview`] lists.
pub async fn sums(conn: &mut PgConnection, pick: Pick<'_>) -> Result<Vec<Sum>> {
    let asked = pick.asked();
    let rows = sqlx::query!(
        r#"
        select
            pending.skip,
            count(distinct pending.client_id) as "clients!",
            count(*) as "sessions!",
            coalesce(sum(pending.total_minor), 0)::bigint as "total_minor!"
        from (
            select
                client_id,
                total_minor,
                case
                    when not $3 then billing.skip_reason(service_date, automation, automation_from, $4, $5, $6)
                end as skip
            from billing.pending_sessions
            where practice_id = $1
                and service_date <= $2
                and (cardinality($7::uuid[]) = 0 or client_id = any($7))
        ) pending
        group by pending.skip
        "#,
        pick.practice.uuid(),
        asked.through as jiff_sqlx::Date,
        asked.by_hand,
        asked.usual,
        asked.usual_from as jiff_sqlx::Date,
        &asked.firing,
        &asked.clients,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Sum {
                skip: row.skip.as_deref().map(skip_reason).transpose()?,
                clients: row.clients,
                sessions: row.sessions,
                total_minor: row.total_minor,
            })
        })
        .collect()
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

/// A reason as it is kept.
pub(super) fn skip_reason(name: &str) -> Result<SkipReason> {
    SkipReason::of(name).ok_or(Error::Stored("why a session was left out"))
}
