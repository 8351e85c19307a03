//! Runs of automation: nights, and those that somebody asked for. A run's row is locked by whoever adds to it.

use super::automation_sessions::skip_reason;
use super::currency;
use crate::domain::automation::SkipReason;
use crate::{Error, Result};
use ids::{ClientId, PracticeId, RunId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// Which run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKey {
    /// The night that begins a day.
    Night(Date),
    /// One that somebody asked for.
    ByHand(RunId),
}

/// One night's work, or one run by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The day that began, or on which it was asked for.
    pub run_date: Date,
    /// When it was started.
    pub start_time: Timestamp,
    /// When it was done; none while it goes on.
    pub end_time: Option<Timestamp>,
    /// Bills made.
    pub bills: i64,
    /// Sessions on them.
    pub sessions: i64,
    /// Their sum.
    pub total: Money,
    /// Unbilled sessions left out.
    pub skips: i64,
    /// The same by reason.
    pub skip_counts: Vec<SkipCount>,
    /// Who asked for what; none for a night.
    pub by_hand: Option<ByHand>,
}

/// What a run by hand was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// Its id.
    pub run: RunId,
    /// Who: a caller's subject.
    pub asked_by: String,
    /// The last day of service.
    pub through: Date,
    /// None are all.
    pub clients: Vec<ClientId>,
}

/// How many sessions were left out for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkipCount {
    /// Why.
    pub reason: SkipReason,
    /// How many.
    pub sessions: i64,
    /// Those that the night before had not left out for it.
    pub new: i64,
}

#[derive(Deserialize)]
struct Counted {
    reason: String,
    sessions: i64,
    new: i64,
}

/// Begins the run of a day, unless it was begun; answers it as it stands.
pub async fn begin(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
    currency: Currency,
) -> Result<Run> {
    sqlx::query!(
        r#"
        insert into billing.automation_runs (practice_id, run_date, start_time, currency)
        values ($1, $2, $3, $4)
        on conflict on constraint automation_runs_pkey do nothing
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        currency.code(),
    )
    .execute(&mut *conn)
    .await?;
    let begun = find(conn, practice, RunKey::Night(run_date)).await?;
    begun.ok_or(Error::Stored("a run that was begun and is not there"))
}

/// What a part of a run made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Bills.
    pub bills: i64,
    /// Sessions on them.
    pub sessions: i64,
    /// Their sum.
    pub total: Money,
}

