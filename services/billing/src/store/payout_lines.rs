//! For whom the money of payouts is.

use crate::domain::payout::{Item, ItemKind};
use crate::domain::payout_line::Line;
use crate::{Error, Result};
use ids::{
    BillId, ClientId, ClinicianId, DisputeMovementId, PaymentId, PayoutId, PayoutItemId,
    PracticeId, RefundId,
};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// What a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFilter {
    /// Only of this payout.
    pub payout: Option<PayoutId>,
    /// Only of those that arrived on this day or later.
    pub from: Option<Date>,
    /// Only of those that arrived on this day or earlier.
    pub to: Option<Date>,
}

/// An item of a payout that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidItem {
    /// Its payout.
    pub payout: PayoutId,
    /// When that arrived.
    pub arrival_date: Date,
    /// Its place in it.
    pub position: i32,
    /// What was paid out.
    pub item: Item,
}

/// Where a list goes on.
pub type Position = (Date, PayoutId, i32);

/// At most `limit` items of payouts that count, the latest arrival first, from after `after`.
pub async fn items(
    conn: &mut PgConnection,
    practice: PracticeId,
    (filter, currency): (LineFilter, Currency),
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<PaidItem>> {
    let rows = sqlx::query!(
        r#"
        select
            payout.payout_id as "payout_id: PayoutId",
            payout.arrival_date as "arrival_date: jiff_sqlx::Date",
            item.position,
            item.payout_item_id as "payout_item_id: PayoutItemId",
            item.kind,
            item.gross_minor,
            item.fee_minor,
            item.payment_id as "payment_id: PaymentId",
            item.refund_id as "refund_id: RefundId",
            item.dispute_movement_id as "dispute_movement_id: DisputeMovementId",
            item.client_id as "client_id: ClientId"
        from billing.payouts payout
        join billing.payout_items item
            on item.practice_id = payout.practice_id and item.payout_id = payout.payout_id
        where payout.practice_id = $1
            and payout.fail_date is null
            and ($2::uuid is null or payout.payout_id = $2)
            and ($3::date is null or payout.arrival_date >= $3)
            and ($4::date is null or payout.arrival_date <= $4)
            and (
                $5::date is null
                or (payout.arrival_date, payout.payout_id) < ($5, $6)
                or (payout.arrival_date = $5 and payout.payout_id = $6 and item.position > $7)
            )
        order by payout.arrival_date desc, payout.payout_id desc, item.position
        limit $8
        "#,
        practice.uuid(),
        filter.payout.map(PayoutId::uuid),
        filter.from.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        after.map(|(date, ..)| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        after.map(|(_, payout, _)| payout.uuid()),
        after.map(|(.., position)| position),
        limit,
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
            Ok(PaidItem {
                payout: row.payout_id,
                arrival_date: row.arrival_date.to_jiff(),
                position: row.position,
                item,
            })
        })
        .collect()
}

/// Where the money of items went, in order: to bills, and to credit where there is none; in minor units.
pub type Placements = HashMap<PayoutItemId, Vec<(Option<BillId>, i64)>>;

/// Of payments and disputes: where the payment went at first.
pub async fn of_payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    items: &[PayoutItemId],
) -> Result<Placements, sqlx::Error> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            item.payout_item_id as "payout_item_id!: PayoutItemId",
            part.bill_id as "bill_id?: BillId",
            part.amount_minor as "amount_minor!",
            part.position as "position!"
        from billing.payout_items item
        join billing.posted_allocations part
            on part.practice_id = item.practice_id and part.payment_id = item.payment_id
        where item.practice_id = $1 and item.payout_item_id = any($2) and item.kind in ('charge', 'dispute')
        union all
        select item.payout_item_id, null, payment.credited_minor, 1000000
        from billing.payout_items item
        join billing.posted_payments payment
            on payment.practice_id = item.practice_id and payment.payment_id = item.payment_id
        where item.practice_id = $1
            and item.payout_item_id = any($2)
            and item.kind in ('charge', 'dispute')
            and payment.credited_minor > 0
        order by 1, 4
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let mut placed = Placements::new();
    for row in rows {
        let of_item = placed.entry(row.payout_item_id).or_default();
        of_item.push((row.bill_id, row.amount_minor));
    }
    Ok(placed)
}

/// Of refunds, and of those that came back: which bills they opened, or paid again.
pub async fn of_refunds(
    conn: &mut PgConnection,
    practice: PracticeId,
    items: &[PayoutItemId],
) -> Result<Placements, sqlx::Error> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            item.payout_item_id as "payout_item_id: PayoutItemId",
            account.bill_id as "bill_id?: BillId",
            sum(transfer.amount_minor)::bigint as "amount_minor!"
        from billing.payout_items item
        join billing.posted_refunds refund
            on refund.practice_id = item.practice_id and refund.refund_id = item.refund_id
        join billing.transfers transfer
            on transfer.practice_id = item.practice_id
            and transfer.entry_id = case item.kind when 'refund' then refund.entry_id else refund.return_entry_id end
        join billing.accounts account
            on account.practice_id = item.practice_id
            and account.account_id = case item.kind
                when 'refund' then transfer.debit_account_id
                else transfer.credit_account_id
            end
        where item.practice_id = $1
            and item.payout_item_id = any($2)
            and item.kind in ('refund', 'refund_returned')
        group by item.payout_item_id, account.bill_id
        order by min(transfer.position)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let mut placed = Placements::new();
    for row in rows {
        let of_item = placed.entry(row.payout_item_id).or_default();
        of_item.push((row.bill_id, row.amount_minor));
    }
    Ok(placed)
}

/// A bill as far as its lines are clinicians'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderedBill {
    /// Its number.
    pub number: i64,
    /// In order.
    pub lines: Vec<Line>,
}

/// These bills with who rendered their lines, and the names of those.
pub async fn bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<(HashMap<BillId, RenderedBill>, HashMap<ClinicianId, String>), sqlx::Error> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            bill.bill_id as "bill_id: BillId",
            bill.number,
            clinician.clinician_id as "clinician_id?: ClinicianId",
            clinician.name as "name?",
            line.client_share_minor,
            line.price_minor
        from billing.bills bill
        join billing.bill_lines line
            on line.practice_id = bill.practice_id and line.bill_id = bill.bill_id
        left join billing.sessions session
            on session.practice_id = bill.practice_id and session.session_id = line.session_id
        left join billing.clinicians clinician
            on clinician.practice_id = bill.practice_id and clinician.clinician_id = session.clinician_id
        where bill.practice_id = $1 and bill.bill_id = any($2)
        order by bill.bill_id, line.line_number
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let (mut found, mut names) = (HashMap::new(), HashMap::new());
    for row in rows {
        let bill: &mut RenderedBill = found.entry(row.bill_id).or_default();
        bill.number = row.number;
        bill.lines.push(Line {
            clinician: row.clinician_id,
            client_share: row.client_share_minor,
            price: row.price_minor,
        });
        if let (Some(clinician), Some(name)) = (row.clinician_id, row.name) {
            names.insert(clinician, name);
        }
    }
    Ok((found, names))
}
