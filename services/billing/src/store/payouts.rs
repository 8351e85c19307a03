//! Payouts in the books. One changes under its own lock, which comes before the balances'.

use super::currency;
use crate::domain::payout::{Item, ItemKind};
use crate::{Error, Result};
use ids::{
    ClientId, DisputeMovementId, EntryId, PaymentId, PayoutId, PayoutItemId, PracticeId, RefundId,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A payout, read under its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Every amount of it is in it.
    pub currency: Currency,
    /// It does not count any more.
    pub failed: bool,
}

/// Knows of a payout from now on. Again is fine.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    (arrival, currency): (Date, Currency),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.payouts (practice_id, payout_id, arrival_date, currency, create_time, update_time)
        values ($1, $2, $3, $4, $5, $5)
        on conflict on constraint payouts_pkey do nothing
        "#,
        practice.uuid(),
        payout.uuid(),
        arrival.to_sqlx() as jiff_sqlx::Date,
        currency.code(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks a payout until the transaction ends; none when it is not known.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    payout: PayoutId,
) -> Result<Option<Payout>> {
    let row = sqlx::query!(
        r#"
        select currency, fail_date is not null as "failed!"
        from billing.payouts
        where practice_id = $1 and payout_id = $2
        for update
        "#,
        practice.uuid(),
        payout.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Payout {
            currency: currency(&row.currency)?,
            failed: row.failed,
        })
    })
    .transpose()
}

/// It does not count any more.
pub async fn update_failed(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    fail_date: Date,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.payouts
        set fail_date = $3, update_time = $4
        where practice_id = $1 and payout_id = $2
        "#,
        practice.uuid(),
        payout.uuid(),
        fail_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes items with their places and entries.
pub async fn insert_items(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    items: &[(i32, Item, EntryId)],
) -> Result<(), sqlx::Error> {
    let uuids = |of: fn(&Item) -> Option<Uuid>| -> Vec<Option<Uuid>> {
        items.iter().map(|(_, item, _)| of(item)).collect()
    };
    let ids: Vec<Uuid> = items.iter().map(|(_, item, _)| item.item.uuid()).collect();
    let positions: Vec<i32> = items.iter().map(|(position, ..)| *position).collect();
    let kinds: Vec<String> = items
        .iter()
        .map(|(_, item, _)| item.kind.name().to_owned())
        .collect();
    let gross: Vec<i64> = items
        .iter()
        .map(|(_, item, _)| item.gross.minor())
        .collect();
    let fees: Vec<i64> = items.iter().map(|(_, item, _)| item.fee.minor()).collect();
    let entries: Vec<Uuid> = items.iter().map(|(.., entry)| entry.uuid()).collect();
    sqlx::query!(
        r#"
        insert into billing.payout_items (
            practice_id, payout_item_id, payout_id, position, kind, gross_minor, fee_minor, payment_id, refund_id,
            dispute_movement_id, client_id, entry_id
        )
        select $1, fresh.id, $2, fresh.position, fresh.kind, fresh.gross, fresh.fee, fresh.payment_id,
            fresh.refund_id, fresh.movement_id, fresh.client_id, fresh.entry_id
        from unnest(
            $3::uuid[], $4::integer[], $5::text[], $6::bigint[], $7::bigint[], $8::uuid[], $9::uuid[], $10::uuid[],
            $11::uuid[], $12::uuid[]
        ) as fresh (
            id, position, kind, gross, fee, payment_id, refund_id, movement_id, client_id, entry_id
        )
        "#,
        practice.uuid(),
        payout.uuid(),
        &ids,
        &positions,
        &kinds,
        &gross,
        &fees,
        &uuids(|item| item.payment.map(PaymentId::uuid)) as &[Option<Uuid>],
        &uuids(|item| item.refund.map(RefundId::uuid)) as &[Option<Uuid>],
        &uuids(|item| item.movement.map(DisputeMovementId::uuid)) as &[Option<Uuid>],
        &uuids(|item| item.client.map(ClientId::uuid)) as &[Option<Uuid>],
        &entries,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of the items that are booked.
pub async fn booked(
    conn: &mut PgConnection,
    practice: PracticeId,
    items: &[PayoutItemId],
) -> Result<Vec<PayoutItemId>, sqlx::Error> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.uuid()).collect();
    sqlx::query_scalar!(
        r#"
        select payout_item_id as "payout_item_id: PayoutItemId"
        from billing.payout_items
        where practice_id = $1 and payout_item_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await
}

/// Those of the payments that are booked.
pub async fn booked_payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[PaymentId],
) -> Result<Vec<PaymentId>, sqlx::Error> {
    let ids: Vec<Uuid> = payments.iter().map(|payment| payment.uuid()).collect();
    sqlx::query_scalar!(
        r#"
        select payment_id as "payment_id: PaymentId"
        from billing.posted_payments
        where practice_id = $1 and payment_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await
}

/// The items of a payout with the entries that book them, in order.
pub async fn items(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    currency: Currency,
) -> Result<Vec<(Item, EntryId)>> {
    let rows = sqlx::query!(
        r#"
        select
            payout_item_id as "payout_item_id: PayoutItemId",
            kind,
            gross_minor,
            fee_minor,
            payment_id as "payment_id: PaymentId",
            refund_id as "refund_id: RefundId",
            dispute_movement_id as "dispute_movement_id: DisputeMovementId",
            client_id as "client_id: ClientId",
            entry_id as "entry_id: EntryId"
        from billing.payout_items
        where practice_id = $1 and payout_id = $2
        order by position
        "#,
        practice.uuid(),
        payout.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let item = Item {
                item: row.payout_item_id,
                kind: ItemKind::of(&row.kind).ok_or(Error::Stored("a kind of a payout's item"))?,
                gross: Money::from_minor(row.gross_minor, currency),
                fee: Money::from_minor(row.fee_minor, currency),
                payment: row.payment_id,
                refund: row.refund_id,
                movement: row.dispute_movement_id,
                client: row.client_id,
            };
            Ok((item, row.entry_id))
        })
        .collect()
}

/// Those of a payout's items that are booked as unmatched, with the entries that book them.
pub async fn unmatched(
    conn: &mut PgConnection,
    (practice, payout): (PracticeId, PayoutId),
    items: &[PayoutItemId],
) -> Result<BTreeMap<PayoutItemId, EntryId>, sqlx::Error> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select payout_item_id as "payout_item_id: PayoutItemId", entry_id as "entry_id: EntryId"
        from billing.payout_items
        where practice_id = $1 and payout_id = $2 and payout_item_id = any($3) and kind = $4
        "#,
        practice.uuid(),
        payout.uuid(),
        &ids,
        ItemKind::Other.name(),
    )
    .fetch_all(conn)
    .await?;
    let rows = rows
        .into_iter()
        .map(|row| (row.payout_item_id, row.entry_id));
    Ok(rows.collect())
}

