use crate::Result;
use crate::domain::bill::{Bill, BillStatus, Item, Line};
use crate::domain::missed::Missed;
use crate::domain::shares::Responsibility;
use crate::ops::bill_lines::{Content, LineTerms, Product, SessionTerms};
use crate::ops::get_bill::ShownBill;
use crate::ops::get_pay_page::PayPage;
use crate::ops::issue_bill::IssueBill;
use crate::ops::list_bills::BillPage;
use crate::store::bill_lists::BillFilter;
use crate::wire::text::free_text;
use ::rpc::{parse, wire};
use ids::PolicyId;
use proto::billing::v1 as contract;

/// A bill with its lines, or without them in a list.
#[must_use]
pub fn bill(shown: &ShownBill) -> contract::Bill {
    let (standing, face) = (&shown.bill.standing, &shown.bill.face);
    contract::Bill {
        bill_id: standing.bill.to_string(),
        client_id: standing.client.to_string(),
        number: face.number,
        reference: face.reference.to_string(),
        status: status(standing.status()).into(),
        issue_date: Some(wire::date(face.issue_date)),
        due_date: Some(wire::date(face.due_date)),
        lines: shown.lines.iter().map(line).collect(),
        total: Some(wire::money(face.total)),
        client_owes: Some(wire::money(standing.client_owes)),
        insurance_owes: Some(wire::money(standing.insurance_owes)),
        client_balance: Some(wire::money(standing.client_balance)),
        insurance_balance: Some(wire::money(standing.insurance_balance)),
        policy_id: standing
            .policy
            .map(|policy| policy.to_string())
            .unwrap_or_default(),
        comments: face.comments.clone(),
        create_time: Some(wire::time(face.create_time)),
        share_time: face.share_time.map(wire::time),
        cancel_time: face.cancel_time.map(wire::time),
        held: Some(wire::money(shown.held)),
        etag: format!("r{}", face.revision),
    }
}

fn line(line: &Line) -> contract::BillLine {
    let mut shown = contract::BillLine {
        line_number: line.number,
        description: line.description.clone(),
        units: line.units,
        price: Some(wire::money(line.price)),
        client_share: Some(wire::money(line.shares.client)),
        insurance_share: Some(wire::money(line.shares.insurance)),
        fee_kind: line.fee.map(fee_kind).unwrap_or_default().into(),
        ..contract::BillLine::default()
    };
    match &line.item {
        Item::Service {
            session,
            session_line,
            code,
            modifiers,
            date,
            clinician,
        } => {
            shown.session_id = session.to_string();
            shown.session_line_number = *session_line;
            shown.service_code.clone_from(code);
            shown.modifiers.clone_from(modifiers);
            shown.service_date = Some(wire::date(*date));
            shown.clinician_name.clone_from(clinician);
        }
        Item::Product => {}
    }
    shown
}

const fn fee_kind(missed: Missed) -> contract::FeeKind {
    match missed {
        Missed::NoShow => contract::FeeKind::NoShow,
        Missed::LateCancellation => contract::FeeKind::LateCancellation,
    }
}

/// Where a bill stands.
#[must_use]
pub const fn status(status: BillStatus) -> contract::BillStatus {
    match status {
        BillStatus::Open => contract::BillStatus::Open,
        BillStatus::Paid => contract::BillStatus::Paid,
        BillStatus::Cancelled => contract::BillStatus::Cancelled,
    }
}

/// What other services need to know of a bill.
#[must_use]
pub fn facts(bill: &Bill) -> contract::BillFacts {
    let (standing, face) = (&bill.standing, &bill.face);
    contract::BillFacts {
        bill_id: standing.bill.to_string(),
        client_id: standing.client.to_string(),
        number: face.number,
        reference: face.reference.to_string(),
        status: status(standing.status()).into(),
        issue_date: Some(wire::date(face.issue_date)),
        due_date: Some(wire::date(face.due_date)),
        last_service_date: face.last_service_date.map(wire::date),
        total: Some(wire::money(face.total)),
        client_balance: Some(wire::money(standing.client_balance)),
        insurance_balance: Some(wire::money(standing.insurance_balance)),
    }
}

