//! What payouts paid out; written with their payout. Amounts never change; that something became known of what was unknown
//! does, once, under the payout's lock (`unmatched_payout_items.rs`).

use crate::domain::payout::{About, Origin, PayoutItem, PayoutItemKind, Source, SourceKind};
use crate::{Error, Result};
use ids::{
    BillId, ClientId, DisputeId, DisputeMovementId, PaymentId, PayoutId, PayoutItemId, PracticeId,
    RefundId,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

/// Writes what a payout paid out, in order.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    payout: PayoutId,
    items: &[PayoutItem],
) -> Result<()> {
    let abouts = || items.iter().map(|item| item.about);
    let ids: Vec<Uuid> = items.iter().map(|item| item.item.uuid()).collect();
    let transactions: Vec<String> = items.iter().map(|item| item.transaction.clone()).collect();
    let kinds: Vec<String> = items
        .iter()
        .map(|item| item.kind.name().to_owned())
        .collect();
    let gross: Vec<i64> = items.iter().map(|item| item.gross.minor()).collect();
    let fees: Vec<i64> = items.iter().map(|item| item.fee.minor()).collect();
    let payments: Vec<Option<Uuid>> = abouts().map(|it| it.map(|it| it.payment.uuid())).collect();
    let refunds: Vec<Option<Uuid>> = abouts()
        .map(|it| it.and_then(|it| it.refund.map(RefundId::uuid)))
        .collect();
    let movements: Vec<Option<Uuid>> = abouts()
        .map(|it| it.and_then(|it| it.movement.map(DisputeMovementId::uuid)))
        .collect();
    let words: Vec<String> = items.iter().map(|item| item.origin.word.clone()).collect();
    let sources = |of: fn(&Source) -> Option<String>| -> Vec<Option<String>> {
        let sources = items.iter().map(|item| item.origin.source.as_ref());
        sources.map(|source| source.and_then(of)).collect()
    };
    sqlx::query!(
        r#"
        insert into payments.payout_items (
            practice_id, payout_item_id, payout_id, position, processor_transaction, kind, gross_minor, fee_minor,
            payment_id, refund_id, dispute_movement_id, processor_word, source_kind, source_object, source_intent
        )
        select $1, fresh.id, $2, fresh.place::integer, fresh.transaction, fresh.kind, fresh.gross, fresh.fee,
            fresh.payment_id, fresh.refund_id, fresh.movement_id, fresh.word, fresh.source_kind, fresh.source_object,
            fresh.source_intent
        from unnest(
            $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::uuid[], $9::uuid[], $10::uuid[],
            $11::text[], $12::text[], $13::text[], $14::text[]
        ) with ordinality as fresh (
            id, transaction, kind, gross, fee, payment_id, refund_id, movement_id, word, source_kind, source_object,
            source_intent, place
        )
        "#,
        practice.uuid(),
        payout.uuid(),
        &ids,
        &transactions,
        &kinds,
        &gross,
        &fees,
        &payments as &[Option<Uuid>],
        &refunds as &[Option<Uuid>],
        &movements as &[Option<Uuid>],
        &words,
        &sources(|source| Some(source.kind.name().to_owned())) as &[Option<String>],
        &sources(|source| Some(source.object.clone())) as &[Option<String>],
        &sources(|source| source.intent.clone()) as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What somebody of the practice said of an item that nobody can tell what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemClosing {
    /// Why it is closed; not empty.
    pub reason: String,
    /// The subject of whoever said it.
    pub closed_by: String,
    /// When.
    pub close_time: Timestamp,
}

/// An item as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedItem {
    /// Its place, from 1; 0 for what is in no part of a payout.
    pub position: i32,
    /// What was paid out.
    pub item: PayoutItem,
    /// Whose payment.
    pub client: Option<ClientId>,
    /// The dispute.
    pub dispute: Option<DisputeId>,
    /// The bills that the payment was meant for.
    pub bills: Vec<BillId>,
    /// The payment's, as printed; empty for none.
    pub method_text: String,
    /// Local day on which the payment came.
    pub receive_date: Option<Date>,
    /// What was said of it when nobody knew what it is.
    pub closing: Option<ItemClosing>,
    /// The processor's payout, `po_…`, of what is in the practice's name and not in its books; none for what is.
    pub unclaimed_of: Option<String>,
}

/// An item as the view has it.
struct Row {
    payout_item_id: PayoutItemId,
    position: i32,
    processor_transaction: String,
    kind: String,
    gross_minor: i64,
    fee_minor: i64,
    payment_id: Option<PaymentId>,
    refund_id: Option<RefundId>,
    dispute_movement_id: Option<DisputeMovementId>,
    processor_word: String,
    source_kind: Option<String>,
    source_object: Option<String>,
    source_intent: Option<String>,
    client_id: Option<ClientId>,
    method_text: Option<String>,
    receive_date: Option<jiff_sqlx::Date>,
    dispute_id: Option<DisputeId>,
    bill_ids: Vec<Uuid>,
    close_reason: Option<String>,
    closed_by: Option<String>,
    close_time: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn listed(self, currency: Currency) -> Result<ListedItem> {
        let kind = PayoutItemKind::of(&self.kind);
        Ok(ListedItem {
            position: self.position,
            item: PayoutItem {
                item: self.payout_item_id,
                transaction: self.processor_transaction,
                kind: kind.ok_or(Error::Stored("a kind of a payout's item"))?,
                gross: Money::from_minor(self.gross_minor, currency),
                fee: Money::from_minor(self.fee_minor, currency),
                about: about(self.payment_id, (self.refund_id, self.dispute_movement_id)),
                origin: Origin {
                    word: self.processor_word,
                    source: source(self.source_kind, self.source_object, self.source_intent)?,
                },
            },
            client: self.client_id,
            dispute: self.dispute_id,
            bills: self.bill_ids.into_iter().map(BillId::from).collect(),
            method_text: self.method_text.unwrap_or_default(),
            receive_date: self.receive_date.map(jiff_sqlx::Date::to_jiff),
            closing: closing(self.close_reason, self.closed_by, self.close_time),
            unclaimed_of: None,
        })
    }
}

/// At most `limit` items of a payout in order, from after the place `above`. Amounts are in the payout's currency.
pub async fn list(
    conn: &mut PgConnection,
    of: (PracticeId, PayoutId),
    currency: Currency,
    (above, limit): (i32, i64),
) -> Result<Vec<ListedItem>> {
    select(conn, of, currency, (None, above, limit)).await
}

async fn select(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    currency: Currency,
    (at, above, limit): (Option<&[i32]>, i32, i64),
) -> Result<Vec<ListedItem>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            payout_item_id as "payout_item_id!: PayoutItemId",
            position as "position!",
            processor_transaction as "processor_transaction!",
            kind as "kind!",
            gross_minor as "gross_minor!",
            fee_minor as "fee_minor!",
            payment_id as "payment_id?: PaymentId",
            refund_id as "refund_id?: RefundId",
            dispute_movement_id as "dispute_movement_id?: DisputeMovementId",
            processor_word as "processor_word!",
            source_kind as "source_kind?",
            source_object as "source_object?",
            source_intent as "source_intent?",
            client_id as "client_id?: ClientId",
            method_text as "method_text?",
            receive_date as "receive_date?: jiff_sqlx::Date",
            dispute_id as "dispute_id?: DisputeId",
            bill_ids as "bill_ids!",
            close_reason as "close_reason?",
            closed_by as "closed_by?",
            close_time as "close_time?: jiff_sqlx::Timestamp"
        from payments.listed_payout_items
        where practice_id = $1
            and payout_id = $2
            and position > $3
            and ($5::integer[] is null or position = any($5))
        order by position
        limit $4
        "#,
        practice.uuid(),
        payout.uuid(),
        above,
        limit,
        at as Option<&[i32]>,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| row.listed(currency)).collect()
}

