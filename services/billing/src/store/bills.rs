//! Bills. Every act on what is owed locks the bill's row first, bills in the order of their ids.

use super::sessions::missed;
use super::{currency, minors};
use crate::domain::bill::{Bill, Face, Item, Line, Standing};
use crate::domain::shares::Shares;
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, PolicyId, PracticeId, Reference, SessionId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `billing.bills`.
pub(super) struct Row {
    pub(super) bill_id: BillId,
    pub(super) client_id: ClientId,
    pub(super) policy_id: Option<PolicyId>,
    pub(super) number: i64,
    pub(super) reference: Reference,
    pub(super) currency: String,
    pub(super) issue_date: jiff_sqlx::Date,
    pub(super) due_date: jiff_sqlx::Date,
    pub(super) last_service_date: Option<jiff_sqlx::Date>,
    pub(super) total_minor: i64,
    pub(super) client_owes_minor: i64,
    pub(super) insurance_owes_minor: i64,
    pub(super) client_balance_minor: i64,
    pub(super) insurance_balance_minor: i64,
    pub(super) credit_applied_minor: i64,
    pub(super) comments: String,
    pub(super) revision: i64,
    pub(super) create_time: jiff_sqlx::Timestamp,
    pub(super) share_time: Option<jiff_sqlx::Timestamp>,
    pub(super) cancel_time: Option<jiff_sqlx::Timestamp>,
    pub(super) run_date: Option<jiff_sqlx::Date>,
}

/// The columns are written out in each query, since the macro wants them there; this reads them all the same.
impl Row {
    pub(super) fn into_bill(self) -> Result<Bill> {
        let currency = currency(&self.currency)?;
        let money = |minor| Money::from_minor(minor, currency);
        let standing = Standing {
            bill: self.bill_id,
            client: self.client_id,
            policy: self.policy_id,
            cancelled: self.cancel_time.is_some(),
            client_owes: money(self.client_owes_minor),
            insurance_owes: money(self.insurance_owes_minor),
            client_balance: money(self.client_balance_minor),
            insurance_balance: money(self.insurance_balance_minor),
            credit_applied: money(self.credit_applied_minor),
        };
        let face = Face {
            number: self.number,
            reference: self.reference,
            issue_date: self.issue_date.to_jiff(),
            due_date: self.due_date.to_jiff(),
            last_service_date: self.last_service_date.map(jiff_sqlx::Date::to_jiff),
            total: money(self.total_minor),
            comments: self.comments,
            revision: self.revision,
            create_time: self.create_time.to_jiff(),
            share_time: self.share_time.map(jiff_sqlx::Timestamp::to_jiff),
            cancel_time: self.cancel_time.map(jiff_sqlx::Timestamp::to_jiff),
            run_date: self.run_date.map(jiff_sqlx::Date::to_jiff),
        };
        Ok(Bill { standing, face })
    }
}

/// Locks the bills that exist of these, in the order of their ids, and reads them.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<Bill>> {
    if bills.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill_id: BillId",
            client_id as "client_id: ClientId",
            policy_id as "policy_id: PolicyId",
            number,
            reference as "reference: Reference",
            currency,
            issue_date as "issue_date: jiff_sqlx::Date",
            due_date as "due_date: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            total_minor,
            client_owes_minor,
            insurance_owes_minor,
            client_balance_minor,
            insurance_balance_minor,
            credit_applied_minor,
            comments,
            revision,
            create_time as "create_time: jiff_sqlx::Timestamp",
            share_time as "share_time: jiff_sqlx::Timestamp",
            cancel_time as "cancel_time: jiff_sqlx::Timestamp",
            run_date as "run_date: jiff_sqlx::Date"
        from billing.bills
        where practice_id = $1 and bill_id = any($2)
        order by bill_id
        for no key update
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_bill).collect()
}

/// Errors: BILL_NOT_FOUND.
pub async fn lock_one(conn: &mut PgConnection, practice: PracticeId, bill: BillId) -> Result<Bill> {
    lock(conn, practice, &[bill])
        .await?
        .pop()
        .ok_or(Error::Missing(Missing::Bill(bill)))
}

/// A bill without its lines. Errors: BILL_NOT_FOUND.
pub async fn get(conn: &mut PgConnection, practice: PracticeId, bill: BillId) -> Result<Bill> {
    sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill_id: BillId",
            client_id as "client_id: ClientId",
            policy_id as "policy_id: PolicyId",
            number,
            reference as "reference: Reference",
            currency,
            issue_date as "issue_date: jiff_sqlx::Date",
            due_date as "due_date: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            total_minor,
            client_owes_minor,
            insurance_owes_minor,
            client_balance_minor,
            insurance_balance_minor,
            credit_applied_minor,
            comments,
            revision,
            create_time as "create_time: jiff_sqlx::Timestamp",
            share_time as "share_time: jiff_sqlx::Timestamp",
            cancel_time as "cancel_time: jiff_sqlx::Timestamp",
            run_date as "run_date: jiff_sqlx::Date"
        from billing.bills
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Bill(bill)))?
    .into_bill()
}

