use super::{Found, LIMIT, Oldest, findings};
use crate::Result;
use ids::PracticeId;
use jiff_sqlx::ToSqlx as _;
use pg::verify::Finding;
use sqlx::PgConnection;

/// G8, each with the payout, the amount and since when. What was paid out and is about no payment of ours breaks nothing: it
/// is shown with its payout. Nor does what somebody closed.
pub async fn payouts(
    conn: &mut PgConnection,
    practice: PracticeId,
    oldest: Oldest,
) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        select
            'G8' as "invariant!",
            'payout item' as "kind!",
            payout_item_id as "id!",
            format(
                '%s %s of payment object %s is not known: %s %s (minor units), paid out with %s since %s',
                source_kind, source_object, source_intent, gross_minor, currency, processor_payout, create_time
            ) as "explanation!"
        from payments.unknown_payout_items
        where practice_id = $1 and create_time < $2 and not closed
        union all
        select 'G8', 'payout item', unclaimed.payout_item_id, format(
            '%s %s of payout %s is in nobody''s books: %s %s (minor units), since %s',
            unclaimed.kind, unclaimed.processor_transaction, unclaimed.processor_payout, unclaimed.gross_minor,
            unclaimed.currency, unclaimed.create_time
        )
        from payments.unclaimed_payout_items unclaimed
        where unclaimed.practice_id = $1 and unclaimed.close_time is null
        union all
        select 'G8', 'payout', part.payout_id, format(
            'it is %s, and %s of the processor''s is %s since %s',
            part.state, whole.processor_payout, whole.state, whole.update_time
        )
        from payments.payouts part
        join payments.account_payouts whole on whole.processor_payout = part.processor_payout
        where part.practice_id = $1
            and whole.update_time < $2
            and whole.state in ('paid', 'failed', 'cancelled')
            and part.state in ('pending', 'in_transit', 'paid')
            and part.state <> whole.state
        limit $3
        "#,
        practice.uuid(),
        oldest.unmatched.to_sqlx() as jiff_sqlx::Timestamp,
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}