/// It is known what items are: these entries book them now.
pub async fn update_matched(
    conn: &mut PgConnection,
    practice: PracticeId,
    items: &[(Item, EntryId)],
) -> Result<(), sqlx::Error> {
    let uuids = |of: fn(&Item) -> Option<Uuid>| -> Vec<Option<Uuid>> {
        items.iter().map(|(item, _)| of(item)).collect()
    };
    let ids: Vec<Uuid> = items.iter().map(|(item, _)| item.item.uuid()).collect();
    let kinds: Vec<String> = items
        .iter()
        .map(|(item, _)| item.kind.name().to_owned())
        .collect();
    let entries: Vec<Uuid> = items.iter().map(|(_, entry)| entry.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.payout_items item
        set
            kind = fresh.kind,
            payment_id = fresh.payment_id,
            refund_id = fresh.refund_id,
            dispute_movement_id = fresh.movement_id,
            client_id = fresh.client_id,
            entry_id = fresh.entry_id
        from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[])
            as fresh (id, kind, payment_id, refund_id, movement_id, client_id, entry_id)
        where item.practice_id = $1 and item.payout_item_id = fresh.id
        "#,
        practice.uuid(),
        &ids,
        &kinds,
        &uuids(|item| item.payment.map(PaymentId::uuid)) as &[Option<Uuid>],
        &uuids(|item| item.refund.map(RefundId::uuid)) as &[Option<Uuid>],
        &uuids(|item| item.movement.map(DisputeMovementId::uuid)) as &[Option<Uuid>],
        &uuids(|item| item.client.map(ClientId::uuid)) as &[Option<Uuid>],
        &entries,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Items were taken back by these entries.
pub async fn update_reversed(
    conn: &mut PgConnection,
    practice: PracticeId,
    reversed: &[(PayoutItemId, EntryId)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = reversed.iter().map(|(item, _)| item.uuid()).collect();
    let entries: Vec<Uuid> = reversed.iter().map(|(_, entry)| entry.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.payout_items item
        set reverse_entry_id = fresh.entry_id
        from unnest($2::uuid[], $3::uuid[]) as fresh (id, entry_id)
        where item.practice_id = $1 and item.payout_item_id = fresh.id
        "#,
        practice.uuid(),
        &ids,
        &entries,
    )
    .execute(conn)
    .await?;
    Ok(())
}