/// The client's bills that are paid from credit, oldest first: where used credit can be taken back from.
pub async fn paid_from_credit(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Vec<BillId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select bill_id as "bill_id: BillId"
        from billing.bills
        where practice_id = $1 and client_id = $2 and credit_applied_minor > 0
        order by number
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// In order. Amounts are in the bill's currency.
pub async fn lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    currency: Currency,
) -> Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"
        select
            line_number,
            session_id as "session_id: SessionId",
            session_line_number,
            service_code,
            description,
            modifiers,
            units,
            service_date as "service_date: jiff_sqlx::Date",
            clinician_name,
            brought_date as "brought_date: jiff_sqlx::Date",
            former_number,
            price_minor,
            client_share_minor,
            insurance_share_minor,
            fee_kind
        from billing.bill_lines
        where practice_id = $1 and bill_id = $2
        order by line_number
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let money = |minor| Money::from_minor(minor, currency);
    rows.into_iter()
        .map(|row| {
            let item = match (row.session_id, row.session_line_number, row.service_date) {
                (Some(session), Some(session_line), Some(date)) => Item::Service {
                    session,
                    session_line,
                    code: row.service_code,
                    modifiers: row.modifiers,
                    date: date.to_jiff(),
                    clinician: row.clinician_name,
                },
                (None, None, None) => match row.brought_date {
                    Some(date) => Item::Brought {
                        date: date.to_jiff(),
                        former_number: row.former_number,
                    },
                    None => Item::Product,
                },
                _half => return Err(Error::Stored("a bill's line with half a session")),
            };
            Ok(Line {
                number: row.line_number,
                item,
                description: row.description,
                units: row.units,
                price: money(row.price_minor),
                shares: Shares {
                    client: money(row.client_share_minor),
                    insurance: money(row.insurance_share_minor),
                },
                fee: row.fee_kind.as_deref().map(missed).transpose()?,
            })
        })
        .collect()
}

/// Writes what is owed on bills that are locked, and counts their revision.
pub async fn update_standings(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[Standing],
) -> Result<(), sqlx::Error> {
    if bills.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.bill.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.bills bill
        set
            client_owes_minor = fresh.client_owes,
            insurance_owes_minor = fresh.insurance_owes,
            client_balance_minor = fresh.client_balance,
            insurance_balance_minor = fresh.insurance_balance,
            credit_applied_minor = fresh.credit_applied,
            revision = bill.revision + 1
        from unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
            as fresh (bill_id, client_owes, insurance_owes, client_balance, insurance_balance, credit_applied)
        where bill.practice_id = $1 and bill.bill_id = fresh.bill_id
        "#,
        practice.uuid(),
        &ids,
        &minors(bills, |bill| bill.client_owes),
        &minors(bills, |bill| bill.insurance_owes),
        &minors(bills, |bill| bill.client_balance),
        &minors(bills, |bill| bill.insurance_balance),
        &minors(bills, |bill| bill.credit_applied),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a locked bill was cancelled, and gives its sessions free.
pub async fn update_cancelled(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    (now, reason): (Timestamp, &str),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with freed as (
            delete from billing.billed_lines where practice_id = $1 and bill_id = $2
        )
        update billing.bills
        set cancel_time = $3, cancel_reason = $4
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a locked bill anew as it was edited, without its lines, which are taken off it.
pub async fn update_edited(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: &Bill,
) -> Result<(), sqlx::Error> {
    let (standing, face) = (&bill.standing, &bill.face);
    sqlx::query!(
        r#"
        with line as (
            delete from billing.bill_lines where practice_id = $1 and bill_id = $2
        ), freed as (
            delete from billing.billed_lines where practice_id = $1 and bill_id = $2
        )
        update billing.bills
        set
            policy_id = $3,
            due_date = $4,
            last_service_date = $5,
            total_minor = $6,
            client_owes_minor = $7,
            insurance_owes_minor = $8,
            client_balance_minor = $7,
            insurance_balance_minor = $8,
            comments = $9,
            revision = revision + 1
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        standing.bill.uuid(),
        standing.policy.map(PolicyId::uuid),
        face.due_date.to_sqlx() as jiff_sqlx::Date,
        face.last_service_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        face.total.minor(),
        standing.client_owes.minor(),
        standing.insurance_owes.minor(),
        face.comments,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a locked bill says besides what is owed on it.
pub async fn update_terms(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: &Bill,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.bills
        set due_date = $3, comments = $4, revision = revision + 1
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.id().uuid(),
        bill.face.due_date.to_sqlx() as jiff_sqlx::Date,
        bill.face.comments,
    )
    .execute(conn)
    .await?;
    Ok(())
}
