//! How a bill comes into being: its Invoice #, its row, its lines, and the session lines it takes.

use super::minors;
use crate::domain::bill::{Bill, Item, Line};
use crate::{Error, Result};
use ids::{BillId, PolicyId, PracticeId, Reference, SessionId};
use jiff_sqlx::ToSqlx as _;
use pg::OnConstraint as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// A bill with its lines, to be written.
pub type NewBill = (Bill, Vec<Line>);

/// Takes an Invoice # for each bill; answers the bills that got theirs, the others' numbers are taken.
pub async fn claim_references(
    conn: &mut PgConnection,
    practice: PracticeId,
    wanted: &[(BillId, Reference)],
) -> Result<Vec<BillId>, sqlx::Error> {
    let bills: Vec<Uuid> = wanted.iter().map(|(bill, _)| bill.uuid()).collect();
    let references: Vec<String> = wanted
        .iter()
        .map(|(_, reference)| reference.symbols())
        .collect();
    sqlx::query_scalar!(
        r#"
        insert into billing.bill_references (reference, practice_id, bill_id)
        select wanted.reference, $1, wanted.bill_id
        from unnest($2::text[], $3::uuid[]) as wanted (reference, bill_id)
        order by wanted.reference
        on conflict on constraint bill_references_pkey do nothing
        returning bill_id as "bill_id: BillId"
        "#,
        practice.uuid(),
        &references,
        &bills,
    )
    .fetch_all(conn)
    .await
}

/// Writes bills with their lines, and takes the lines of their sessions.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[NewBill],
) -> Result<()> {
    let row = Faces::of(bills);
    let money = |amount: fn(&Bill) -> money::Money| minors(bills, |(bill, _)| amount(bill));
    sqlx::query!(
        r#"
        insert into billing.bills (
            practice_id, bill_id, client_id, number, reference, policy_id, currency, issue_date, due_date,
            last_service_date, total_minor, client_owes_minor, insurance_owes_minor, client_balance_minor,
            insurance_balance_minor, comments, create_time, run_date
        )
        select $1, fresh.bill_id, fresh.client_id, fresh.number, fresh.reference, fresh.policy_id,
            fresh.currency, fresh.issue_date::date, fresh.due_date::date, fresh.last_service_date::date,
            fresh.total, fresh.client_owes, fresh.insurance_owes, fresh.client_balance,
            fresh.insurance_balance, fresh.comments, fresh.create_time, fresh.run_date::date
        from unnest(
            $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[],
            $17::timestamptz[], $18::text[]
        ) as fresh (
            bill_id, client_id, number, reference, policy_id, currency, issue_date, due_date, last_service_date,
            total, client_owes, insurance_owes, client_balance, insurance_balance, comments, create_time, run_date
        )
        "#,
        practice.uuid(),
        &row.ids,
        &row.clients,
        &row.numbers,
        &row.references,
        &row.policies as &[Option<Uuid>],
        &row.currencies,
        &row.issue_dates,
        &row.due_dates,
        &row.last_service_dates as &[Option<String>],
        &money(|bill| bill.face.total),
        &money(|bill| bill.standing.client_owes),
        &money(|bill| bill.standing.insurance_owes),
        &money(|bill| bill.standing.client_balance),
        &money(|bill| bill.standing.insurance_balance),
        &row.comments,
        &row.create_times as &[jiff_sqlx::Timestamp],
        &row.run_dates as &[Option<String>],
    )
    .execute(&mut *conn)
    .await?;
    let lines: Vec<(BillId, &[Line])> = bills
        .iter()
        .map(|(bill, lines)| (bill.id(), lines.as_slice()))
        .collect();
    insert_lines(conn, practice, &lines).await
}

#[derive(Default)]
struct Faces {
    ids: Vec<Uuid>,
    clients: Vec<Uuid>,
    numbers: Vec<i64>,
    references: Vec<String>,
    policies: Vec<Option<Uuid>>,
    currencies: Vec<String>,
    issue_dates: Vec<String>,
    due_dates: Vec<String>,
    last_service_dates: Vec<Option<String>>,
    comments: Vec<String>,
    create_times: Vec<jiff_sqlx::Timestamp>,
    run_dates: Vec<Option<String>>,
}

impl Faces {
    fn of(bills: &[NewBill]) -> Self {
        let mut row = Self::default();
        for (Bill { standing, face }, _) in bills {
            let last_service_date = face.last_service_date.map(|date| date.to_string());
            row.ids.push(standing.bill.uuid());
            row.clients.push(standing.client.uuid());
            row.numbers.push(face.number);
            row.references.push(face.reference.symbols());
            row.policies.push(standing.policy.map(PolicyId::uuid));
            row.currencies.push(face.total.currency().code().to_owned());
            row.issue_dates.push(face.issue_date.to_string());
            row.due_dates.push(face.due_date.to_string());
            row.last_service_dates.push(last_service_date);
            row.comments.push(face.comments.clone());
            row.create_times.push(face.create_time.to_sqlx());
            row.run_dates
                .push(face.run_date.map(|date| date.to_string()));
        }
        row
    }
}

