//! How a bill comes into being: its Invoice #, its row, its lines, and the session lines it takes.

use super::minors;
use crate::domain::bill::{Bill, Item, Line};
use crate::{Error, Result};
use ids::{BillId, PolicyId, PracticeId, Reference, SessionId};
use jiff_sqlx::ToSqlx as _;
use pg::OnConstraint as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// Takes an Invoice # for a bill; false when it is taken by another.
pub async fn claim_reference(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    reference: Reference,
) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query!(
        r#"
        insert into billing.bill_references (reference, practice_id, bill_id)
        values ($1, $2, $3)
        on conflict on constraint bill_references_pkey do nothing
        "#,
        reference as Reference,
        practice.uuid(),
        bill.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Writes a bill with its lines.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: &Bill,
    lines: &[Line],
) -> Result<()> {
    let (standing, face) = (&bill.standing, &bill.face);
    sqlx::query!(
        r#"
        insert into billing.bills (
            practice_id, bill_id, client_id, number, reference, policy_id, currency, issue_date, due_date,
            last_service_date, total_minor, client_owes_minor, insurance_owes_minor, client_balance_minor,
            insurance_balance_minor, comments, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        "#,
        practice.uuid(),
        standing.bill.uuid(),
        standing.client.uuid(),
        face.number,
        face.reference as Reference,
        standing.policy.map(PolicyId::uuid),
        face.total.currency().code(),
        face.issue_date.to_sqlx() as jiff_sqlx::Date,
        face.due_date.to_sqlx() as jiff_sqlx::Date,
        face.last_service_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        face.total.minor(),
        standing.client_owes.minor(),
        standing.insurance_owes.minor(),
        standing.client_balance.minor(),
        standing.insurance_balance.minor(),
        face.comments,
        face.create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, practice, standing.bill, lines).await?;
    claim_lines(conn, practice, standing.bill, lines).await
}

async fn insert_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    lines: &[Line],
) -> Result<(), sqlx::Error> {
    let column = Columns::of(lines);
    sqlx::query!(
        r#"
        insert into billing.bill_lines (
            practice_id, bill_id, line_number, session_id, session_line_number, service_code, description,
            modifiers, units, service_date, clinician_name, price_minor, client_share_minor,
            insurance_share_minor, fee_kind
        )
        select $1, $2, fresh.line_number, fresh.session_id, fresh.session_line_number, fresh.service_code,
            fresh.description, string_to_array(fresh.modifiers, ' '), fresh.units, fresh.service_date::date,
            fresh.clinician_name, fresh.price, fresh.client_share, fresh.insurance_share, fresh.fee_kind
        from unnest(
            $3::integer[], $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::integer[],
            $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[]
        ) as fresh (
            line_number, session_id, session_line_number, service_code, description, modifiers, units,
            service_date, clinician_name, price, client_share, insurance_share, fee_kind
        )
        "#,
        practice.uuid(),
        bill.uuid(),
        &column.numbers,
        &column.sessions as &[Option<Uuid>],
        &column.session_lines as &[Option<i32>],
        &column.codes,
        &column.descriptions,
        &column.modifiers,
        &column.units,
        &column.dates as &[Option<String>],
        &column.clinicians,
        &minors(lines, |line| line.price),
        &minors(lines, |line| line.shares.client),
        &minors(lines, |line| line.shares.insurance),
        &column.fee_kinds as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    numbers: Vec<i32>,
    sessions: Vec<Option<Uuid>>,
    session_lines: Vec<Option<i32>>,
    codes: Vec<String>,
    descriptions: Vec<String>,
    modifiers: Vec<String>,
    units: Vec<i32>,
    dates: Vec<Option<String>>,
    clinicians: Vec<String>,
    fee_kinds: Vec<Option<String>>,
}

impl Columns {
    fn of(lines: &[Line]) -> Self {
        let mut column = Self::default();
        for line in lines {
            column.numbers.push(line.number);
            column.descriptions.push(line.description.clone());
            column.units.push(line.units);
            column
                .fee_kinds
                .push(line.fee.map(|missed| missed.name().to_owned()));
            match &line.item {
                Item::Service {
                    session,
                    session_line,
                    code,
                    modifiers,
                    date,
                    clinician,
                } => {
                    column.sessions.push(Some(session.uuid()));
                    column.session_lines.push(Some(*session_line));
                    column.codes.push(code.clone());
                    column.modifiers.push(modifiers.join(" "));
                    column.dates.push(Some(date.to_string()));
                    column.clinicians.push(clinician.clone());
                }
                Item::Product => {
                    column.sessions.push(None);
                    column.session_lines.push(None);
                    column.codes.push(String::new());
                    column.modifiers.push(String::new());
                    column.dates.push(None);
                    column.clinicians.push(String::new());
                }
            }
        }
        column
    }
}

/// Takes the lines of sessions for the bill. The key is the rule: a line that another bill took is refused, also when
/// that bill came at the same moment.
async fn claim_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    lines: &[Line],
) -> Result<()> {
    let (mut sessions, mut numbers) = (Vec::new(), Vec::new());
    for line in lines {
        if let Item::Service {
            session,
            session_line,
            ..
        } = &line.item
        {
            sessions.push(session.uuid());
            numbers.push(*session_line);
        }
    }
    let Some(first) = sessions.first().copied() else {
        return Ok(());
    };
    sqlx::query!(
        r#"
        insert into billing.billed_lines (practice_id, session_id, line_number, bill_id)
        select $1, taken.session_id, taken.line_number, $2
        from unnest($3::uuid[], $4::integer[]) as taken (session_id, line_number)
        "#,
        practice.uuid(),
        bill.uuid(),
        &sessions,
        &numbers,
    )
    .execute(conn)
    .await
    .on_constraint("billed_lines_pkey", || {
        Error::SessionAlreadyBilled(SessionId::from(first))
    })?;
    Ok(())
}