/// Adds to a night.
pub async fn add(
    conn: &mut PgConnection,
    practice: PracticeId,
    run_date: Date,
    made: Made,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.automation_runs
        set
            bill_count = bill_count + $3,
            session_count = session_count + $4,
            total_minor = total_minor + $5
        where practice_id = $1 and run_date = $2
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        made.bills,
        made.sessions,
        made.total.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a night; false when somebody else has.
pub async fn end(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query!(
        r#"
        update billing.automation_runs
        set end_time = greatest($3, start_time)
        where practice_id = $1 and run_date = $2 and end_time is null
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// A run as it stands.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    run: RunKey,
) -> Result<Option<Run>> {
    let asked = match run {
        RunKey::Night(date) => Asked {
            night: Some(date),
            ..Asked::default()
        },
        RunKey::ByHand(run) => Asked {
            by_hand: Some(run),
            ..Asked::default()
        },
    };
    Ok(select(conn, practice, asked, 1).await?.pop())
}

/// At most `limit` runs, newest first, from before one: its day, and its id when it is by hand.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    before: Option<(Date, Option<RunId>)>,
    limit: i64,
) -> Result<Vec<Run>> {
    let asked = Asked {
        before,
        ..Asked::default()
    };
    select(conn, practice, asked, limit).await
}

#[derive(Default)]
struct Asked {
    before: Option<(Date, Option<RunId>)>,
    night: Option<Date>,
    by_hand: Option<RunId>,
}

/// Within a day nights are the oldest: their id is nil.
async fn select(
    conn: &mut PgConnection,
    practice: PracticeId,
    asked: Asked,
    limit: i64,
) -> Result<Vec<Run>> {
    let before = asked.before.map(|(date, _)| date.to_sqlx());
    let before_id = asked.before.and_then(|(_, run)| run);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            run_date as "run_date!: jiff_sqlx::Date",
            run_id as "run_id!: RunId",
            through_date as "through_date!: jiff_sqlx::Date",
            client_ids as "client_ids!: Vec<ClientId>",
            asked_by as "asked_by!",
            start_time as "start_time!: jiff_sqlx::Timestamp",
            end_time as "end_time: jiff_sqlx::Timestamp",
            bill_count as "bill_count!",
            session_count as "session_count!",
            currency as "currency!",
            total_minor as "total_minor!",
            skip_count as "skip_count!",
            skip_counts as "skip_counts: Json<Vec<Counted>>"
        from (
            select
                run_date, '00000000-0000-0000-0000-000000000000'::uuid as run_id, run_date as through_date,
                array[]::uuid[] as client_ids, '' as asked_by, start_time, end_time, bill_count, session_count,
                currency, total_minor, skip_count, skip_counts
            from billing.automation_runs
            where practice_id = $1 and $6::uuid is null
            union all
            select
                run_date, run_id, through_date, client_ids, asked_by, start_time, end_time, bill_count,
                session_count, currency, total_minor, skip_count, null::jsonb
            from billing.hand_runs
            where practice_id = $1 and $5::date is null
        ) run
        where ($2::date is null or (run_date, run_id) < ($2, $3))
            and ($5::date is null or run_date = $5)
            and ($6::uuid is null or run_id = $6)
        order by run_date desc, run_id desc
        limit $4
        "#,
        practice.uuid(),
        before as Option<jiff_sqlx::Date>,
        before_id.map_or(Uuid::nil(), RunId::uuid),
        limit,
        asked.night.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        asked.by_hand.map(RunId::uuid),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_run).collect()
}

struct Row {
    run_date: jiff_sqlx::Date,
    run_id: RunId,
    through_date: jiff_sqlx::Date,
    client_ids: Vec<ClientId>,
    asked_by: String,
    start_time: jiff_sqlx::Timestamp,
    end_time: Option<jiff_sqlx::Timestamp>,
    bill_count: i64,
    session_count: i64,
    currency: String,
    total_minor: i64,
    skip_count: i64,
    skip_counts: Option<Json<Vec<Counted>>>,
}

impl Row {
    fn into_run(self) -> Result<Run> {
        let counted = self.skip_counts.map(|counted| counted.0);
        let failed = SkipCount {
            reason: SkipReason::Failed,
            sessions: self.skip_count,
            new: self.skip_count,
        };
        let by_hand = (!self.run_id.uuid().is_nil()).then_some(ByHand {
            run: self.run_id,
            asked_by: self.asked_by,
            through: self.through_date.to_jiff(),
            clients: self.client_ids,
        });
        // One by hand leaves out nothing but what fails.
        let skip_counts = match by_hand {
            Some(_) if self.skip_count > 0 => vec![failed],
            Some(_) => Vec::new(),
            None => counted
                .unwrap_or_default()
                .into_iter()
                .map(|counted| {
                    Ok(SkipCount {
                        reason: skip_reason(&counted.reason)?,
                        sessions: counted.sessions,
                        new: counted.new,
                    })
                })
                .collect::<Result<_>>()?,
        };
        Ok(Run {
            run_date: self.run_date.to_jiff(),
            start_time: self.start_time.to_jiff(),
            end_time: self.end_time.map(jiff_sqlx::Timestamp::to_jiff),
            bills: self.bill_count,
            sessions: self.session_count,
            total: Money::from_minor(self.total_minor, currency(&self.currency)?),
            skips: self.skip_count,
            skip_counts,
            by_hand,
        })
    }
}