/// Writes the lines of bills that have none, and takes the lines of their sessions.
pub async fn insert_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[(BillId, &[Line])],
) -> Result<()> {
    let column = Columns::of(bills);
    let lines: Vec<&Line> = bills.iter().flat_map(|(_, lines)| lines.iter()).collect();
    sqlx::query!(
        r#"
        insert into billing.bill_lines (
            practice_id, bill_id, line_number, session_id, session_line_number, service_code, description,
            modifiers, units, service_date, clinician_name, price_minor, client_share_minor,
            insurance_share_minor, fee_kind, brought_date, former_number
        )
        select $1, fresh.bill_id, fresh.line_number, fresh.session_id, fresh.session_line_number,
            fresh.service_code, fresh.description, string_to_array(fresh.modifiers, ' '), fresh.units,
            fresh.service_date::date, fresh.clinician_name, fresh.price, fresh.client_share,
            fresh.insurance_share, fresh.fee_kind, fresh.brought_date::date, fresh.former_number
        from unnest(
            $2::uuid[], $3::integer[], $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::integer[],
            $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::text[], $17::text[]
        ) as fresh (
            bill_id, line_number, session_id, session_line_number, service_code, description, modifiers, units,
            service_date, clinician_name, price, client_share, insurance_share, fee_kind, brought_date, former_number
        )
        "#,
        practice.uuid(),
        &column.bills,
        &column.numbers,
        &column.sessions as &[Option<Uuid>],
        &column.session_lines as &[Option<i32>],
        &column.codes,
        &column.descriptions,
        &column.modifiers,
        &column.units,
        &column.dates as &[Option<String>],
        &column.clinicians,
        &minors(&lines, |line| line.price),
        &minors(&lines, |line| line.shares.client),
        &minors(&lines, |line| line.shares.insurance),
        &column.fee_kinds as &[Option<String>],
        &column.brought_dates as &[Option<String>],
        &column.former_numbers as &[Option<String>],
    )
    .execute(&mut *conn)
    .await?;
    claim_lines(conn, practice, &column).await
}

#[derive(Default)]
struct Columns {
    bills: Vec<Uuid>,
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
    brought_dates: Vec<Option<String>>,
    former_numbers: Vec<Option<String>>,
}

impl Columns {
    fn of(bills: &[(BillId, &[Line])]) -> Self {
        let mut column = Self::default();
        let lines = bills
            .iter()
            .flat_map(|(bill, lines)| lines.iter().map(move |line| (*bill, line)));
        for (bill, line) in lines {
            column.bills.push(bill.uuid());
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
                    column.brought((None, None));
                }
                Item::Product => {
                    column.no_service();
                    column.brought((None, None));
                }
                Item::Brought {
                    date,
                    former_number,
                } => {
                    column.no_service();
                    column.brought((Some(date.to_string()), former_number.clone()));
                }
            }
        }
        column
    }

    fn no_service(&mut self) {
        self.sessions.push(None);
        self.session_lines.push(None);
        self.codes.push(String::new());
        self.modifiers.push(String::new());
        self.dates.push(None);
        self.clinicians.push(String::new());
    }

    fn brought(&mut self, (date, former_number): (Option<String>, Option<String>)) {
        self.brought_dates.push(date);
        self.former_numbers.push(former_number);
    }
}

/// Takes the lines of sessions for their bills. The key is the rule: a line that another bill took is refused, also when
/// that bill came at the same moment.
async fn claim_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    column: &Columns,
) -> Result<()> {
    let Some(first) = column.sessions.iter().flatten().next().copied() else {
        return Ok(());
    };
    sqlx::query!(
        r#"
        insert into billing.billed_lines (practice_id, session_id, line_number, bill_id)
        select $1, taken.session_id, taken.line_number, taken.bill_id
        from unnest($2::uuid[], $3::integer[], $4::uuid[]) as taken (session_id, line_number, bill_id)
        where taken.session_id is not null
        order by taken.session_id, taken.line_number
        "#,
        practice.uuid(),
        &column.sessions as &[Option<Uuid>],
        &column.session_lines as &[Option<i32>],
        &column.bills,
    )
    .execute(conn)
    .await
    .on_constraint("billed_lines_pkey", || {
        Error::SessionAlreadyBilled(SessionId::from(first))
    })?;
    Ok(())
}
