//! The history of the books, append-only. Its rows need no locks: nobody changes them.

use super::currency;
use crate::domain::account::{Account, AccountKind};
use crate::domain::entry::{Act, Entry, Transfer, Transfers};
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
                insurer_payment_id, adjustment_id, create_time
            )
            select $1, fresh.entry_id, fresh.kind, fresh.entry_date::date, fresh.client_id, fresh.bill_id,
                fresh.payment_id, fresh.refund_id, fresh.insurer_payment_id, fresh.adjustment_id, $2
            from unnest(
                $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[],
                $18::uuid[]
            ) as fresh (
                entry_id, kind, entry_date, client_id, bill_id, payment_id, refund_id, insurer_payment_id,
                adjustment_id
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
        &row.clients,
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
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    dates: Vec<String>,
    clients: Vec<Uuid>,
    bills: Vec<Option<Uuid>>,
    payments: Vec<Option<Uuid>>,
    refunds: Vec<Option<Uuid>>,
    insurer_payments: Vec<Option<Uuid>>,
    adjustments: Vec<Option<Uuid>>,
    transfer_ids: Vec<Uuid>,
    transfer_entries: Vec<Uuid>,
    positions: Vec<i32>,
    debits: Vec<Uuid>,
    credits: Vec<Uuid>,
    amounts: Vec<i64>,
    reversed: Vec<Option<Uuid>>,
}

impl Columns {
    fn of(practice: PracticeId, entries: &[Entry]) -> Self {
        let mut row = Self::default();
        for entry in entries {
            let subject = Subjects::of(entry.act);
            row.ids.push(entry.id.uuid());
            row.kinds.push(entry.act.name().to_owned());
            row.dates.push(entry.date.to_string());
            row.clients.push(entry.client.uuid());
            row.bills.push(entry.act.bill().map(BillId::uuid));
            row.payments.push(subject.payment);
            row.refunds.push(subject.refund);
            row.insurer_payments.push(subject.insurer_payment);
            row.adjustments.push(subject.adjustment);
            for (position, (id, transfer)) in (1..).zip(&entry.transfers) {
                row.transfer_ids.push(id.uuid());
                row.transfer_entries.push(entry.id.uuid());
                row.positions.push(position);
                row.debits.push(transfer.debit.id(practice).uuid());
                row.credits.push(transfer.credit.id(practice).uuid());
                row.amounts.push(transfer.amount.minor());
                row.reversed.push(transfer.reverses.map(TransferId::uuid));
            }
        }
        row
    }
}

/// What an entry is about besides its bill.
#[derive(Default)]
struct Subjects {
    payment: Option<Uuid>,
    refund: Option<Uuid>,
    insurer_payment: Option<Uuid>,
    adjustment: Option<Uuid>,
}

impl Subjects {
    fn of(act: Act) -> Self {
        let mut subject = Self::default();
        match act {
            Act::BillIssued(_)
            | Act::BillEdited(_)
            | Act::BillCancelled(_)
            | Act::CreditApplied(_)
            | Act::OpeningBalance(_)
            | Act::CreditBrought
            | Act::CreditTakenBack => {}
            Act::Payment(payment) => subject.payment = Some(payment.uuid()),
            Act::Refund(refund) => subject.refund = Some(refund.uuid()),
            Act::InsurerPayment(paid, _) => subject.insurer_payment = Some(paid.uuid()),
            Act::Adjusted(adjustment, _) | Act::AdjustmentReversed(adjustment, _) => {
                subject.adjustment = Some(adjustment.uuid());
            }
        }
        subject
    }
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
            client_id as "client_id!: ClientId",
            bill_id as "bill_id: BillId",
            payment_id as "payment_id: PaymentId",
            refund_id as "refund_id: RefundId",
            insurer_payment_id as "insurer_payment_id: InsurerPaymentId",
            adjustment_id as "adjustment_id: AdjustmentId"
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
            Ok(Entry {
                id: row.entry_id,
                act: act(&row.kind, row.bill_id, subjects, row.adjustment_id)?,
                date: row.entry_date.to_jiff(),
                client: row.client_id,
                transfers,
                movements: sums.movements()?,
            })
        })
        .collect()
}

/// The act of an entry by its kind and what it is about.
fn act(
    kind: &str,
    bill: Option<BillId>,
    subjects: (
        Option<PaymentId>,
        Option<RefundId>,
        Option<InsurerPaymentId>,
    ),
    adjustment: Option<AdjustmentId>,
) -> Result<Act> {
    Ok(match (kind, bill, subjects, adjustment) {
        ("bill_issued", Some(bill), ..) => Act::BillIssued(bill),
        ("bill_edited", Some(bill), ..) => Act::BillEdited(bill),
        ("bill_cancelled", Some(bill), ..) => Act::BillCancelled(bill),
        ("credit_applied", Some(bill), ..) => Act::CreditApplied(bill),
        ("opening_balance", Some(bill), ..) => Act::OpeningBalance(bill),
        ("credit_brought", ..) => Act::CreditBrought,
        ("credit_taken_back", ..) => Act::CreditTakenBack,
        ("insurer_payment", Some(bill), (_, _, Some(paid)), _) => Act::InsurerPayment(paid, bill),
        ("payment", _, (Some(payment), ..), _) => Act::Payment(payment),
        ("refund", _, (_, Some(refund), _), _) => Act::Refund(refund),
        ("adjustment", Some(bill), _, Some(adjustment)) => Act::Adjusted(adjustment, bill),
        ("adjustment_reversed", Some(bill), _, Some(adjustment)) => {
            Act::AdjustmentReversed(adjustment, bill)
        }
        _unknown => return Err(Error::Stored("an entry's kind")),
    })
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
