//! From sessions and products to the lines of a bill.

use crate::domain::bill::{Item, Line, Revenue};
use crate::domain::shares::{Responsibility, ShareError, Shares};
use crate::store::practices::Practice;
use crate::store::sessions::{BillableLine, BillableSession};
use crate::{Error, Missing, Result};
use ::rpc::Invalid;
use ids::SessionId;
use money::Money;
use std::collections::{BTreeMap, BTreeSet};

/// A session to put on a bill, with what departs from its record.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionTerms {
    /// The session.
    pub session: SessionId,
    /// Lines that depart.
    pub lines: Vec<LineTerms>,
}

/// How a session's line departs from its record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineTerms {
    /// The line, from 1.
    pub number: i32,
    /// Of all units, 0 or more; none keeps the recorded price.
    pub price: Option<Money>,
    /// What insurance owes of it; none follows the bill.
    pub insurance: Option<Money>,
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
}

/// The lines, numbered from 1, each with its revenue. `found` are the client's sessions, locked.
///
/// Errors: INVALID_FIELD, CURRENCY_MISMATCH, SESSION_NOT_FOUND, SESSION_ALREADY_BILLED, SESSION_NOT_BILLABLE,
/// SHARE_EXCEEDS_PRICE.
pub fn bill_lines(
    practice: &Practice,
    content: &Content,
    found: &BTreeMap<SessionId, BillableSession>,
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
            practice,
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
    practice: &Practice,
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
    for (at, departing) in terms.lines.iter().enumerate() {
        let known = session
            .lines
            .iter()
            .any(|line| line.number == departing.number);
        let twice = terms
            .lines
            .iter()
            .filter(|other| other.number == departing.number)
            .count()
            > 1;
        if !known || twice {
            let must = if known {
                "must not be named twice"
            } else {
                "must be a line of the session"
            };
            return Err(Invalid::new(format!("{field}.line_terms[{at}].line_number"), must).into());
        }
    }
    // Insurance does not pay for what did not take place.
    let responsibility = match session.missed {
        Some(_) => Responsibility::Client,
        None => responsibility,
    };
    for recorded in &session.lines {
        let departs = terms
            .lines
            .iter()
            .position(|line| line.number == recorded.number);
        let departing = departs.and_then(|at| terms.lines.get(at));
        let field = format!("{field}.line_terms[{}]", departs.unwrap_or(0));
        insurable(session, &field, departing)?;
        let (price, shares) = priced(practice, (responsibility, &field), recorded, departing)?;
        let item = Item::Service {
            session: session.session,
            session_line: recorded.number,
            code: recorded.service_code.clone(),
            modifiers: recorded.modifiers.clone(),
            date: session.service_date,
            clinician: session.clinician_name.clone(),
        };
        let line = Line {
            number: 0,
            item,
            description: recorded.description.clone(),
            units: recorded.units,
            price,
            shares,
            fee: session.missed,
        };
        lines.push((session.revenue(), line));
    }
    Ok(())
}

/// Errors: INVALID_FIELD, when insurance is to owe for a missed session.
fn insurable(
    session: &BillableSession,
    field: &str,
    departing: Option<&LineTerms>,
) -> Result<(), Invalid> {
    let insurance = departing.and_then(|terms| terms.insurance);
    if session.missed.is_some() && insurance.is_some_and(Money::is_positive) {
        let must = "must be 0: insurance owes nothing for a missed session";
        return Err(Invalid::new(format!("{field}.insurance_share"), must));
    }
    Ok(())
}

fn priced(
    practice: &Practice,
    (responsibility, field): (Responsibility, &str),
    recorded: &BillableLine,
    departing: Option<&LineTerms>,
) -> Result<(Money, Shares)> {
    let price = match departing.and_then(|terms| terms.price) {
        Some(price) => practice.in_currency(price, &format!("{field}.price"))?,
        None => recorded.unit_price.times(i64::from(recorded.units))?,
    };
    let insurance_field = format!("{field}.insurance_share");
    let insurance = departing.and_then(|terms| terms.insurance);
    let insurance = insurance
        .map(|share| practice.in_currency(share, &insurance_field))
        .transpose()?;
    let shares = Shares::of(price, insurance, responsibility).map_err(|error| match error {
        ShareError::ExceedsPrice => Error::ShareExceedsPrice(insurance_field),
        ShareError::Money(error) => Error::Money(error),
    })?;
    Ok((price, shares))
}
