//! From sessions and products to the lines of a bill.

use crate::domain::adjustment::{AdjustmentKind, Extent, Reduction};
use crate::domain::bill::{Item, Line, Revenue};
use crate::domain::fee;
use crate::domain::shares::{Division, Responsibility, ShareError, Shares};
use crate::domain::terms::ClientPart;
use crate::store::fees::Fees;
use crate::store::practices::Practice;
use crate::store::sessions::{BillableLine, BillableSession};
use crate::{Error, Missing, Named, Result, store};
use ::rpc::Invalid;
use ids::{ClientId, PolicyId, SessionId};
use money::Money;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// A session to put on a bill, with what departs from its record.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionTerms {
    /// The session.
    pub session: SessionId,
    /// Lines that depart.
    pub lines: Vec<LineTerms>,
    /// What the client owes of it, insurance the rest; none follows the bill.
    pub client_part: Option<ClientPart>,
}

/// How a session's line departs from its record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineTerms {
    /// The line, from 1.
    pub number: i32,
    /// Of all units, 0 or more; none keeps the recorded price.
    pub price: Option<Money>,
    /// What insurance owes of it; none follows the session's client part, then the bill.
    pub insurance: Option<Money>,
    /// Another service; none keeps the recorded one.
    pub service_code: Option<String>,
    /// Other words; none keeps the recorded ones.
    pub description: Option<String>,
    /// Other units, from 1; none keeps the recorded ones.
    pub units: Option<i32>,
}

/// Something sold that is no session.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// What it is.
    pub name: String,
    /// Above 0.
    pub price: Money,
}

/// What a bill is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// At least one of these
    pub sessions: Vec<SessionTerms>,
    /// or of these.
    pub products: Vec<Product>,
    /// Who owes lines that do not say.
    pub responsibility: Responsibility,
    /// Whose insurance owes.
    pub policy: Option<PolicyId>,
    /// What is taken off, in order.
    pub reductions: Vec<Reduction>,
}

impl Content {
    /// The sessions it names, in order.
    #[must_use]
    pub fn session_ids(&self) -> Vec<SessionId> {
        self.sessions.iter().map(|terms| terms.session).collect()
    }

    fn codes(&self) -> Vec<String> {
        let lines = self.sessions.iter().flat_map(|terms| &terms.lines);
        lines.filter_map(|line| line.service_code.clone()).collect()
    }
}

/// What the catalogue has of the services that the content names, and what was agreed on them with the client.
pub(super) async fn fees(
    conn: &mut PgConnection,
    (practice, client): (&Practice, ClientId),
    content: &Content,
) -> Result<Fees> {
    let tenant = (practice.practice, practice.currency);
    store::fees::read(conn, tenant, &[client], &content.codes()).await
}

/// The lines, numbered from 1, each with its revenue. `found` are the client's sessions, locked, `fees` those of the
/// content.
///
/// Errors: INVALID_FIELD, CURRENCY_MISMATCH, SESSION_NOT_FOUND, SESSION_ALREADY_BILLED, SESSION_NOT_BILLABLE,
/// SERVICE_NOT_FOUND, SHARE_EXCEEDS_PRICE.
pub fn bill_lines(
    practice: &Practice,
    content: &Content,
    (found, fees): (&BTreeMap<SessionId, BillableSession>, &Fees),
) -> Result<Vec<(Revenue, Line)>> {
    if content.sessions.is_empty() && content.products.is_empty() {
        return Err(Invalid::new("sessions", "must name a session, or products a product").into());
    }
    let mut lines = Vec::new();
    let mut named = BTreeSet::new();
    for (at, terms) in content.sessions.iter().enumerate() {
        let field = format!("sessions[{at}]");
        if !named.insert(terms.session) {
            return Err(
                Invalid::new(format!("{field}.session_id"), "must not be named twice").into(),
            );
        }
        let session = found
            .get(&terms.session)
            .ok_or(Error::Missing(Missing::Session(terms.session)))?;
        session_lines(
            (practice, fees),
            (content.responsibility, &field),
            (terms, session),
            &mut lines,
        )?;
    }
    for (at, product) in content.products.iter().enumerate() {
        let price = practice.in_currency(product.price, &format!("products[{at}].price"))?;
        let line = Line {
            number: 0,
            item: Item::Product,
            description: product.name.clone(),
            units: 1,
            price,
            shares: Shares {
                client: price,
                insurance: Money::zero(practice.currency),
            },
            fee: None,
        };
        lines.push((Revenue::Product, line));
    }
    for (number, (_, line)) in (1..).zip(&mut lines) {
        line.number = number;
    }
    Ok(lines)
}

