//! Charges that their payers are told of before. The row is locked by whoever moves it; what it was is kept.

use super::currency;
use crate::domain::upcoming::{Mover, Upcoming};
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

/// A charge to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpcomingCharge {
    /// Of which bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// What the payer was told.
    pub amount: Money,
    /// When, and of which day.
    pub told: Upcoming,
    /// The day that counts now.
    pub charge_date: Date,
}

/// What happened to a charge to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which bill.
    pub bill: BillId,
    /// Who moved it; none: its payer was told of it.
    pub mover: Option<Mover>,
    /// When.
    pub change_time: Timestamp,
    /// The caller's subject.
    pub changed_by: String,
    /// The day before; none for a notice.
    pub former_date: Option<Date>,
    /// The day from then on.
    pub charge_date: Date,
    /// What the payer was told.
    pub amount: Money,
    /// Why staff moved it.
    pub reason: String,
}

const fn kind(mover: Option<Mover>) -> &'static str {
    match mover {
        None => "noticed",
        Some(Mover::Payer) => "moved_by_payer",
        Some(Mover::Staff) => "moved_by_staff",
    }
}

/// Writes a notice: a new one takes the place of one for less.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    charge: &UpcomingCharge,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.upcoming_charges (
            practice_id, bill_id, client_id, currency, amount_minor, notice_time, initial_date, charge_date
        ) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict on constraint upcoming_charges_pkey do update
        set
            amount_minor = excluded.amount_minor,
            notice_time = excluded.notice_time,
            initial_date = excluded.initial_date,
            charge_date = excluded.charge_date,
            charge_time = null
        "#,
        practice.uuid(),
        charge.bill.uuid(),
        charge.client.uuid(),
        charge.amount.currency().code(),
        charge.amount.minor(),
        charge.told.notice_time.to_sqlx() as jiff_sqlx::Timestamp,
        charge.told.initial_date.to_sqlx() as jiff_sqlx::Date,
        charge.charge_date.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was announced was charged, or credit paid it: more is another charge, with a notice of its own.
pub async fn update_charged(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
    now: Timestamp,
) -> Result<()> {
    let bills: Vec<_> = bills.iter().map(|bill| bill.uuid()).collect();
    sqlx::query!(
        r#"
        update payments.upcoming_charges
        set charge_time = $3
        where practice_id = $1 and bill_id = any($2) and charge_time is null
        "#,
        practice.uuid(),
        &bills,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Has it come on another day. The caller holds its lock.
pub async fn update_date(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    charge_date: Date,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.upcoming_charges
        set charge_date = $3
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
        charge_date.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds to the history. The caller holds the charge's lock, or has just written it.
pub async fn insert_change(
    conn: &mut PgConnection,
    practice: PracticeId,
    change: &Change,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.upcoming_charge_changes (
            practice_id, bill_id, change_number, kind, change_time, changed_by, former_date, charge_date,
            amount_minor, reason
        )
        select $1, $2, count(*)::integer + 1, $3, $4, $5, $6, $7, $8, $9
        from payments.upcoming_charge_changes
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        change.bill.uuid(),
        kind(change.mover),
        change.change_time.to_sqlx() as jiff_sqlx::Timestamp,
        change.changed_by,
        change.former_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        change.charge_date.to_sqlx() as jiff_sqlx::Date,
        change.amount.minor(),
        change.reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks and reads the charge of a bill. Errors: UPCOMING_CHARGE_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<UpcomingCharge> {
    sqlx::query_scalar!(
        r#"
        select bill_id
        from payments.upcoming_charges
        where practice_id = $1 and bill_id = $2
        for update
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let found = find(conn, practice, bill).await?;
    found.ok_or(Error::Missing(Missing::UpcomingCharge(bill)))
}

/// The charge of a bill that is still owed, when its payer was told of one.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<UpcomingCharge>> {
    let found = read(conn, practice, (Some(bill), None), (None, 1)).await?;
    Ok(found.into_iter().next())
}

/// A place in the list: by day, then by bill.
pub type Place = (Date, BillId);

/// At most `limit` charges to come of bills that are owed, by day and bill, after a place; of one client, or of all.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: Option<ClientId>,
    page: (Option<Place>, i64),
) -> Result<Vec<UpcomingCharge>> {
    read(conn, practice, (None, client), page).await
}

async fn read(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, client): (Option<BillId>, Option<ClientId>),
    (after, limit): (Option<Place>, i64),
) -> Result<Vec<UpcomingCharge>> {
    let rows = sqlx::query!(
        r#"
        select
            charge.bill_id as "bill_id: BillId",
            charge.client_id as "client_id: ClientId",
            charge.currency,
            charge.amount_minor,
            charge.notice_time as "notice_time: jiff_sqlx::Timestamp",
            charge.initial_date as "initial_date: jiff_sqlx::Date",
            charge.charge_date as "charge_date: jiff_sqlx::Date"
        from payments.upcoming_charges charge
        join payments.bills bill
            on bill.practice_id = charge.practice_id and bill.bill_id = charge.bill_id
        where charge.practice_id = $1
            and charge.charge_time is null
            and bill.status = 'open'
            and bill.client_balance_minor > 0
            and ($2::uuid is null or charge.bill_id = $2)
            and ($3::uuid is null or charge.client_id = $3)
            and ($4::date is null or (charge.charge_date, charge.bill_id) > ($4, $5::uuid))
        order by charge.charge_date, charge.bill_id
        limit $6
        "#,
        practice.uuid(),
        bill.map(BillId::uuid),
        client.map(ClientId::uuid),
        after.map(|(date, _)| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        after.map(|(_, bill)| bill.uuid()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(UpcomingCharge {
                bill: row.bill_id,
                client: row.client_id,
                amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
                told: Upcoming {
                    notice_time: row.notice_time.to_jiff(),
                    initial_date: row.initial_date.to_jiff(),
                },
                charge_date: row.charge_date.to_jiff(),
            })
        })
        .collect()
}

/// What happened to charges of these bills, oldest first.
pub async fn list_changes(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<Change>> {
    let ids: Vec<_> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            change.bill_id as "bill_id: BillId",
            change.kind,
            change.change_time as "change_time: jiff_sqlx::Timestamp",
            change.changed_by,
            change.former_date as "former_date: jiff_sqlx::Date",
            change.charge_date as "charge_date: jiff_sqlx::Date",
            change.amount_minor,
            change.reason,
            charge.currency
        from payments.upcoming_charge_changes change
        join payments.upcoming_charges charge
            on charge.practice_id = change.practice_id and charge.bill_id = change.bill_id
        where change.practice_id = $1 and change.bill_id = any($2)
        order by change.bill_id, change.change_number
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let mover = match row.kind.as_str() {
                "noticed" => None,
                "moved_by_payer" => Some(Mover::Payer),
                "moved_by_staff" => Some(Mover::Staff),
                _unknown => return Err(Error::Stored("a kind of change")),
            };
            Ok(Change {
                bill: row.bill_id,
                mover,
                change_time: row.change_time.to_jiff(),
                changed_by: row.changed_by,
                former_date: row.former_date.map(jiff_sqlx::Date::to_jiff),
                charge_date: row.charge_date.to_jiff(),
                amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
                reason: row.reason,
            })
        })
        .collect()
}
