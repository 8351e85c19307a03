use super::{Found, LIMIT, findings};
use crate::Result;
use ids::PracticeId;
use pg::verify::Finding;
use sqlx::PgConnection;

/// D1, a request that was answered has what it was answered with.
pub async fn acknowledged(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        select
            'D1' as "invariant!",
            'request' as "kind!",
            request.request_id as "id!",
            format('%s was answered with %s, which is not there', request.method, request.subject_id) as "explanation!"
        from payments.requests request
        left join payments.payments payment
            on payment.practice_id = $1 and payment.payment_id = request.subject_id
        left join payments.refunds refund
            on refund.practice_id = $1 and refund.refund_id = request.subject_id
        where request.practice_id = $1
            and (
                (
                    request.method in ('PayBill', 'PayBalance', 'RecordPayment')
                    and payment.payment_id is null
                )
                or (request.method = 'RefundPayment' and refund.refund_id is null)
            )
        limit $2
        "#,
        practice.uuid(),
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}
