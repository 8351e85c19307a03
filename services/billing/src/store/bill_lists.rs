//! Lists of bills: by number from the newest, which is an index, or in another order of what the filter leaves.

use super::bills::Row;
use crate::Result;
use crate::domain::bill::{Bill, BillStatus};
use ids::{BillId, ClientId, PolicyId, PracticeId, Reference};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a list of bills is asked for.
#[derive(Clone, Debug, Default)]
pub struct BillFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only in these; all when there are none.
    pub statuses: Vec<BillStatus>,
    /// Only with something due from the client.
    pub client_balance_only: bool,
    /// Only issued from this day.
    pub from_issue_date: Option<Date>,
    /// Only issued up to this day.
    pub to_issue_date: Option<Date>,
    /// Only due before this day.
    pub due_before: Option<Date>,
    /// Only with this Invoice #.
    pub reference: Option<Reference>,
    /// Only with this running number.
    pub number: Option<i64>,
}

impl BillFilter {
    fn wants(&self, status: BillStatus) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }
}

/// By what bills are ordered; equal ones by number, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The running number.
    Number,
    /// The due date.
    DueDate,
    /// What the client still owes.
    ClientBalance,
    /// The sum of the prices.
    Total,
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub column: Column,
    /// The largest first.
    pub descending: bool,
}

impl Order {
    /// Newest number first.
    pub const NEWEST: Self = Self {
        column: Column::Number,
        descending: true,
    };

    const fn column_name(self) -> &'static str {
        match self.column {
            Column::Number => "number",
            Column::DueDate => "due_date",
            Column::ClientBalance => "client_balance",
            Column::Total => "total",
        }
    }

    /// What a bill is ordered by, the smallest first.
    #[must_use]
    pub fn key(self, bill: &Bill) -> i64 {
        let key = match self.column {
            Column::Number => bill.face.number,
            Column::DueDate => i64::from(days(bill.face.due_date)),
            Column::ClientBalance => bill.standing.client_balance.minor(),
            Column::Total => bill.face.total.minor(),
        };
        if self.descending { -key } else { key }
    }
}

/// Days from 2000-01-01, as the statement counts them.
fn days(date: Date) -> i32 {
    jiff::civil::date(2000, 1, 1)
        .until(date)
        .map_or(0, |span| span.get_days())
}

/// Where a bill stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What the order goes by.
    pub key: i64,
    /// Among equal ones.
    pub number: i64,
}

/// At most `limit` bills after a position.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (filter, order): (&BillFilter, Order),
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<Bill>> {
    if order == Order::NEWEST {
        let below = after.map(|after| after.number);
        return newest(conn, practice, filter, (None, below, limit)).await;
    }
    let ids = ordered(conn, practice, (filter, order), (after, limit)).await?;
    let mut bills = newest(conn, practice, filter, (Some(&ids), None, limit)).await?;
    let place = |bill: &Bill| ids.iter().position(|id| *id == bill.id().uuid());
    bills.sort_by_key(place);
    Ok(bills)
}

/// Which bills come after a position, in order.
async fn ordered(
    conn: &mut PgConnection,
    practice: PracticeId,
    (filter, order): (&BillFilter, Order),
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        with keyed as (
            select
                bill_id,
                number,
                (case when $13::boolean then -1 else 1 end) * case $14::text
                    when 'number' then number
                    when 'due_date' then (due_date - date '2000-01-01')
                    when 'client_balance' then client_balance_minor
                    else total_minor
                end as key
            from billing.bills
            where practice_id = $1
                and ($2::uuid is null or client_id = $2)
                and (not $3::boolean or client_balance_minor > 0)
                and (
                    ($4::boolean and cancel_time is null and (client_balance_minor > 0 or insurance_balance_minor > 0))
                    or ($5::boolean and cancel_time is null and client_balance_minor = 0 and insurance_balance_minor = 0)
                    or ($6::boolean and cancel_time is not null)
                )
                and ($7::date is null or issue_date >= $7)
                and ($8::date is null or issue_date <= $8)
                and ($9::date is null or due_date < $9)
                and ($10::text is null or reference = $10)
                and ($11::bigint is null or number = $11)
        )
        select bill_id
        from keyed
        where $15::bigint is null or (key, -number) > ($15, -$16::bigint)
        order by key, number desc
        limit $12
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.client_balance_only,
        filter.wants(BillStatus::Open),
        filter.wants(BillStatus::Paid),
        filter.wants(BillStatus::Cancelled),
        filter.from_issue_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_issue_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.due_before.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.reference.map(Reference::symbols),
        filter.number,
        limit,
        order.descending,
        order.column_name(),
        after.map(|after| after.key),
        after.map(|after| after.number),
    )
    .fetch_all(conn)
    .await
}

