//! Lists of bills, by number from the newest.

use super::bills::Row;
use crate::Result;
use crate::domain::bill::{Bill, BillStatus};
use ids::{BillId, ClientId, PolicyId, PracticeId, Reference};
use sqlx::PgConnection;

/// What a list of bills is asked for.
#[derive(Clone, Debug, Default)]
pub struct BillFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only in these; all when there are none.
    pub statuses: Vec<BillStatus>,
    /// Only with something due from the client.
    pub client_balance_only: bool,
}

impl BillFilter {
    fn wants(&self, status: BillStatus) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }
}

/// At most `limit` bills, newest number first, from below a number.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &BillFilter,
    (below, limit): (Option<i64>, i64),
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
            and number < coalesce($2::bigint, 9223372036854775807)
            and ($3::uuid is null or client_id = $3)
            and (not $4::boolean or client_balance_minor > 0)
            and (
                ($5::boolean and cancel_time is null and (client_balance_minor > 0 or insurance_balance_minor > 0))
                or ($6::boolean and cancel_time is null and client_balance_minor = 0 and insurance_balance_minor = 0)
                or ($7::boolean and cancel_time is not null)
            )
        order by number desc
        limit $8
        "#,
        practice.uuid(),
        below,
        filter.client.map(ClientId::uuid),
        filter.client_balance_only,
        filter.wants(BillStatus::Open),
        filter.wants(BillStatus::Paid),
        filter.wants(BillStatus::Cancelled),
        limit,
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
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.client_balance_only,
        filter.wants(BillStatus::Open),
        filter.wants(BillStatus::Paid),
        filter.wants(BillStatus::Cancelled),
    )
    .fetch_one(conn)
    .await
}
