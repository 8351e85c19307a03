//! The history of the books, append-only. Its rows need no locks: nobody changes them.

use super::currency;
use super::entry_columns::{Columns, act};
use crate::domain::account::{Account, AccountKind};
use crate::domain::entry::{Entry, Transfer, Transfers};
use crate::{Error, Result};
use ids::{
    AdjustmentId, BillId, ClientId, EntryId, InsurerPaymentId, PaymentId, PolicyId, PracticeId,
    RefundId, TransferId,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Writes entries with their transfers, in one statement. The balances follow by `accounts::move_balances`.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    entries: &[Entry],
) -> Result<(), sqlx::Error> {
    let row = Columns::of(practice, entries);
    sqlx::query!(
        r#"
        with entry as (
            insert into billing.entries (
                practice_id, entry_id, kind, entry_date, client_id, bill_id, payment_id, refund_id,
                insurer_payment_id, adjustment_id, subject_id, create_time
            )
            select $1, fresh.entry_id, fresh.kind, fresh.entry_date::date, fresh.client_id, fresh.bill_id,
                fresh.payment_id, fresh.refund_id, fresh.insurer_payment_id, fresh.adjustment_id, fresh.subject_id,
                $2
            from unnest(
                $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[],
                $18::uuid[], $19::uuid[]
            ) as fresh (
                entry_id, kind, entry_date, client_id, bill_id, payment_id, refund_id, insurer_payment_id,
                adjustment_id, subject_id
            )
        )
        insert into billing.transfers (
            practice_id, transfer_id, entry_id, position, debit_account_id, credit_account_id, amount_minor,
            reversed_transfer_id
        )
        select $1, fresh.transfer_id, fresh.entry_id, fresh.position, fresh.debit_account_id,
            fresh.credit_account_id, fresh.amount_minor, fresh.reversed_transfer_id
        from unnest(
            $11::uuid[], $12::uuid[], $13::integer[], $14::uuid[], $15::uuid[], $16::bigint[], $17::uuid[]
        ) as fresh (
            transfer_id, entry_id, position, debit_account_id, credit_account_id, amount_minor,
            reversed_transfer_id
        )
        "#,
        practice.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &row.ids,
        &row.kinds,
        &row.dates,
        &row.clients as &[Option<Uuid>],
        &row.bills as &[Option<Uuid>],
        &row.payments as &[Option<Uuid>],
        &row.refunds as &[Option<Uuid>],
        &row.insurer_payments as &[Option<Uuid>],
        &row.transfer_ids,
        &row.transfer_entries,
        &row.positions,
        &row.debits,
        &row.credits,
        &row.amounts,
        &row.reversed as &[Option<Uuid>],
        &row.adjustments as &[Option<Uuid>],
        &row.subjects as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An entry that was written. Errors: `Stored` when it is not there, since only our own rows name entries.
pub async fn get(conn: &mut PgConnection, practice: PracticeId, entry: EntryId) -> Result<Entry> {
    list(conn, practice, &[entry])
        .await?
        .pop()
        .ok_or(Error::Stored("an entry that is not there"))
}

/// Those of the entries that were written.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    entries: &[EntryId],
) -> Result<Vec<Entry>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            entry_id as "entry_id: EntryId",
            kind,
            entry_date as "entry_date: jiff_sqlx::Date",
            client_id as "client_id: ClientId",
            bill_id as "bill_id: BillId",
            payment_id as "payment_id: PaymentId",
            refund_id as "refund_id: RefundId",
            insurer_payment_id as "insurer_payment_id: InsurerPaymentId",
            adjustment_id as "adjustment_id: AdjustmentId",
            subject_id
        from billing.entries
        where practice_id = $1 and entry_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut transfers = transfers_of_each(conn, practice, entries).await?;
    rows.into_iter()
        .map(|row| {
            let transfers = transfers.remove(&row.entry_id).unwrap_or_default();
            let mut sums = Transfers::new();
            for (_, transfer) in &transfers {
                sums.post(transfer.debit, transfer.credit, transfer.amount);
            }
            let subjects = (row.payment_id, row.refund_id, row.insurer_payment_id);
            let about = (row.adjustment_id, row.subject_id);
            Ok(Entry {
                id: row.entry_id,
                act: act(&row.kind, row.bill_id, subjects, about)?,
                date: row.entry_date.to_jiff(),
                client: row.client_id,
                transfers,
                movements: sums.movements()?,
            })
        })
        .collect()
}

