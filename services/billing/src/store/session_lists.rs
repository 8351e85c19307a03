//! Lists of sessions, in several orders. Whether one is billed stands in `billed_lines`.

use super::recorded_sessions::{Row, add_lines};
use crate::Result;
use crate::domain::session::{Outcome, Session, SessionState};
use ids::{BillId, ClientId, ClinicianId, PracticeId, SessionId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// What a list of sessions is asked for.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only this clinician's.
    pub clinician: Option<ClinicianId>,
    /// Only in these; all when there are none.
    pub states: Vec<SessionState>,
    /// Only with these; all when there are none.
    pub outcomes: Vec<Outcome>,
    /// Only from this service date.
    pub from_date: Option<Date>,
    /// Only up to this service date.
    pub to_date: Option<Date>,
}

impl SessionFilter {
    fn wants(&self, state: SessionState) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    /// None for all.
    fn outcome_names(&self) -> Option<Vec<String>> {
        let names = self
            .outcomes
            .iter()
            .map(|outcome| outcome.name().to_owned());
        Some(names.collect()).filter(|_| !self.outcomes.is_empty())
    }
}

/// In which order. Sessions that are equal in it are ordered by their id, in the same direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest service date first.
    #[default]
    Newest,
    /// Oldest service date first.
    Oldest,
    /// Dearest first.
    Dearest,
    /// Cheapest first.
    Cheapest,
}

/// Where a session stands in the list: all that any order goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    service_date: Date,
    total_minor: i64,
    session: SessionId,
}

impl Position {
    /// Of this session.
    #[must_use]
    pub const fn of(session: &Session) -> Self {
        Self {
            service_date: session.service_date,
            total_minor: session.total.minor(),
            session: session.session,
        }
    }
}

/// One of the lists: only the rows after a position and the order differ.
macro_rules! rows {
    ($after:tt, ($practice:expr, $filter:expr), ($($key:tt)+), ($session:expr, $limit:expr)) => {
        sqlx::query_as!(
            Row,
            r#"
            select
                session.session_id as "session_id: SessionId",
                session.client_id as "client_id: ClientId",
                session.clinician_id as "clinician_id: ClinicianId",
                session.start_time as "start_time: jiff_sqlx::Timestamp",
                session.service_date as "service_date: jiff_sqlx::Date",
                session.outcome,
                session.diagnosis_codes,
                session.place_of_service,
                session.external_reference,
                session.currency,
                session.total_minor,
                billed.bill_id as "bill_id?: BillId",
                session.create_time as "create_time: jiff_sqlx::Timestamp",
                session.revision,
                session.missed_fee_minor,
                session.waive_reason,
                session.waive_text,
                session.waive_time as "waive_time: jiff_sqlx::Timestamp",
                session.waived_by
            from billing.sessions session
            left join billing.billed_lines billed
                on billed.practice_id = session.practice_id
                and billed.session_id = session.session_id
                and billed.line_number = 1
            where session.practice_id = $1
                and ($2::uuid is null or session.client_id = $2)
                and ($3::date is null or session.service_date >= $3)
                and ($4::date is null or session.service_date <= $4)
                and (
                    ($5::boolean and session.billable and billed.bill_id is null)
                    or ($6::boolean and billed.bill_id is not null)
                    or ($7::boolean and not session.billable and billed.bill_id is null)
                )
                and ($8::uuid is null or session.clinician_id = $8)
                and ($9::text[] is null or session.outcome = any($9))
            "# + $after,
            $practice.uuid(),
            $filter.client.map(ClientId::uuid),
            $filter.from_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
            $filter.to_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
            $filter.wants(SessionState::Unbilled),
            $filter.wants(SessionState::Billed),
            $filter.wants(SessionState::NotBillable),
            $filter.clinician.map(ClinicianId::uuid),
            $filter.outcome_names() as Option<Vec<String>>,
            $($key)+,
            $session,
            $limit,
        )
    };
}

/// At most `limit` sessions with their lines, in the order, from after a position.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (filter, order): (&SessionFilter, Order),
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<Session>> {
    let day = after.map(|at| at.service_date.to_sqlx());
    let total = after.map(|at| at.total_minor);
    let session = after.map(|at| at.session.uuid());
    let rows = match order {
        Order::Newest => {
            rows!(
                r#"and ($10::date is null or (session.service_date, session.session_id) < ($10, $11::uuid))
                order by session.service_date desc, session.session_id desc
                limit $12"#,
                (practice, filter),
                (day as Option<jiff_sqlx::Date>),
                (session, limit)
            )
            .fetch_all(&mut *conn)
            .await?
        }
        Order::Oldest => {
            rows!(
                r#"and ($10::date is null or (session.service_date, session.session_id) > ($10, $11::uuid))
                order by session.service_date, session.session_id
                limit $12"#,
                (practice, filter),
                (day as Option<jiff_sqlx::Date>),
                (session, limit)
            )
            .fetch_all(&mut *conn)
            .await?
        }
        Order::Dearest => {
            rows!(
                r#"and ($10::bigint is null or (session.total_minor, session.session_id) < ($10, $11::uuid))
                order by session.total_minor desc, session.session_id desc
                limit $12"#,
                (practice, filter),
                (total),
                (session, limit)
            )
            .fetch_all(&mut *conn)
            .await?
        }
        Order::Cheapest => {
            rows!(
                r#"and ($10::bigint is null or (session.total_minor, session.session_id) > ($10, $11::uuid))
                order by session.total_minor, session.session_id
                limit $12"#,
                (practice, filter),
                (total),
                (session, limit)
            )
            .fetch_all(&mut *conn)
            .await?
        }
    };
    let mut sessions = rows
        .into_iter()
        .map(Row::into_session)
        .collect::<Result<Vec<_>>>()?;
    add_lines(conn, practice, &mut sessions).await?;
    Ok(sessions)
}

/// How many sessions a list has, and what they sum up to, on all its pages.
pub async fn totals(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &SessionFilter,
    currency: Currency,
) -> Result<(i64, Money), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            count(*) as "count!",
            coalesce(sum(session.total_minor), 0)::bigint as "total_minor!"
        from billing.sessions session
        left join billing.billed_lines billed
            on billed.practice_id = session.practice_id
            and billed.session_id = session.session_id
            and billed.line_number = 1
        where session.practice_id = $1
            and ($2::uuid is null or session.client_id = $2)
            and ($3::date is null or session.service_date >= $3)
            and ($4::date is null or session.service_date <= $4)
            and (
                ($5::boolean and session.billable and billed.bill_id is null)
                or ($6::boolean and billed.bill_id is not null)
                or ($7::boolean and not session.billable and billed.bill_id is null)
            )
            and ($8::uuid is null or session.clinician_id = $8)
            and ($9::text[] is null or session.outcome = any($9))
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.from_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.wants(SessionState::Unbilled),
        filter.wants(SessionState::Billed),
        filter.wants(SessionState::NotBillable),
        filter.clinician.map(ClinicianId::uuid),
        filter.outcome_names() as Option<Vec<String>>,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.count, Money::from_minor(row.total_minor, currency)))
}