/// What the pay page shows.
#[must_use]
pub fn pay_page(page: &PayPage) -> contract::GetPayPageResponse {
    let (standing, face) = (&page.bill.standing, &page.bill.face);
    contract::GetPayPageResponse {
        practice_name: page.practice_name.clone(),
        reference: face.reference.to_string(),
        status: status(standing.status()).into(),
        balance: Some(wire::money(standing.client_balance)),
        due_date: Some(wire::date(face.due_date)),
        payment_in_progress: page.payment_in_progress,
    }
}

/// A page of bills.
#[must_use]
pub fn bill_page(page: BillPage) -> contract::ListBillsResponse {
    contract::ListBillsResponse {
        bills: page.bills.items.iter().map(bill).collect(),
        next_page_token: page.bills.next_page_token,
        total_count: page.count,
        total_client_balance: Some(wire::money(page.client_balance)),
        total_insurance_balance: Some(wire::money(page.insurance_balance)),
    }
}

/// What a list of bills is asked for. Errors: INVALID_FIELD.
pub fn bill_filter(request: &contract::ListBillsRequest) -> Result<BillFilter> {
    let status = |status| match status {
        contract::BillStatus::Unspecified => None,
        contract::BillStatus::Open => Some(BillStatus::Open),
        contract::BillStatus::Paid => Some(BillStatus::Paid),
        contract::BillStatus::Cancelled => Some(BillStatus::Cancelled),
    };
    Ok(BillFilter {
        client: parse::optional(&request.client_id, "client_id")?,
        statuses: request.statuses().filter_map(status).collect(),
        client_balance_only: request.client_balance_only,
    })
}

/// What a bill is asked for. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn issue_bill(request: contract::IssueBillRequest) -> Result<IssueBill> {
    let responsibility = match request.responsibility() {
        contract::Responsibility::Unspecified | contract::Responsibility::Client => {
            Responsibility::Client
        }
        contract::Responsibility::Insurance => Responsibility::Insurance,
    };
    let policy: Option<PolicyId> = parse::optional(&request.policy_id, "policy_id")?;
    let date = |date: Option<_>, field| date.map(|date| parse::date(Some(date), field)).transpose();
    let sessions = request.sessions.into_iter().enumerate();
    let products = request.products.into_iter().enumerate();
    Ok(IssueBill {
        practice: parse(&request.practice_id, "practice_id")?,
        client: parse(&request.client_id, "client_id")?,
        content: Content {
            sessions: sessions
                .map(|(at, session)| session_terms(at, session))
                .collect::<Result<_>>()?,
            products: products
                .map(|(at, sold)| product(at, sold))
                .collect::<Result<_>>()?,
            responsibility,
        },
        policy,
        issue_date: date(request.issue_date, "issue_date")?,
        due_date: date(request.due_date, "due_date")?,
        comments: free_text(request.comments, "comments")?,
    })
}

fn session_terms(at: usize, session: contract::SessionToBill) -> Result<SessionTerms> {
    let line = |(number, terms): (usize, contract::LineTerms)| {
        let field = format!("sessions[{at}].line_terms[{number}]");
        let amount = |money: Option<_>, name: &str| {
            money
                .map(|money| parse::non_negative(Some(money), &format!("{field}.{name}")))
                .transpose()
        };
        Ok(LineTerms {
            number: terms.line_number,
            price: amount(terms.price, "price")?,
            insurance: amount(terms.insurance_share, "insurance_share")?,
        })
    };
    Ok(SessionTerms {
        session: parse(&session.session_id, &format!("sessions[{at}].session_id"))?,
        lines: session
            .line_terms
            .into_iter()
            .enumerate()
            .map(line)
            .collect::<Result<_>>()?,
    })
}

fn product(at: usize, sold: contract::ProductLine) -> Result<Product> {
    Ok(Product {
        name: free_text(sold.name, &format!("products[{at}].name"))?,
        price: parse::positive(sold.price, &format!("products[{at}].price"))?,
    })
}
