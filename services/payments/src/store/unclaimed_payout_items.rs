//! What was paid out in a practice's name and is not in its books: in another currency, for example. Not per tenant: each
//! query names the practice itself. It changes under its own lock, once.

use super::currency;
use super::payout_items::{ItemClosing, ListedItem, closing};
use crate::Result;
use crate::domain::payout::{Origin, PayoutItem, PayoutItemKind};
use ids::{PayoutItemId, PracticeId};
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

/// Those in a practice's name at most `limit`, by id, from after `above`. With `only` that one.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    only: Option<PayoutItemId>,
    (above, limit): (Option<PayoutItemId>, i64),
) -> Result<Vec<ListedItem>> {
    let rows = sqlx::query!(
        r#"
        select
            payout_item_id as "payout_item_id: PayoutItemId",
            processor_payout,
            processor_transaction,
            kind,
            currency,
            gross_minor,
            fee_minor,
            close_reason,
            closed_by,
            close_time as "close_time: jiff_sqlx::Timestamp"
        from payments.unclaimed_payout_items
        where practice_id = $1
            and ($2::uuid is null or payout_item_id = $2)
            and ($3::uuid is null or payout_item_id > $3)
        order by payout_item_id
        limit $4
        "#,
        practice.uuid(),
        only.map(PayoutItemId::uuid),
        above.map(PayoutItemId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let items = rows.into_iter().map(|row| {
        let currency = currency(&row.currency)?;
        Ok(ListedItem {
            position: 0,
            item: PayoutItem {
                item: row.payout_item_id,
                transaction: row.processor_transaction,
                kind: PayoutItemKind::Other,
                gross: Money::from_minor(row.gross_minor, currency),
                fee: Money::from_minor(row.fee_minor, currency),
                about: None,
                origin: Origin {
                    word: row.kind,
                    source: None,
                },
            },
            client: None,
            dispute: None,
            bills: Vec::new(),
            method_text: String::new(),
            receive_date: None,
            closing: closing(row.close_reason, row.closed_by, row.close_time),
            unclaimed_of: Some(row.processor_payout),
        })
    });
    items.collect()
}

/// Locks one until the transaction ends, and reads it; none when it is not in the practice's name.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    item: PayoutItemId,
) -> Result<Option<ListedItem>> {
    sqlx::query_scalar!(
        r#"
        select payout_item_id
        from payments.unclaimed_payout_items
        where practice_id = $1 and payout_item_id = $2
        for update
        "#,
        practice.uuid(),
        item.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    Ok(list(conn, practice, Some(item), (None, 1)).await?.pop())
}

/// Keeps what was said of a locked one.
pub async fn update_closed(
    conn: &mut PgConnection,
    practice: PracticeId,
    (item, closing): (PayoutItemId, &ItemClosing),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.unclaimed_payout_items
        set close_reason = $3, closed_by = $4, close_time = $5
        where practice_id = $1 and payout_item_id = $2
        "#,
        practice.uuid(),
        item.uuid(),
        closing.reason,
        closing.closed_by,
        closing.close_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
