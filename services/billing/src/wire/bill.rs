use crate::domain::bill::{Bill, BillStatus, Item, Line};
use crate::domain::missed::Missed;
use crate::domain::shares::Responsibility;
use crate::domain::terms::ClientPart;
use crate::ops::bill_lines::{Content, LineTerms, Product, SessionTerms};
use crate::ops::edit_bill::EditBill;
use crate::ops::get_bill::ShownBill;
use crate::ops::get_pay_page::PayPage;
use crate::ops::issue_bill::IssueBill;
use crate::ops::list_bills::BillPage;
use crate::store::bill_changes::BillChange;
use crate::store::bill_lists::{BillFilter, Column, Order};
use crate::wire::adjustment::{adjustment, reduction};
use crate::wire::line::optional_line;
use crate::wire::text::free_text;
use crate::{Error, Result};
use ::rpc::{Invalid, parse, wire};
use jiff::civil::Date;
use money::Rate;
use prost::Message as _;
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
        etag: shown.etag(),
        adjustments: shown.adjustments.iter().map(adjustment).collect(),
        run_date: face.run_date.map(wire::date),
        scheduled_share_time: shown.scheduled_share_time.map(wire::time),
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
        Item::Brought {
            date,
            former_number,
        } => {
            shown.brought_date = Some(wire::date(*date));
            shown.former_invoice_number = former_number.clone().unwrap_or_default();
        }
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
    let reference = Some(request.reference.as_str()).filter(|text| !text.is_empty());
    let filter = BillFilter {
        client: parse::optional(&request.client_id, "client_id")?,
        statuses: request.statuses().filter_map(status).collect(),
        client_balance_only: request.client_balance_only,
        from_issue_date: optional_date(request.from_issue_date, "from_issue_date")?,
        to_issue_date: optional_date(request.to_issue_date, "to_issue_date")?,
        due_before: optional_date(request.due_before_date, "due_before_date")?,
        reference: reference.map(|text| parse(text, "reference")).transpose()?,
        number: Some(request.number).filter(|number| *number > 0),
    };
    if let (Some(from), Some(to)) = (filter.from_issue_date, filter.to_issue_date)
        && to < from
    {
        return Err(Invalid::new("to_issue_date", "must not be before from_issue_date").into());
    }
    Ok(filter)
}

/// In which order bills are asked for. Errors: INVALID_FIELD.
pub fn bill_order(order_by: &str) -> Result<Order, Invalid> {
    if order_by.is_empty() {
        return Ok(Order::NEWEST);
    }
    let (column, descending) = match order_by.strip_suffix(" desc") {
        Some(column) => (column, true),
        None => (order_by, false),
    };
    let column = match column {
        "number" => Column::Number,
        "due_date" => Column::DueDate,
        "client_balance" => Column::ClientBalance,
        "total" => Column::Total,
        _unknown => {
            return Err(Invalid::new(
                "order_by",
                "must be one of those that are listed",
            ));
        }
    };
    Ok(Order { column, descending })
}

/// What a bill is asked for. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn issue_bill(request: contract::IssueBillRequest) -> Result<IssueBill> {
    let responsibility = request.responsibility();
    Ok(IssueBill {
        practice: parse(&request.practice_id, "practice_id")?,
        client: parse(&request.client_id, "client_id")?,
        content: content(
            "",
            contract::BillContent {
                responsibility: responsibility.into(),
                sessions: request.sessions,
                products: request.products,
                policy_id: request.policy_id,
                reductions: request.reductions,
            },
        )?,
        issue_date: optional_date(request.issue_date, "issue_date")?,
        due_date: optional_date(request.due_date, "due_date")?,
        comments: free_text(request.comments, "comments")?,
    })
}

/// How a bill is to be changed. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn edit_bill(request: contract::EditBillRequest) -> Result<EditBill> {
    let anew = request.content;
    Ok(EditBill {
        practice: parse(&request.practice_id, "practice_id")?,
        bill: parse(&request.bill_id, "bill_id")?,
        etag: request.etag,
        content: anew.map(|anew| content("content.", anew)).transpose()?,
        due_date: optional_date(request.due_date, "due_date")?,
        comments: request
            .comments
            .map(|comments| free_text(comments, "comments"))
            .transpose()?,
    })
}

/// A date that may be left out. Errors: INVALID_FIELD.
pub fn optional_date(
    date: Option<proto::google::r#type::Date>,
    field: &str,
) -> Result<Option<Date>, Invalid> {
    date.map(|date| parse::date(Some(date), field)).transpose()
}

