//! What payouts paid out; written with their payout. Amounts never change; that something became known of what was unknown
//! does, once, under the payout's lock (`unmatched_payout_items.rs`).

use crate::domain::payout::{About, Origin, PayoutItem, PayoutItemKind, Source, SourceKind};
use crate::{Error, Result};
use ids::{
    BillId, ClientId, DisputeId, DisputeMovementId, PaymentId, PayoutId, PayoutItemId, PracticeId,
    RefundId,
};
use jiff::civil::Date;
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

/// An item as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedItem {
    /// Its place, from 1.
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
}

/// At most `limit` items of a payout in order, from after the place `above`. Amounts are in the payout's currency.
pub async fn list(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    currency: Currency,
    (above, limit): (i32, i64),
) -> Result<Vec<ListedItem>> {
    let rows = sqlx::query!(
        r#"
        select
            item.payout_item_id as "payout_item_id: PayoutItemId",
            item.position,
            item.processor_transaction,
            item.kind,
            item.gross_minor,
            item.fee_minor,
            item.payment_id as "payment_id: PaymentId",
            item.refund_id as "refund_id: RefundId",
            item.dispute_movement_id as "dispute_movement_id: DisputeMovementId",
            item.processor_word,
            item.source_kind,
            item.source_object,
            item.source_intent,
            payment.client_id as "client_id?: ClientId",
            payment.method_text as "method_text?",
            payment.receive_date as "receive_date?: jiff_sqlx::Date",
            movement.dispute_id as "dispute_id?: DisputeId",
            array(
                select part.bill_id
                from payments.payment_allocations part
                where part.practice_id = $1 and part.payment_id = item.payment_id
                order by part.position
            ) as "bill_ids!"
        from payments.payout_items item
        left join payments.payments payment
            on payment.practice_id = $1 and payment.payment_id = item.payment_id
        left join payments.dispute_movements movement
            on movement.practice_id = $1 and movement.movement_id = item.dispute_movement_id
        where item.practice_id = $1 and item.payout_id = $2 and item.position > $3
        order by item.position
        limit $4
        "#,
        practice.uuid(),
        payout.uuid(),
        above,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let kind = PayoutItemKind::of(&row.kind);
            Ok(ListedItem {
                position: row.position,
                item: PayoutItem {
                    item: row.payout_item_id,
                    transaction: row.processor_transaction,
                    kind: kind.ok_or(Error::Stored("a kind of a payout's item"))?,
                    gross: Money::from_minor(row.gross_minor, currency),
                    fee: Money::from_minor(row.fee_minor, currency),
                    about: about(row.payment_id, (row.refund_id, row.dispute_movement_id)),
                    origin: Origin {
                        word: row.processor_word,
                        source: source(row.source_kind, row.source_object, row.source_intent)?,
                    },
                },
                client: row.client_id,
                dispute: row.dispute_id,
                bills: row.bill_ids.into_iter().map(BillId::from).collect(),
                method_text: row.method_text.unwrap_or_default(),
                receive_date: row.receive_date.map(jiff_sqlx::Date::to_jiff),
            })
        })
        .collect()
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