fn session_lines(
    (practice, fees): (&Practice, &Fees),
    (responsibility, field): (Responsibility, &str),
    (terms, session): (&SessionTerms, &BillableSession),
    lines: &mut Vec<(Revenue, Line)>,
) -> Result<()> {
    if session.billed {
        return Err(Error::SessionAlreadyBilled(session.session));
    }
    if !session.billable {
        return Err(Error::SessionNotBillable(session.session));
    }
    named_once(field, &terms.lines, session)?;
    // Insurance does not pay for what did not take place: the fee is the client's, whatever the terms.
    let (responsibility, mut part) = match session.missed {
        Some(_) => (Responsibility::Client, None),
        None => (responsibility, client_part(practice, field, terms)?),
    };
    for recorded in &session.lines {
        let departs = terms
            .lines
            .iter()
            .position(|line| line.number == recorded.number);
        let field = format!("{field}.line_terms[{}]", departs.unwrap_or(0));
        let departing = departs.and_then(|at| terms.lines.get(at));
        let departing = departing.cloned().unwrap_or_default();
        let recorded = &under_its_code(fees, (session, recorded), &departing, &field)?;
        let units = departing.units.unwrap_or(recorded.units);
        let (price, insurance) = priced(practice, &field, (recorded, units), &departing)?;
        if session.missed.is_some() && insurance.is_some_and(Money::is_positive) {
            let must = "must be 0: insurance owes nothing for a missed session";
            return Err(Invalid::new(format!("{field}.insurance_share"), must).into());
        }
        let shares = divided(price, insurance, &mut part, responsibility)
            .map_err(|error| refused(error, format!("{field}.insurance_share")))?;
        lines.push((
            session.revenue(),
            line(session, recorded, departing, (units, price, shares)),
        ));
    }
    match part {
        Some(ClientPart::CoPay(left)) if left.is_positive() => {
            Err(Error::ShareExceedsPrice(format!("{field}.co_pay")))
        }
        Some(_) | None => Ok(()),
    }
}

/// What is taken off the lines of sessions that were waived before they were billed: all that the client owes for them.
pub fn waivers(
    lines: &[(Revenue, Line)],
    found: &BTreeMap<SessionId, BillableSession>,
) -> Vec<Reduction> {
    let waived = |(_, line): &(Revenue, Line)| {
        let session = match &line.item {
            Item::Service { session, .. } => found.get(session)?,
            Item::Product | Item::Brought { .. } => return None,
        };
        let waiver = session.waiver.as_ref()?;
        line.shares.client.is_positive().then(|| Reduction {
            kind: AdjustmentKind::Waiver,
            reason: waiver.reason,
            extent: Extent::Whole,
            line: Some(line.number),
            client_text: if waiver.text.trim().is_empty() {
                AdjustmentKind::Waiver.words().to_owned()
            } else {
                waiver.text.clone()
            },
        })
    };
    lines.iter().filter_map(waived).collect()
}

/// What the client owes of a session that took place, when the terms say so.
fn client_part(
    practice: &Practice,
    field: &str,
    terms: &SessionTerms,
) -> Result<Option<ClientPart>> {
    match terms.client_part {
        Some(ClientPart::CoPay(co_pay)) => {
            let co_pay = practice.in_currency(co_pay, &format!("{field}.co_pay"))?;
            Ok(Some(ClientPart::CoPay(co_pay)))
        }
        other @ (Some(ClientPart::CoInsurance(_)) | None) => Ok(other),
    }
}