/// `within` is put before the names of fields.
fn content(within: &str, content: contract::BillContent) -> Result<Content> {
    let responsibility = match content.responsibility() {
        contract::Responsibility::Unspecified | contract::Responsibility::Client => {
            Responsibility::Client
        }
        contract::Responsibility::Insurance => Responsibility::Insurance,
    };
    let sessions = content.sessions.into_iter().enumerate();
    let products = content.products.into_iter().enumerate();
    let reductions = content.reductions.into_iter().enumerate();
    Ok(Content {
        sessions: sessions
            .map(|(at, session)| session_terms(&format!("{within}sessions[{at}]"), session))
            .collect::<Result<_>>()?,
        products: products
            .map(|(at, sold)| product(&format!("{within}products[{at}]"), sold))
            .collect::<Result<_>>()?,
        responsibility,
        policy: parse::optional(&content.policy_id, &format!("{within}policy_id"))?,
        reductions: reductions
            .map(|(at, asked)| reduction(asked, &format!("{within}reductions[{at}]")))
            .collect::<Result<_>>()?,
    })
}

fn session_terms(field: &str, session: contract::SessionToBill) -> Result<SessionTerms> {
    let lines = session.line_terms.into_iter().enumerate();
    let client_part = match session.client_part {
        None => None,
        Some(contract::session_to_bill::ClientPart::CoPay(co_pay)) => {
            let co_pay = parse::non_negative(Some(co_pay), &format!("{field}.co_pay"))?;
            Some(ClientPart::CoPay(co_pay))
        }
        Some(contract::session_to_bill::ClientPart::CoInsurancePercent(percent)) => {
            let rate = rate(&percent, &format!("{field}.co_insurance_percent"))?;
            Some(ClientPart::CoInsurance(rate))
        }
    };
    Ok(SessionTerms {
        session: parse(&session.session_id, &format!("{field}.session_id"))?,
        lines: lines
            .map(|(at, terms)| line_terms(&format!("{field}.line_terms[{at}]"), terms))
            .collect::<Result<_>>()?,
        client_part,
    })
}

fn line_terms(field: &str, terms: contract::LineTerms) -> Result<LineTerms> {
    let amount = |money: Option<_>, name: &str| {
        money
            .map(|money| parse::non_negative(Some(money), &format!("{field}.{name}")))
            .transpose()
    };
    let description = optional_line(terms.description, &format!("{field}.description"))?;
    Ok(LineTerms {
        number: terms.line_number,
        price: amount(terms.price, "price")?,
        insurance: amount(terms.insurance_share, "insurance_share")?,
        service_code: Some(terms.service_code).filter(|code| !code.is_empty()),
        description: Some(description).filter(|text| !text.trim().is_empty()),
        units: Some(terms.units).filter(|units| *units > 0),
    })
}

/// A percentage of 0 to 100. Errors: INVALID_FIELD.
pub fn rate(text: &str, field: &str) -> Result<Rate, Invalid> {
    let rate = text.parse::<Rate>();
    rate.ok()
        .filter(|rate| *rate <= Rate::WHOLE)
        .ok_or_else(|| Invalid::new(field, "must be a percentage from 0 to 100, such as 12.5"))
}

fn product(field: &str, sold: contract::ProductLine) -> Result<Product> {
    Ok(Product {
        name: free_text(sold.name, &format!("{field}.name"))?,
        price: parse::positive(sold.price, &format!("{field}.price"))?,
    })
}

/// A bill as its changes keep it.
#[must_use]
pub fn kept(shown: &ShownBill) -> Vec<u8> {
    bill(shown).encode_to_vec()
}

/// What a bill said before each of its edits, newest first, with what each gave another value. Errors: `Stored`.
pub fn bill_changes(
    current: &ShownBill,
    changes: Vec<BillChange>,
) -> Result<contract::ListBillChangesResponse> {
    let read = |kept: &[u8]| {
        contract::Bill::decode(kept).map_err(|_| Error::Stored("a bill's former content"))
    };
    let mut after = bill(current);
    let mut shown = Vec::new();
    for change in changes {
        let former = read(&change.former)?;
        // What was done between two edits is neither's. Where it was not kept, the next edit has it.
        let latter = change.latter.as_deref().map(read).transpose()?;
        shown.push(contract::BillChange {
            changed_fields: changed_fields(&former, latter.as_ref().unwrap_or(&after)),
            change_time: Some(wire::time(change.create_time)),
            changed_by: change.made_by,
            former: Some(former.clone()),
        });
        after = former;
    }
    Ok(contract::ListBillChangesResponse { changes: shown })
}

fn changed_fields(former: &contract::Bill, after: &contract::Bill) -> Vec<String> {
    let of = |bill: &contract::Bill| {
        let taken = bill.adjustments.iter();
        let taken: Vec<_> = taken
            .map(|made| (made.reduction.clone(), made.amount.clone()))
            .collect();
        taken
    };
    let fields = [
        ("due_date", former.due_date != after.due_date),
        ("comments", former.comments != after.comments),
        ("lines", former.lines != after.lines),
        ("policy_id", former.policy_id != after.policy_id),
        ("adjustments", of(former) != of(after)),
    ];
    let changed = fields.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(name, _)| name.to_owned()).collect()
}