/// Of these bills, or of all.
async fn newest(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &BillFilter,
    (ids, below, limit): (Option<&[Uuid]>, Option<i64>, i64),
) -> Result<Vec<Bill>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill_id: BillId",
            client_id as "client_id: ClientId",
            policy_id as "policy_id: PolicyId",
            number,
            reference as "reference: Reference",
            currency,
            issue_date as "issue_date: jiff_sqlx::Date",
            due_date as "due_date: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            total_minor,
            client_owes_minor,
            insurance_owes_minor,
            client_balance_minor,
            insurance_balance_minor,
            credit_applied_minor,
            comments,
            revision,
            create_time as "create_time: jiff_sqlx::Timestamp",
            share_time as "share_time: jiff_sqlx::Timestamp",
            cancel_time as "cancel_time: jiff_sqlx::Timestamp",
            run_date as "run_date: jiff_sqlx::Date"
        from billing.bills
        where practice_id = $1
            and ($2::uuid is null or client_id = $2)
            and (not $3::boolean or client_balance_minor > 0)
            and (
                ($4::boolean and cancel_time is null and (client_balance_minor > 0 or insurance_balance_minor > 0))
                or ($5::boolean and cancel_time is null and client_balance_minor = 0 and insurance_balance_minor = 0)
                or ($6::boolean and cancel_time is not null)
            )
            and ($7::date is null or issue_date >= $7)
            and ($8::date is null or issue_date <= $8)
            and ($9::date is null or due_date < $9)
            and ($10::text is null or reference = $10)
            and ($11::bigint is null or number = $11)
            and number < coalesce($13::bigint, 9223372036854775807)
            and ($14::uuid[] is null or bill_id = any($14))
        order by number desc
        limit $12
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.client_balance_only,
        filter.wants(BillStatus::Open),
        filter.wants(BillStatus::Paid),
        filter.wants(BillStatus::Cancelled),
        filter.from_issue_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_issue_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.due_before.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.reference.map(Reference::symbols),
        filter.number,
        limit,
        below,
        ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_bill).collect()
}

/// What all bills of a list sum up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillTotals {
    /// How many.
    pub count: i64,
    /// What clients still owe, in minor units.
    pub client_balance_minor: i64,
    /// What insurers still owe, in minor units.
    pub insurance_balance_minor: i64,
}

/// The totals of a list, on all its pages.
pub async fn totals(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &BillFilter,
) -> Result<BillTotals, sqlx::Error> {
    sqlx::query_as!(
        BillTotals,
        r#"
        select
            count(*) as "count!",
            coalesce(sum(client_balance_minor), 0)::bigint as "client_balance_minor!",
            coalesce(sum(insurance_balance_minor), 0)::bigint as "insurance_balance_minor!"
        from billing.bills
        where practice_id = $1
            and ($2::uuid is null or client_id = $2)
            and (not $3::boolean or client_balance_minor > 0)
            and (
                ($4::boolean and cancel_time is null and (client_balance_minor > 0 or insurance_balance_minor > 0))
                or ($5::boolean and cancel_time is null and client_balance_minor = 0 and insurance_balance_minor = 0)
                or ($6::boolean and cancel_time is not null)
            )
            and ($7::date is null or issue_date >= $7)
            and ($8::date is null or issue_date <= $8)
            and ($9::date is null or due_date < $9)
            and ($10::text is null or reference = $10)
            and ($11::bigint is null or number = $11)
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.client_balance_only,
        filter.wants(BillStatus::Open),
        filter.wants(BillStatus::Paid),
        filter.wants(BillStatus::Cancelled),
        filter.from_issue_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_issue_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.due_before.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.reference.map(Reference::symbols),
        filter.number,
    )
    .fetch_one(conn)
    .await
}
