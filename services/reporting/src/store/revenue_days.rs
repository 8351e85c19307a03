//! Revenue by business day.

use super::amount;
use crate::Result;
use crate::store::payments::Range;
use ids::PracticeId;
use money::Money;
use sqlx::{PgConnection, query};

/// One month's revenue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RevenueMonth {
    /// Its year.
    pub year: i32,
    /// 1 to 12.
    pub month: i32,
    /// Accrual.
    pub billed: Money,
    /// Cash.
    pub received: Money,
}

/// The months of a range, oldest first; of its first and last month only the days in it.
pub async fn list_months(
    conn: &mut PgConnection,
    practice: PracticeId,
    range: Range,
) -> Result<Vec<RevenueMonth>> {
    let rows = query!(
        r#"
        select
            extract(year from day)::integer as "year!",
            extract(month from day)::integer as "month!",
            currency,
            sum(billed_minor)::bigint as "billed_minor!",
            sum(received_minor)::bigint as "received_minor!"
        from reporting.revenue_days
        where practice_id = $1
            and ($2::date is null or day >= $2)
            and ($3::date is null or day <= $3)
        group by 1, 2, currency
        order by 1, 2, currency
        "#,
        practice.uuid(),
        range.first() as Option<jiff_sqlx::Date>,
        range.last() as Option<jiff_sqlx::Date>,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RevenueMonth {
                year: row.year,
                month: row.month,
                billed: amount(row.billed_minor, &row.currency)?,
                received: amount(row.received_minor, &row.currency)?,
            })
        })
        .collect()
}