/// The transfers of what a bill says that count: of its issue or last edit, and of its adjustments.
pub async fn live_transfers_of_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Vec<(TransferId, Transfer)>> {
    let entries = sqlx::query_scalar!(
        r#"
        select entry_id as "entry_id: EntryId"
        from billing.entries
        where practice_id = $1
            and bill_id = $2
            and kind in ('bill_issued', 'opening_balance', 'bill_edited', 'adjustment')
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    unreversed(conn, practice, &entries).await
}

/// The transfers of one entry that count.
pub async fn live_transfers_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    entry: EntryId,
) -> Result<Vec<(TransferId, Transfer)>> {
    unreversed(conn, practice, &[entry]).await
}

/// A transfer that reverses another, or is reversed, no longer counts.
async fn unreversed(
    conn: &mut PgConnection,
    practice: PracticeId,
    entries: &[EntryId],
) -> Result<Vec<(TransferId, Transfer)>> {
    let transfers = transfers_of(conn, practice, entries).await?;
    let ids: Vec<Uuid> = transfers.iter().map(|(id, _)| id.uuid()).collect();
    let reversed = sqlx::query_scalar!(
        r#"
        select reversed_transfer_id as "reversed!: TransferId"
        from billing.transfers
        where practice_id = $1 and reversed_transfer_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let counts = |id: TransferId, transfer: &Transfer| {
        transfer.reverses.is_none() && !reversed.contains(&id)
    };
    Ok(transfers
        .into_iter()
        .filter(|(id, transfer)| counts(*id, transfer))
        .collect())
}

/// The entries that brought these bills from a former system.
pub async fn opening_balances(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<(BillId, EntryId)>, sqlx::Error> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select bill_id as "bill_id!: BillId", entry_id as "entry_id: EntryId"
        from billing.entries
        where practice_id = $1 and bill_id = any($2) and kind = 'opening_balance'
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.bill_id, row.entry_id))
        .collect())
}

async fn transfers_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    entries: &[EntryId],
) -> Result<Vec<(TransferId, Transfer)>> {
    let of_each = transfers_of_each(conn, practice, entries).await?;
    Ok(of_each.into_values().flatten().collect())
}

/// The transfers of entries, in order.
pub async fn transfers_of_each(
    conn: &mut PgConnection,
    practice: PracticeId,
    entries: &[EntryId],
) -> Result<BTreeMap<EntryId, Vec<(TransferId, Transfer)>>> {
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            transfer.entry_id as "entry_id: EntryId",
            transfer.transfer_id as "transfer_id: TransferId",
            transfer.amount_minor,
            transfer.reversed_transfer_id as "reversed: TransferId",
            debit.currency,
            debit.kind as debit_kind,
            debit.bill_id as "debit_bill: BillId",
            debit.client_id as "debit_client: ClientId",
            debit.policy_id as "debit_policy: PolicyId",
            credit.kind as credit_kind,
            credit.bill_id as "credit_bill: BillId",
            credit.client_id as "credit_client: ClientId",
            credit.policy_id as "credit_policy: PolicyId"
        from billing.transfers transfer
        join billing.accounts debit
            on debit.practice_id = transfer.practice_id and debit.account_id = transfer.debit_account_id
        join billing.accounts credit
            on credit.practice_id = transfer.practice_id and credit.account_id = transfer.credit_account_id
        where transfer.practice_id = $1 and transfer.entry_id = any($2)
        order by transfer.entry_id, transfer.position
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let kind = |name: &str| AccountKind::of(name).ok_or(Error::Stored("an account's kind"));
    let mut of_each: BTreeMap<EntryId, Vec<(TransferId, Transfer)>> = BTreeMap::new();
    for row in rows {
        let (debit, credit) = (kind(&row.debit_kind)?, kind(&row.credit_kind)?);
        let transfer = Transfer {
            debit: Account {
                kind: debit,
                bill: row.debit_bill,
                client: row.debit_client,
                policy: row.debit_policy,
            },
            credit: Account {
                kind: credit,
                bill: row.credit_bill,
                client: row.credit_client,
                policy: row.credit_policy,
            },
            amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
            reverses: row.reversed,
        };
        let of_entry = of_each.entry(row.entry_id).or_default();
        of_entry.push((row.transfer_id, transfer));
    }
    Ok(of_each)
}
