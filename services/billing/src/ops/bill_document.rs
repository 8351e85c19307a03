//! What a bill says, for its PDF and for its data: one builder, so that both say the same.

use super::letter::{addressed, head, paid_by};
use crate::documents::{
    AdjustmentFacts, BillDocument, BillFacts, BillFigures, LineFacts, PaymentFacts, Share,
};
use crate::domain::adjustment::Adjustment;
use crate::domain::bill::{Bill, BillStatus, Item, Line};
use crate::store::document_payments::Paid;
use crate::store::practices::Practice;
use crate::{Billing, Error, Result, store, wire};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::{Money, MoneyError};
use tonic::Code;

/// A bill as it stands today; once it was shared and while something is due, with its Access Code. Errors:
/// BILL_NOT_FOUND, PORTAL_AUTH.
pub(super) async fn bill_document(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bill: BillId,
) -> Result<(BillFacts, BillDocument)> {
    caller.within(practice)?;
    caller.sees_bill(bill)?;
    let now = billing.clock.now();
    let (facts, bill) = facts(billing, (practice, bill), now).await?;
    // After the transaction: no connection is held while another service is asked.
    let asks = bill.face.share_time.is_some()
        && bill.standing.status() == BillStatus::Open
        && bill.standing.client_balance.is_positive();
    let share = if asks {
        share(billing, practice, &bill).await?
    } else {
        None
    };
    let facts = BillFacts { share, ..facts };
    let document = BillDocument::new(facts.clone())?;
    Ok((facts, document))
}

async fn facts(
    billing: &Billing,
    (practice_id, bill): (PracticeId, BillId),
    now: Timestamp,
) -> Result<(BillFacts, Bill)> {
    let mut tx = pg::begin_snapshot(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (letterhead, paper) = head(&mut tx, &practice).await?;
    let bill = store::bills::get(&mut tx, practice_id, bill).await?;
    let lines = store::bills::lines(&mut tx, practice_id, bill.id(), practice.currency).await?;
    let reduced = (bill.id(), practice.currency);
    let adjustments = store::adjustments::live_on_bill(&mut tx, practice_id, reduced).await?;
    let paid = store::document_payments::on_bill(&mut tx, practice_id, bill.id()).await?;
    let addressed = addressed(&mut tx, practice_id, bill.standing.client).await?;
    tx.rollback().await?;

    let (standing, face) = (&bill.standing, &bill.face);
    let facts = BillFacts {
        id: standing.bill.to_string(),
        paper,
        letterhead,
        number: face.number.to_string(),
        reference: face.reference.to_string(),
        issue_date: face.issue_date,
        due_date: Some(face.due_date),
        as_of_date: as_of(&practice, &bill, now)?,
        client: addressed.client,
        billed_to: addressed.to,
        share: None,
        lines: by_day(lines, face.issue_date),
        adjustments: adjustments.into_iter().map(adjustment_facts).collect(),
        payments: paid.into_iter().map(payment_facts).collect(),
        figures: figures(&bill)?,
        cancelled: standing.cancelled,
        note: Some(face.comments.clone()).filter(|comments| !comments.trim().is_empty()),
    };
    Ok((facts, bill))
}

/// What was taken off and counts, in the words for the client.
fn adjustment_facts(adjustment: Adjustment) -> AdjustmentFacts {
    AdjustmentFacts {
        label: adjustment.reduction.client_text,
        amount: adjustment.amount,
    }
}

/// Today; a bill that is dated ahead is true for its own day.
fn as_of(practice: &Practice, bill: &Bill, now: Timestamp) -> Result<Date> {
    Ok(practice.local_date(now)?.max(bill.face.issue_date))
}

/// What nobody owes any more of the total was taken off it: by insurers' contracts, or with the whole bill.
fn figures(bill: &Bill) -> Result<BillFigures, MoneyError> {
    let standing = &bill.standing;
    let owed = standing.client_owes.plus(standing.insurance_owes)?;
    Ok(BillFigures {
        adjustments: bill.face.total.minus(owed)?,
        insurance: standing.insurance_owes,
        insurance_balance: standing.insurance_balance,
        credits: standing.credit_applied,
        balance: standing.client_balance,
    })
}

/// A reader looks for a day, in whichever order the bill was put together.
fn by_day(lines: Vec<Line>, issue_date: Date) -> Vec<LineFacts> {
    let facts = lines.into_iter().map(|line| line_facts(line, issue_date));
    let mut facts: Vec<LineFacts> = facts.collect();
    facts.sort_by_key(|line| line.date);
    facts
}

fn line_facts(line: Line, issue_date: Date) -> LineFacts {
    let units = u32::try_from(line.units).unwrap_or(1);
    match line.item {
        Item::Service {
            code,
            modifiers,
            date,
            clinician,
            ..
        } => LineFacts {
            date,
            service: line.description,
            code: Some(code),
            modifiers,
            clinician: Some(clinician),
            units,
            amount: line.price,
        },
        Item::Product => other_line(issue_date, units, (line.description, line.price)),
        Item::Brought { date, .. } => other_line(date, units, (line.description, line.price)),
    }
}

/// A line that is no service.
fn other_line(date: Date, units: u32, (service, amount): (String, Money)) -> LineFacts {
    LineFacts {
        date,
        service,
        code: None,
        modifiers: Vec::new(),
        clinician: None,
        units,
        amount,
    }
}

/// What the bank looks into still counts as paid; the document says so without taking sides.
fn payment_facts(paid: Paid) -> PaymentFacts {
    let method = if paid.disputed {
        format!("{} (in dispute)", paid.method_text)
    } else {
        paid.method_text
    };
    PaymentFacts {
        date: paid.receive_date,
        paid_by: paid_by(paid.kind, &method),
        amount: paid.amount,
    }
}

/// The bill's live Access Code and pay link. A code that is burned, or not yet made, is none.
async fn share(billing: &Billing, practice: PracticeId, bill: &Bill) -> Result<Option<Share>> {
    let request = wire::document::reveal_access_code(practice, bill.id());
    let mut access_codes = billing.access_codes.clone();
    match access_codes.reveal_access_code(request).await {
        Ok(revealed) => Ok(wire::document::share(
            revealed.into_inner(),
            &billing.pay_page_url,
        )),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(Error::PortalAuth(status)),
    }
}
