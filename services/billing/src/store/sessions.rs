use super::currency;
use crate::domain::adjustment::{AdjustmentReason, Waiver};
use crate::domain::bill::Revenue;
use crate::domain::missed::Missed;
use crate::domain::session::Outcome;
use crate::{Error, Result};
use ids::{BillId, ClientId, PracticeId, SessionId};
use jiff::civil::Date;
use money::Money;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// A session as its bill needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct BillableSession {
    /// The session.
    pub session: SessionId,
    /// Whose.
    pub client: ClientId,
    /// It has something to bill.
    pub billable: bool,
    /// It is on a live bill.
    pub billed: bool,
    /// The client missed it: its one line is the fee.
    pub missed: Option<Missed>,
    /// The client need not pay for it.
    pub waiver: Option<Waiver>,
    /// Local day.
    pub service_date: Date,
    /// As printed.
    pub clinician_name: String,
    /// In order.
    pub lines: Vec<BillableLine>,
}

impl BillableSession {
    /// Service, or the fee for one that did not take place.
    #[must_use]
    pub const fn revenue(&self) -> Revenue {
        match self.missed {
            Some(Missed::NoShow | Missed::LateCancellation) => Revenue::Fee,
            None => Revenue::Service,
        }
    }
}

/// A line of a session as its bill needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct BillableLine {
    /// From 1.
    pub number: i32,
    /// CPT, HCPCS or own.
    pub service_code: String,
    /// In words.
    pub description: String,
    /// Of the code.
    pub modifiers: Vec<String>,
    /// From 1.
    pub units: i32,
    /// Of one unit.
    pub unit_price: Money,
}

/// Locks the clients' sessions, by id, and reads them with their lines. What is not theirs is not among them; what is on
/// the bill `anew`, which is edited, counts as free.
pub async fn lock_to_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
    (sessions, anew): (&[SessionId], Option<BillId>),
) -> Result<BTreeMap<SessionId, BillableSession>> {
    let ids: Vec<_> = sessions.iter().map(|session| session.uuid()).collect();
    let owners: Vec<_> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            session.session_id as "session_id: SessionId",
            session.client_id as "client_id: ClientId",
            session.billable,
            session.outcome,
            session.currency,
            session.total_minor,
            session.waive_reason,
            session.waive_text,
            session.service_date as "service_date: jiff_sqlx::Date"
        from billing.sessions session
        where session.practice_id = $1 and session.client_id = any($2) and session.session_id = any($3)
        order by session.session_id
        for no key update
        "#,
        practice.uuid(),
        &owners,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found = by_id(rows)?;
    // A statement of its own: what another bill took, or a correction wrote, while this one waited for the lock is seen
    // only by now.
    add_lines(conn, practice, (&ids, anew), &mut found).await?;
    Ok(found)
}

/// Reads the clients' sessions with their lines as they would be billed, without locking them.
pub async fn to_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
    sessions: &[SessionId],
) -> Result<BTreeMap<SessionId, BillableSession>> {
    let ids: Vec<_> = sessions.iter().map(|session| session.uuid()).collect();
    let owners: Vec<_> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            session.session_id as "session_id: SessionId",
            session.client_id as "client_id: ClientId",
            session.billable,
            session.outcome,
            session.currency,
            session.total_minor,
            session.waive_reason,
            session.waive_text,
            session.service_date as "service_date: jiff_sqlx::Date"
        from billing.sessions session
        where session.practice_id = $1 and session.client_id = any($2) and session.session_id = any($3)
        "#,
        practice.uuid(),
        &owners,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found = by_id(rows)?;
    add_lines(conn, practice, (&ids, None), &mut found).await?;
    Ok(found)
}

struct Row {
    session_id: SessionId,
    client_id: ClientId,
    billable: bool,
    outcome: String,
    currency: String,
    total_minor: i64,
    waive_reason: Option<String>,
    waive_text: Option<String>,
    service_date: jiff_sqlx::Date,
}

/// Sessions without lines, but for the fee of one that was missed.
fn by_id(rows: Vec<Row>) -> Result<BTreeMap<SessionId, BillableSession>> {
    let mut found = BTreeMap::new();
    for row in rows {
        let outcome = Outcome::of(&row.outcome).ok_or(Error::Stored("a session's outcome"))?;
        let missed = Missed::of(outcome);
        let fee = Money::from_minor(row.total_minor, currency(&row.currency)?);
        let session = BillableSession {
            session: row.session_id,
            client: row.client_id,
            billable: row.billable,
            billed: false,
            missed,
            waiver: waiver(row.waive_reason, row.waive_text)?,
            service_date: row.service_date.to_jiff(),
            clinician_name: String::new(),
            lines: missed
                .map(|missed| fee_line(missed, fee))
                .into_iter()
                .collect(),
        };
        found.insert(row.session_id, session);
    }
    Ok(found)
}

async fn add_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    (ids, anew): (&[uuid::Uuid], Option<BillId>),
    found: &mut BTreeMap<SessionId, BillableSession>,
) -> Result<()> {
    let rows = sqlx::query!(
        r#"
        select
            line.session_id as "session_id: SessionId",
            line.line_number,
            line.service_code,
            line.description,
            line.modifiers,
            line.units,
            line.unit_price_minor,
            session.currency,
            clinician.name as clinician_name,
            (billed.bill_id is not null and billed.bill_id is distinct from $3) as "billed!"
        from billing.session_lines line
        join billing.sessions session
            on session.practice_id = line.practice_id and session.session_id = line.session_id
        join billing.clinicians clinician
            on clinician.practice_id = session.practice_id and clinician.clinician_id = session.clinician_id
        left join billing.billed_lines billed
            on billed.practice_id = line.practice_id
            and billed.session_id = line.session_id
            and billed.line_number = line.line_number
        where line.practice_id = $1 and line.session_id = any($2)
        order by line.session_id, line.line_number
        "#,
        practice.uuid(),
        ids,
        anew.map(BillId::uuid),
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let Some(session) = found.get_mut(&row.session_id) else {
            continue;
        };
        session.billed |= row.billed;
        session.clinician_name.clone_from(&row.clinician_name);
        if session.missed.is_some() {
            continue;
        }
        session.lines.push(BillableLine {
            number: row.line_number,
            service_code: row.service_code,
            description: row.description,
            modifiers: row.modifiers,
            units: row.units,
            unit_price: Money::from_minor(row.unit_price_minor, currency(&row.currency)?),
        });
    }
    Ok(())
}

/// The fee of a missed session in the place of its first line, which it takes on the bill.
fn fee_line(missed: Missed, fee: Money) -> BillableLine {
    BillableLine {
        number: 1,
        service_code: String::new(),
        description: missed.description().to_owned(),
        modifiers: Vec::new(),
        units: 1,
        unit_price: fee,
    }
}

/// The kind of a fee as it is kept.
pub(super) fn missed(kind: &str) -> Result<Missed> {
    Missed::of_name(kind).ok_or(Error::Stored("the kind of a fee"))
}

/// A waiver as it is kept.
pub(super) fn waiver(reason: Option<String>, text: Option<String>) -> Result<Option<Waiver>> {
    let Some((reason, text)) = reason.zip(text) else {
        return Ok(None);
    };
    let reason = AdjustmentReason::of(&reason).ok_or(Error::Stored("a waiver's reason"))?;
    Ok(Some(Waiver { reason, text }))
}
