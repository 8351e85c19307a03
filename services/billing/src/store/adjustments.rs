//! What was taken off bills. Rows are written and changed under their bill's lock.

use super::minors;
use crate::domain::adjustment::{Adjustment, AdjustmentKind, AdjustmentReason, Extent, Reduction};
use crate::{Error, Missing, Result};
use ids::{AdjustmentId, BillId, EntryId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

/// Writes adjustments with who made them.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    made_by: &str,
    adjustments: &[(BillId, Adjustment)],
) -> Result<(), sqlx::Error> {
    if adjustments.is_empty() {
        return Ok(());
    }
    let column = Columns::of(adjustments);
    sqlx::query!(
        r#"
        insert into billing.adjustments (
            practice_id, adjustment_id, bill_id, line_number, kind, reason, percent, client_text, amount_minor,
            entry_id, made_by, create_time
        )
        select $1, fresh.adjustment_id, fresh.bill_id, fresh.line_number, fresh.kind, fresh.reason,
            fresh.percent, fresh.client_text, fresh.amount, fresh.entry_id, $2, fresh.create_time
        from unnest(
            $3::uuid[], $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
            $11::uuid[], $12::timestamptz[]
        ) as fresh (
            adjustment_id, bill_id, line_number, kind, reason, percent, client_text, amount, entry_id, create_time
        )
        "#,
        practice.uuid(),
        made_by,
        &column.ids,
        &column.bills,
        &column.lines as &[Option<i32>],
        &column.kinds,
        &column.reasons,
        &column.percents as &[Option<String>],
        &column.texts,
        &minors(adjustments, |(_, adjustment)| adjustment.amount),
        &column.entries,
        &column.create_times as &[jiff_sqlx::Timestamp],
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    bills: Vec<Uuid>,
    lines: Vec<Option<i32>>,
    kinds: Vec<String>,
    reasons: Vec<String>,
    percents: Vec<Option<String>>,
    texts: Vec<String>,
    entries: Vec<Uuid>,
    create_times: Vec<jiff_sqlx::Timestamp>,
}

impl Columns {
    fn of(adjustments: &[(BillId, Adjustment)]) -> Self {
        let mut column = Self::default();
        for (bill, adjustment) in adjustments {
            let reduction = &adjustment.reduction;
            column.ids.push(adjustment.id.uuid());
            column.bills.push(bill.uuid());
            column.lines.push(reduction.line);
            column.kinds.push(reduction.kind.name().to_owned());
            column.reasons.push(reduction.reason.name().to_owned());
            column.percents.push(match reduction.extent {
                Extent::Percent(rate) => Some(rate.to_string()),
                Extent::Amount(_) | Extent::Whole => None,
            });
            column.texts.push(reduction.client_text.clone());
            column.entries.push(adjustment.entry.uuid());
            column.create_times.push(adjustment.create_time.to_sqlx());
        }
        column
    }
}

/// The adjustments of a bill that count, in order.
pub async fn live_on_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, currency): (BillId, Currency),
) -> Result<Vec<Adjustment>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            adjustment_id as "adjustment_id: AdjustmentId",
            line_number,
            kind,
            reason,
            percent,
            client_text,
            amount_minor,
            entry_id as "entry_id: EntryId",
            create_time as "create_time: jiff_sqlx::Timestamp",
            reverse_time as "reverse_time: jiff_sqlx::Timestamp"
        from billing.adjustments
        where practice_id = $1 and bill_id = $2 and reverse_time is null
        order by adjustment_id
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| row.into_adjustment(currency))
        .collect()
}

/// An adjustment of a bill, also one that no longer counts. Errors: ADJUSTMENT_NOT_FOUND, also for another bill's.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, currency): (BillId, Currency),
    adjustment: AdjustmentId,
) -> Result<Adjustment> {
    sqlx::query_as!(
        Row,
        r#"
        select
            adjustment_id as "adjustment_id: AdjustmentId",
            line_number,
            kind,
            reason,
            percent,
            client_text,
            amount_minor,
            entry_id as "entry_id: EntryId",
            create_time as "create_time: jiff_sqlx::Timestamp",
            reverse_time as "reverse_time: jiff_sqlx::Timestamp"
        from billing.adjustments
        where practice_id = $1 and bill_id = $2 and adjustment_id = $3
        "#,
        practice.uuid(),
        bill.uuid(),
        adjustment.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Adjustment(adjustment)))?
    .into_adjustment(currency)
}

/// Notes that adjustments no longer count.
pub async fn update_reversed(
    conn: &mut PgConnection,
    practice: PracticeId,
    adjustments: &[Adjustment],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    if adjustments.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = adjustments
        .iter()
        .map(|adjustment| adjustment.id.uuid())
        .collect();
    sqlx::query!(
        r#"
        update billing.adjustments
        set reverse_time = $3
        where practice_id = $1 and adjustment_id = any($2) and reverse_time is null
        "#,
        practice.uuid(),
        &ids,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    adjustment_id: AdjustmentId,
    line_number: Option<i32>,
    kind: String,
    reason: String,
    percent: Option<String>,
    client_text: String,
    amount_minor: i64,
    entry_id: EntryId,
    create_time: jiff_sqlx::Timestamp,
    reverse_time: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn into_adjustment(self, currency: Currency) -> Result<Adjustment> {
        let amount = Money::from_minor(self.amount_minor, currency);
        let extent = match self.percent {
            Some(percent) => {
                Extent::Percent(percent.parse().map_err(|_| Error::Stored("a percentage"))?)
            }
            None => Extent::Amount(amount),
        };
        let reduction = Reduction {
            kind: AdjustmentKind::of(&self.kind).ok_or(Error::Stored("an adjustment's kind"))?,
            reason: AdjustmentReason::of(&self.reason)
                .ok_or(Error::Stored("an adjustment's reason"))?,
            extent,
            line: self.line_number,
            client_text: self.client_text,
        };
        Ok(Adjustment {
            id: self.adjustment_id,
            reduction,
            amount,
            entry: self.entry_id,
            create_time: self.create_time.to_jiff(),
            reverse_time: self.reverse_time.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}
