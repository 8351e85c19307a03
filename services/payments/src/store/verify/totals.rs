use crate::Result;
use ids::PracticeId;
use sqlx::PgConnection;

/// What has come and gone, to be held against another's books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Payments that have succeeded.
    pub payments: i64,
    /// Their sum, in minor units of the practice's currency.
    pub payments_minor: i64,
    /// Refunds that have succeeded and did not come back.
    pub refunds: i64,
    /// Their sum, in minor units.
    pub refunds_minor: i64,
}

/// The practice's totals.
pub async fn totals(conn: &mut PgConnection, practice: PracticeId) -> Result<Totals> {
    Ok(sqlx::query_as!(
        Totals,
        r#"
        select
            paid.payments as "payments!",
            paid.minor as "payments_minor!",
            given.refunds as "refunds!",
            given.minor as "refunds_minor!"
        from (
            select count(*) as payments, coalesce(sum(amount_minor), 0)::bigint as minor
            from payments.payments
            where practice_id = $1 and state = 'succeeded'
        ) paid, (
            select count(*) as refunds, coalesce(sum(amount_minor), 0)::bigint as minor
            from payments.refunds
            where practice_id = $1 and state = 'succeeded'
        ) given
        "#,
        practice.uuid(),
    )
    .fetch_one(conn)
    .await?)
}
