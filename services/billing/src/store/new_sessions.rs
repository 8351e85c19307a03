//! How sessions come into being, many at a time.

use super::minors;
use crate::domain::session::{ServiceLine, Session};
use ids::{ClientId, ClinicianId, PracticeId};
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Which of these people the practice has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Of the clients asked for.
    pub clients: BTreeSet<ClientId>,
    /// Of the clinicians asked for.
    pub clinicians: BTreeSet<ClinicianId>,
}

/// Which of these people the practice has. Clients stay until the transaction ends: an import that brought them is not
/// undone meanwhile.
pub async fn known(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
    clinicians: &[ClinicianId],
) -> Result<Known, sqlx::Error> {
    let clients: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let clinicians: Vec<Uuid> = clinicians
        .iter()
        .map(|clinician| clinician.uuid())
        .collect();
    let row = sqlx::query!(
        r#"
        select
            array(
                select client_id
                from billing.clients
                where practice_id = $1 and client_id = any($2) and remove_time is null
                order by client_id
                for key share
            ) as "clients!",
            array(
                select clinician_id from billing.clinicians where practice_id = $1 and clinician_id = any($3)
            ) as "clinicians!"
        "#,
        practice.uuid(),
        &clients,
        &clinicians,
    )
    .fetch_one(conn)
    .await?;
    Ok(Known {
        clients: row.clients.into_iter().map(ClientId::from).collect(),
        clinicians: row.clinicians.into_iter().map(ClinicianId::from).collect(),
    })
}

/// Which of these external references sessions of the practice have already.
pub async fn taken_references(
    conn: &mut PgConnection,
    practice: PracticeId,
    references: &[String],
) -> Result<HashSet<String>, sqlx::Error> {
    let taken = sqlx::query_scalar!(
        r#"
        select external_reference as "external_reference!"
        from billing.sessions
        where practice_id = $1 and external_reference = any($2)
        "#,
        practice.uuid(),
        references,
    )
    .fetch_all(conn)
    .await?;
    Ok(taken.into_iter().collect())
}

/// Writes sessions with their lines, in one statement.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    sessions: &[Session],
) -> Result<(), sqlx::Error> {
    let row = Rows::of(sessions);
    let line = Lines::of(sessions);
    sqlx::query!(
        r#"
        with session as (
            insert into billing.sessions (
                practice_id, session_id, client_id, clinician_id, start_time, service_date, outcome,
                diagnosis_codes, place_of_service, external_reference, currency, total_minor, missed_fee_minor,
                create_time
            )
            select $1, fresh.session_id, fresh.client_id, fresh.clinician_id, fresh.start_time,
                fresh.service_date::date, fresh.outcome, string_to_array(fresh.diagnosis_codes, ' '),
                fresh.place_of_service, fresh.external_reference, fresh.currency, fresh.total,
                fresh.missed_fee, fresh.create_time
            from unnest(
                $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::bigint[], $13::timestamptz[], $21::bigint[]
            ) as fresh (
                session_id, client_id, clinician_id, start_time, service_date, outcome, diagnosis_codes,
                place_of_service, external_reference, currency, total, create_time, missed_fee
            )
        )
        insert into billing.session_lines (
            practice_id, session_id, line_number, service_code, description, modifiers, units, unit_price_minor
        )
        select $1, fresh.session_id, fresh.line_number, fresh.service_code, fresh.description,
            string_to_array(fresh.modifiers, ' '), fresh.units, fresh.unit_price
        from unnest(
            $14::uuid[], $15::integer[], $16::text[], $17::text[], $18::text[], $19::integer[], $20::bigint[]
        ) as fresh (session_id, line_number, service_code, description, modifiers, units, unit_price)
        "#,
        practice.uuid(),
        &row.ids,
        &row.clients,
        &row.clinicians,
        &row.start_times as &[jiff_sqlx::Timestamp],
        &row.service_dates,
        &row.outcomes,
        &row.diagnosis_codes,
        &row.places,
        &row.external_references as &[Option<String>],
        &row.currencies,
        &minors(sessions, |session| session.total),
        &row.create_times as &[jiff_sqlx::Timestamp],
        &line.sessions,
        &line.numbers,
        &line.codes,
        &line.descriptions,
        &line.modifiers,
        &line.units,
        &line.prices,
        &row.missed_fees as &[Option<i64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a session's lines, when it has none.
pub async fn insert_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    session: &Session,
) -> Result<(), sqlx::Error> {
    let line = Lines::of(std::slice::from_ref(session));
    sqlx::query!(
        r#"
        insert into billing.session_lines (
            practice_id, session_id, line_number, service_code, description, modifiers, units, unit_price_minor
        )
        select $1, fresh.session_id, fresh.line_number, fresh.service_code, fresh.description,
            string_to_array(fresh.modifiers, ' '), fresh.units, fresh.unit_price
        from unnest(
            $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::bigint[]
        ) as fresh (session_id, line_number, service_code, description, modifiers, units, unit_price)
        "#,
        practice.uuid(),
        &line.sessions,
        &line.numbers,
        &line.codes,
        &line.descriptions,
        &line.modifiers,
        &line.units,
        &line.prices,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Rows {
    ids: Vec<Uuid>,
    clients: Vec<Uuid>,
    clinicians: Vec<Uuid>,
    start_times: Vec<jiff_sqlx::Timestamp>,
    service_dates: Vec<String>,
    outcomes: Vec<String>,
    diagnosis_codes: Vec<String>,
    places: Vec<String>,
    external_references: Vec<Option<String>>,
    currencies: Vec<String>,
    create_times: Vec<jiff_sqlx::Timestamp>,
    missed_fees: Vec<Option<i64>>,
}

impl Rows {
    fn of(sessions: &[Session]) -> Self {
        let mut row = Self::default();
        for session in sessions {
            row.ids.push(session.session.uuid());
            row.clients.push(session.client.uuid());
            row.clinicians.push(session.clinician.uuid());
            row.start_times.push(session.start_time.to_sqlx());
            row.service_dates.push(session.service_date.to_string());
            row.outcomes.push(session.outcome.name().to_owned());
            row.diagnosis_codes.push(session.diagnosis_codes.join(" "));
            row.places.push(session.place_of_service.clone());
            row.external_references
                .push(session.external_reference.clone());
            row.currencies
                .push(session.total.currency().code().to_owned());
            row.create_times.push(session.create_time.to_sqlx());
            row.missed_fees.push(session.missed_fee.map(Money::minor));
        }
        row
    }
}

#[derive(Default)]
struct Lines {
    sessions: Vec<Uuid>,
    numbers: Vec<i32>,
    codes: Vec<String>,
    descriptions: Vec<String>,
    modifiers: Vec<String>,
    units: Vec<i32>,
    prices: Vec<i64>,
}

impl Lines {
    fn of(sessions: &[Session]) -> Self {
        let mut column = Self::default();
        for session in sessions {
            for line in &session.lines {
                column.add(session.session.uuid(), line);
            }
        }
        column
    }

    fn add(&mut self, session: Uuid, line: &ServiceLine) {
        self.sessions.push(session);
        self.numbers.push(line.number);
        self.codes.push(line.service_code.clone());
        self.descriptions.push(line.description.clone());
        self.modifiers.push(line.modifiers.join(" "));
        self.units.push(line.units);
        self.prices.push(line.unit_price.minor());
    }
}
