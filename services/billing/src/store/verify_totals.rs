use ids::PracticeId;
use sqlx::PgConnection;

/// What was booked, to be held against what payments says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Payments.
    pub payments: i64,
    /// Their sum, in minor units of the practice's currency.
    pub payments_minor: i64,
    /// Refunds that did not come back.
    pub refunds: i64,
    /// Their sum, in minor units.
    pub refunds_minor: i64,
}

/// The practice's totals.
pub async fn totals(conn: &mut PgConnection, practice: PracticeId) -> Result<Totals, sqlx::Error> {
    sqlx::query_as!(
        Totals,
        r#"
        select
            paid.payments as "payments!",
            paid.minor as "payments_minor!",
            given.refunds as "refunds!",
            given.minor as "refunds_minor!"
        from (
            select count(*) as payments, coalesce(sum(amount_minor), 0)::bigint as minor
            from billing.posted_payments
            where practice_id = $1
        ) paid, (
            select count(*) as refunds, coalesce(sum(amount_minor), 0)::bigint as minor
            from billing.posted_refunds
            where practice_id = $1 and return_time is null
        ) given
        "#,
        practice.uuid(),
    )
    .fetch_one(conn)
    .await
}
