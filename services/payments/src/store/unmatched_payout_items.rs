//! What was paid out and is not known here, as far as the processor names a payment of it. It changes under its payout's
//! lock, once.

use super::currency;
use super::payout_items::source;
use crate::Result;
use crate::domain::payout::{About, Origin, PayoutItemKind, Source};
use ids::{DisputeMovementId, PayoutId, PayoutItemId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// An item that may be matched yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Its id.
    pub item: PayoutItemId,
    /// Its payout.
    pub payout: PayoutId,
    /// Its place there.
    pub position: i32,
    /// `txn_…`.
    pub transaction: String,
    /// Before fees; below 0: taken.
    pub gross: Money,
    /// The object that moved it.
    pub source: Source,
    /// The practice's own account that the payout is of, `acct_…`; none: the installation's.
    pub account: Option<String>,
}

/// Those about payments with these objects, `pi_…`, by payout.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    intents: &[String],
) -> Result<Vec<Unmatched>> {
    let rows = sqlx::query!(
        r#"
        select
            item.payout_item_id as "payout_item_id: PayoutItemId",
            item.payout_id as "payout_id: PayoutId",
            item.position,
            item.processor_transaction,
            item.gross_minor,
            item.source_kind,
            item.source_object,
            item.source_intent,
            payout.currency,
            payout.processor_account
        from payments.payout_items item
        join payments.payouts payout
            on payout.practice_id = item.practice_id and payout.payout_id = item.payout_id
        where item.practice_id = $1 and item.kind = 'other' and item.source_intent = any($2)
        order by item.payout_id, item.position
        "#,
        practice.uuid(),
        intents,
    )
    .fetch_all(conn)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(source) = source(row.source_kind, row.source_object, row.source_intent)? {
            found.push(Unmatched {
                item: row.payout_item_id,
                payout: row.payout_id,
                position: row.position,
                transaction: row.processor_transaction,
                gross: Money::from_minor(row.gross_minor, currency(&row.currency)?),
                source,
                account: row.processor_account,
            });
        }
    }
    Ok(found)
}

/// Something that the processor is asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<T> {
    /// The item.
    pub item: PayoutItemId,
    /// What is asked for.
    pub what: T,
    /// The practice's own account that its payout is of, `acct_…`; none: the installation's.
    pub account: Option<String>,
}

/// At most `limit` of payouts that were taken in from `since` on, and that are about payments of the practice's: those first
/// that were not asked for, or the longest ago. With each whether somebody has closed it.
pub async fn list_of_ours(
    conn: &mut PgConnection,
    practice: PracticeId,
    (since, limit): (Timestamp, i64),
) -> Result<Vec<(Asked<Source>, bool)>> {
    let rows = sqlx::query!(
        r#"
        select
            payout_item_id as "payout_item_id!: PayoutItemId",
            source_kind,
            source_object,
            source_intent,
            processor_account,
            closed as "closed!"
        from payments.unknown_payout_items
        where practice_id = $1 and create_time >= $2
        order by ask_time nulls first, create_time, payout_id, position
        limit $3
        "#,
        practice.uuid(),
        since.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(what) = source(row.source_kind, row.source_object, row.source_intent)? {
            let asked = Asked {
                item: row.payout_item_id,
                what,
                account: row.processor_account,
            };
            found.push((asked, row.closed));
        }
    }
    Ok(found)
}

/// The same of items that were taken in before it was kept what the processor says that they are: each by its movement,
/// `txn_…`.
pub async fn list_without_origin(
    conn: &mut PgConnection,
    practice: PracticeId,
    (since, limit): (Timestamp, i64),
) -> Result<Vec<Asked<String>>> {
    let rows = sqlx::query!(
        r#"
        select
            item.payout_item_id as "payout_item_id: PayoutItemId",
            item.processor_transaction,
            payout.processor_account
        from payments.payout_items item
        join payments.payouts payout
            on payout.practice_id = item.practice_id and payout.payout_id = item.payout_id
        where item.practice_id = $1
            and item.kind = 'other'
            and item.processor_word = ''
            and starts_with(item.processor_transaction, 'txn_')
            and payout.create_time >= $2
        order by item.ask_time nulls first, payout.create_time, item.payout_id, item.position
        limit $3
        "#,
        practice.uuid(),
        since.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let found = rows.into_iter().map(|row| Asked {
        item: row.payout_item_id,
        what: row.processor_transaction,
        account: row.processor_account,
    });
    Ok(found.collect())
}

/// Writes that the processor is asked for items now. Before it is: one whose answer fails lets others come first.
pub async fn update_asked(
    conn: &mut PgConnection,
    practice: PracticeId,
    (items, now): (&[Uuid], Timestamp),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payout_items
        set ask_time = $3
        where practice_id = $1 and payout_item_id = any($2)
        "#,
        practice.uuid(),
        items,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what the processor says that an item is, of which that was not kept.
pub async fn update_origin(
    conn: &mut PgConnection,
    practice: PracticeId,
    (item, origin): (PayoutItemId, &Origin),
) -> Result<()> {
    let source = origin.source.as_ref();
    sqlx::query!(
        r#"
        update payments.payout_items
        set processor_word = $3, source_kind = $4, source_object = $5, source_intent = $6
        where practice_id = $1 and payout_item_id = $2 and kind = 'other' and processor_word = ''
        "#,
        practice.uuid(),
        item.uuid(),
        origin.word,
        source.map(|source| source.kind.name()),
        source.map(|source| &*source.object),
        source.and_then(|source| source.intent.as_deref()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what items are about; those that were unmatched until now. The caller holds their payout's lock.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    matched: &[(PayoutItemId, PayoutItemKind, About)],
) -> Result<Vec<PayoutItemId>> {
    let ids: Vec<Uuid> = matched.iter().map(|(item, ..)| item.uuid()).collect();
    let kinds: Vec<String> = matched
        .iter()
        .map(|(_, kind, _)| kind.name().to_owned())
        .collect();
    let abouts = || matched.iter().map(|(.., about)| about);
    let payments: Vec<Uuid> = abouts().map(|about| about.payment.uuid()).collect();
    let refunds: Vec<Option<Uuid>> = abouts()
        .map(|about| about.refund.map(RefundId::uuid))
        .collect();
    let movements: Vec<Option<Uuid>> = abouts()
        .map(|about| about.movement.map(DisputeMovementId::uuid))
        .collect();
    let changed = sqlx::query_scalar!(
        r#"
        update payments.payout_items item
        set
            kind = fresh.kind,
            payment_id = fresh.payment_id,
            refund_id = fresh.refund_id,
            dispute_movement_id = fresh.movement_id
        from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[])
            as fresh (id, kind, payment_id, refund_id, movement_id)
        where item.practice_id = $1 and item.payout_item_id = fresh.id and item.kind = $7
        returning item.payout_item_id as "payout_item_id: PayoutItemId"
        "#,
        practice.uuid(),
        &ids,
        &kinds,
        &payments,
        &refunds as &[Option<Uuid>],
        &movements as &[Option<Uuid>],
        PayoutItemKind::Other.name(),
    )
    .fetch_all(conn)
    .await?;
    Ok(changed)
}
