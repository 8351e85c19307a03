//! Nights of AutoPay. A run's row is written by the worker that holds its practice's night.

use super::currency;
use crate::{Error, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Bills that were to be charged.
    pub due: i64,
    /// Charges that went well when the run ended.
    pub charged: i64,
    /// Their sum.
    pub charged_sum: Money,
    /// What credit paid.
    pub credited_sum: Money,
    /// Charges that were declined.
    pub declined: i64,
    /// Charges whose end was not known when the run ended.
    pub pending: i64,
    /// Bills that were left out.
    pub skipped: i64,
}

/// A night's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its local day.
    pub run_date: Date,
    /// When it was started.
    pub start_time: Timestamp,
    /// All bills were looked at.
    pub selected: bool,
    /// When it was done; none while it goes on.
    pub end_time: Option<Timestamp>,
    /// What it came to; zeros while it goes on.
    pub figures: Figures,
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
        insert into payments.autopay_runs (practice_id, run_date, start_time, currency)
        values ($1, $2, $3, $4)
        on conflict on constraint autopay_runs_pkey do nothing
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        currency.code(),
    )
    .execute(&mut *conn)
    .await?;
    let begun = find(conn, practice, run_date).await?;
    begun.ok_or(Error::Stored("a run that was begun and is not there"))
}

/// All bills were looked at.
pub async fn update_selected(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_runs
        set select_time = $3
        where practice_id = $1 and run_date = $2 and select_time is null
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a run, with what became of its items; none when it had ended.
pub async fn end(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
) -> Result<Option<Run>> {
    let ended = sqlx::query!(
        r#"
        update payments.autopay_runs run
        set
            end_time = greatest($3, run.start_time),
            due_count = found.due,
            charged_count = found.charged,
            charged_minor = found.charged_minor,
            credited_minor = found.credited_minor,
            declined_count = found.declined,
            pending_count = found.pending,
            skipped_count = found.skipped
        from (
            select
                count(*) filter (where item.state <> 'skipped' or item.payment_id is not null) as due,
                count(*) filter (where payment.state = 'succeeded') as charged,
                coalesce(sum(payment.amount_minor) filter (where payment.state = 'succeeded'), 0)::bigint
                    as charged_minor,
                coalesce(sum(item.credit_minor) filter (where item.credit_applied), 0)::bigint as credited_minor,
                count(*) filter (where payment.state = 'failed') as declined,
                count(*) filter (
                    where payment.state in ('created', 'requires_action', 'processing', 'unknown')
                ) as pending,
                count(*) filter (where item.state = 'skipped' or payment.state = 'cancelled') as skipped
            from payments.autopay_items item
            left join payments.payments payment
                on payment.practice_id = item.practice_id and payment.payment_id = item.payment_id
            where item.practice_id = $1 and item.run_date = $2
        ) found
        where run.practice_id = $1 and run.run_date = $2 and run.end_time is null
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(None);
    }
    find(conn, practice, run_date).await
}

/// The run of a day; none when there was none.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    run_date: Date,
) -> Result<Option<Run>> {
    let next = run_date.tomorrow().unwrap_or(run_date);
    let found = list(conn, practice, (Some(next), 1)).await?.pop();
    Ok(found.filter(|run| run.run_date == run_date))
}

/// At most `limit` runs, newest first, from before a day.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (before, limit): (Option<Date>, i64),
) -> Result<Vec<Run>> {
    let rows = sqlx::query!(
        r#"
        select
            run_date as "run_date: jiff_sqlx::Date",
            start_time as "start_time: jiff_sqlx::Timestamp",
            select_time is not null as "selected!",
            end_time as "end_time: jiff_sqlx::Timestamp",
            currency,
            due_count,
            charged_count,
            charged_minor,
            credited_minor,
            declined_count,
            pending_count,
            skipped_count
        from payments.autopay_runs
        where practice_id = $1 and ($2::date is null or run_date < $2)
        order by run_date desc
        limit $3
        "#,
        practice.uuid(),
        before.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(Run {
                run_date: row.run_date.to_jiff(),
                start_time: row.start_time.to_jiff(),
                selected: row.selected,
                end_time: row.end_time.map(jiff_sqlx::Timestamp::to_jiff),
                figures: Figures {
                    due: row.due_count,
                    charged: row.charged_count,
                    charged_sum: Money::from_minor(row.charged_minor, currency),
                    credited_sum: Money::from_minor(row.credited_minor, currency),
                    declined: row.declined_count,
                    pending: row.pending_count,
                    skipped: row.skipped_count,
                },
            })
        })
        .collect()
}