/// Those of a payout at these places, in order.
pub async fn list_at(
    conn: &mut PgConnection,
    of: (PracticeId, PayoutId),
    currency: Currency,
    positions: &[i32],
) -> Result<Vec<ListedItem>> {
    select(conn, of, currency, (Some(positions), 0, i64::MAX)).await
}

/// The payout of an item and its place there; none when it is in no part of one.
pub async fn find_place(
    conn: &mut PgConnection,
    practice: PracticeId,
    item: PayoutItemId,
) -> Result<Option<(PayoutId, i32)>> {
    let row = sqlx::query!(
        r#"
        select payout_id as "payout_id: PayoutId", position
        from payments.payout_items
        where practice_id = $1 and payout_item_id = $2
        "#,
        practice.uuid(),
        item.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.payout_id, row.position)))
}

/// Keeps what was said of an item, under its payout's lock.
pub async fn insert_closing(
    conn: &mut PgConnection,
    practice: PracticeId,
    (item, closing): (PayoutItemId, &ItemClosing),
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.payout_item_closings (practice_id, payout_item_id, reason, closed_by, close_time)
        values ($1, $2, $3, $4, $5)
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

/// What was said, from its columns.
pub(super) fn closing(
    reason: Option<String>,
    closed_by: Option<String>,
    time: Option<jiff_sqlx::Timestamp>,
) -> Option<ItemClosing> {
    let ((reason, closed_by), time) = reason.zip(closed_by).zip(time)?;
    Some(ItemClosing {
        reason,
        closed_by,
        close_time: time.to_jiff(),
    })
}

fn about(
    payment: Option<PaymentId>,
    (refund, movement): (Option<RefundId>, Option<DisputeMovementId>),
) -> Option<About> {
    payment.map(|payment| About {
        payment,
        refund,
        movement,
    })
}

/// The object that moved an item, from its columns.
pub(super) fn source(
    kind: Option<String>,
    object: Option<String>,
    intent: Option<String>,
) -> Result<Option<Source>> {
    let Some((kind, object)) = kind.zip(object) else {
        return Ok(None);
    };
    let kind = SourceKind::of(&kind).ok_or(Error::Stored("a kind of a movement's source"))?;
    Ok(Some(Source {
        kind,
        object,
        intent,
    }))
}
