//! Documents as data: the amounts and dates of their facts with the words of what is printed.

use crate::documents::{
    AdjustmentFacts, AppliedFacts, BillDocument, BillFacts, Letterhead, LineFacts, Party,
    PaymentFacts, ReceiptDocument, ReceiptFacts, Standing, TotalRow,
};
use ::rpc::wire;
use money::MoneyError;
use proto::billing::v1 as contract;

/// A bill.
///
/// # Errors
/// None while amounts are not at the end of what 64 bits hold.
pub fn bill(
    (facts, document): (BillFacts, BillDocument),
) -> Result<contract::BillDocument, MoneyError> {
    Ok(contract::BillDocument {
        letterhead: Some(letterhead(facts.letterhead)),
        number: facts.number,
        reference: facts.reference,
        issue_date: Some(wire::date(facts.issue_date)),
        due_date: facts.due_date.map(wire::date),
        client_name: facts.client,
        billed_to: Some(party(facts.billed_to)),
        lines: facts.lines.into_iter().map(line).collect(),
        adjustments: facts
            .adjustments
            .into_iter()
            .map(adjustment)
            .collect::<Result<_, _>>()?,
        payments: facts.payments.iter().map(payment).collect(),
        totals: totals(&document.totals),
        balance: Some(balance(&document.standing)),
        mark: document.mark.unwrap_or_default().to_owned(),
        share: facts.share.map(|share| contract::DocumentShare {
            access_code: share.access_code,
            link: share.link,
            address: share.address,
        }),
        note: facts.note.unwrap_or_default(),
    })
}

/// A receipt.
#[must_use]
pub fn receipt((facts, document): (ReceiptFacts, ReceiptDocument)) -> contract::ReceiptDocument {
    contract::ReceiptDocument {
        letterhead: Some(letterhead(facts.letterhead)),
        number: facts.number,
        issue_date: Some(wire::date(facts.issue_date)),
        received_from: Some(party(facts.received_from)),
        client_name: facts.client,
        payments: facts.payments.iter().map(payment).collect(),
        applied: facts.applied.into_iter().map(applied).collect(),
        credit: Some(wire::money(facts.credit)),
        totals: totals(&document.totals),
        balance: Some(balance(&document.standing)),
        mark: document.mark.unwrap_or_default().to_owned(),
    }
}

/// Who a document is from.
#[must_use]
pub fn letterhead(letterhead: Letterhead) -> contract::DocumentLetterhead {
    contract::DocumentLetterhead {
        practice_name: letterhead.practice,
        address_lines: letterhead.address.lines,
        phone: letterhead.phone.unwrap_or_default(),
        email: letterhead.email.unwrap_or_default(),
        website: letterhead.website.unwrap_or_default(),
        tax_id: letterhead.tax_id.unwrap_or_default(),
        npi: letterhead.npi.unwrap_or_default(),
        footer: letterhead.footer.unwrap_or_default(),
    }
}

/// To whom it is addressed.
#[must_use]
pub fn party(party: Party) -> contract::DocumentParty {
    contract::DocumentParty {
        name: party.name,
        address_lines: party.address.lines,
    }
}

/// Where the reader stands.
#[must_use]
pub fn balance(standing: &Standing) -> contract::DocumentBalance {
    contract::DocumentBalance {
        amount: Some(wire::money(standing.money)),
        text: standing.text(),
        sentence: standing.sentence.clone(),
        as_of_date: Some(wire::date(standing.date)),
    }
}

/// The sum at a document's end.
#[must_use]
pub fn totals(rows: &[TotalRow]) -> Vec<contract::DocumentTotal> {
    let rows = rows.iter().map(|row| contract::DocumentTotal {
        label: row.words.clone(),
        amount: Some(wire::money(row.money)),
    });
    rows.collect()
}

fn line(line: LineFacts) -> contract::DocumentLine {
    contract::DocumentLine {
        date: Some(wire::date(line.date)),
        description: line.service,
        service_code: line.code.unwrap_or_default(),
        modifiers: line.modifiers,
        clinician_name: line.clinician.unwrap_or_default(),
        units: i32::try_from(line.units).unwrap_or(i32::MAX),
        amount: Some(wire::money(line.amount)),
    }
}

fn adjustment(adjustment: AdjustmentFacts) -> Result<contract::DocumentAdjustment, MoneyError> {
    Ok(contract::DocumentAdjustment {
        label: adjustment.label,
        amount: Some(wire::money(adjustment.amount.negated()?)),
    })
}

fn payment(payment: &PaymentFacts) -> contract::DocumentPayment {
    contract::DocumentPayment {
        date: Some(wire::date(payment.date)),
        method_text: payment.paid_by.to_string(),
        amount: Some(wire::money(payment.amount)),
    }
}

fn applied(bill: AppliedFacts) -> contract::DocumentAppliedBill {
    contract::DocumentAppliedBill {
        number: bill.number,
        reference: bill.reference,
        issue_date: Some(wire::date(bill.issue_date)),
        applied: Some(wire::money(bill.applied)),
        left: Some(wire::money(bill.left)),
    }
}