/// Terms are about lines of the session, one each.
fn named_once(field: &str, terms: &[LineTerms], session: &BillableSession) -> Result<()> {
    let mut named = BTreeSet::new();
    for (at, departing) in terms.iter().enumerate() {
        let mut recorded = session.lines.iter();
        let must = if !recorded.any(|line| line.number == departing.number) {
            "must be a line of the session"
        } else if !named.insert(departing.number) {
            "must not be named twice"
        } else {
            continue;
        };
        return Err(Invalid::new(format!("{field}.line_terms[{at}].line_number"), must).into());
    }
    Ok(())
}

/// The line as its service has it when the terms name another: at the price of that day, in the catalogue's words, as
/// far as the terms have none of their own. The fee for a missed session stays what it is under any code.
///
/// Errors: SERVICE_NOT_FOUND.
fn under_its_code(
    fees: &Fees,
    (session, recorded): (&BillableSession, &BillableLine),
    departing: &LineTerms,
    field: &str,
) -> Result<BillableLine> {
    let mut line = recorded.clone();
    let code = match &departing.service_code {
        Some(code) if *code != recorded.service_code => code,
        Some(_) | None => return Ok(line),
    };
    line.service_code.clone_from(code);
    if departing.price.is_some() && departing.description.is_some() {
        return Ok(line);
    }
    let unknown = || Error::Unknown {
        thing: Named::Service,
        name: code.clone(),
        field: format!("{field}.service_code"),
    };
    let service = fees.service(code).ok_or_else(unknown)?;
    if session.missed.is_some() {
        return Ok(line);
    }
    line.description.clone_from(&service.description);
    if departing.price.is_none() {
        let agreed = fees.agreement(session.client, code);
        let price = fee::unit_price(service, &agreed, session.service_date)?;
        line.unit_price = price.ok_or_else(unknown)?;
        if line.modifiers.is_empty() {
            line.modifiers.clone_from(&service.modifiers);
        }
    }
    Ok(line)
}

/// What the line costs, and what insurance owes of it if the terms say so.
fn priced(
    practice: &Practice,
    field: &str,
    (recorded, units): (&BillableLine, i32),
    departing: &LineTerms,
) -> Result<(Money, Option<Money>)> {
    let price = match departing.price {
        Some(price) => practice.in_currency(price, &format!("{field}.price"))?,
        None => recorded.unit_price.times(i64::from(units))?,
    };
    let insurance = departing
        .insurance
        .map(|share| practice.in_currency(share, &format!("{field}.insurance_share")))
        .transpose()?;
    Ok((price, insurance))
}

fn line(
    session: &BillableSession,
    recorded: &BillableLine,
    departing: LineTerms,
    (units, price, shares): (i32, Money, Shares),
) -> Line {
    let item = Item::Service {
        session: session.session,
        session_line: recorded.number,
        code: recorded.service_code.clone(),
        modifiers: recorded.modifiers.clone(),
        date: session.service_date,
        clinician: session.clinician_name.clone(),
    };
    Line {
        number: 0,
        item,
        description: departing
            .description
            .unwrap_or_else(|| recorded.description.clone()),
        units,
        price,
        shares,
        fee: session.missed,
    }
}

/// The shares of one line; a co-pay is what the lines before have left of it.
fn divided(
    price: Money,
    insurance: Option<Money>,
    part: &mut Option<ClientPart>,
    responsibility: Responsibility,
) -> Result<Shares, ShareError> {
    if let Some(insurance) = insurance {
        return Shares::of(price, Division::Insurance(insurance));
    }
    match part {
        Some(ClientPart::CoPay(left)) => {
            let shares = Shares::of(price, Division::CoPay(*left))?;
            *left = left.minus(shares.client)?;
            Ok(shares)
        }
        Some(ClientPart::CoInsurance(rate)) => Shares::of(price, Division::CoInsurance(*rate)),
        None => Shares::of(price, Division::Responsible(responsibility)),
    }
}

fn refused(error: ShareError, field: String) -> Error {
    match error {
        ShareError::ExceedsPrice => Error::ShareExceedsPrice(field),
        ShareError::Money(error) => Error::Money(error),
    }
}
