use crate::Result;
use crate::domain::payment::{Allocation, PaidBy, PaymentKind, Receipt};
use crate::ops::place_hold::PlaceHold;
use crate::ops::post_payment::{PaymentPosted, PostPayment};
use crate::ops::post_refund::PostRefund;
use crate::ops::rebook_payment::RebookPayment;
use crate::ops::record_insurer_payment::{InsurerPaymentRecorded, RecordInsurerPayment};
use crate::ops::reverse_credit::ReverseCredit;
use crate::wire::text::free_text;
use crate::wire::{bill, ledger};
use ::rpc::{Invalid, parse, wire};
use ids::PracticeId;
use proto::billing::v1 as contract;
use proto::payments::v1::{PaymentCorrected, PaymentFacts, PaymentSucceeded, RefundSucceeded};

/// What is to be taken off a bill. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn reverse_credit(request: contract::ReverseCreditRequest) -> Result<ReverseCredit> {
    let amount = request
        .amount
        .map(|amount| parse::positive(Some(amount), "amount"));
    Ok(ReverseCredit {
        practice: parse(&request.practice_id, "practice_id")?,
        bill: parse(&request.bill_id, "bill_id")?,
        amount: amount.transpose()?,
        reason: free_text(request.reason, "reason")?,
    })
}

/// How a payment came. Errors: INVALID_FIELD.
fn kind(kind: contract::PaymentKind) -> Result<PaymentKind, Invalid> {
    match kind {
        contract::PaymentKind::Unspecified => Err(Invalid::new("kind", "must be chosen")),
        contract::PaymentKind::Card => Ok(PaymentKind::Card),
        contract::PaymentKind::BankDebit => Ok(PaymentKind::BankDebit),
        contract::PaymentKind::Cash => Ok(PaymentKind::Cash),
        contract::PaymentKind::Check => Ok(PaymentKind::Check),
        contract::PaymentKind::CardElsewhere => Ok(PaymentKind::CardElsewhere),
        contract::PaymentKind::BankElsewhere => Ok(PaymentKind::BankElsewhere),
        contract::PaymentKind::Other => Ok(PaymentKind::Other),
    }
}

/// How a payment came.
#[must_use]
pub const fn payment_kind(kind: PaymentKind) -> contract::PaymentKind {
    match kind {
        PaymentKind::Card => contract::PaymentKind::Card,
        PaymentKind::BankDebit => contract::PaymentKind::BankDebit,
        PaymentKind::Cash => contract::PaymentKind::Cash,
        PaymentKind::Check => contract::PaymentKind::Check,
        PaymentKind::CardElsewhere => contract::PaymentKind::CardElsewhere,
        PaymentKind::BankElsewhere => contract::PaymentKind::BankElsewhere,
        PaymentKind::Other => contract::PaymentKind::Other,
    }
}

/// What went to which bill.
pub(crate) fn allocations(allocations: &[Allocation]) -> Vec<contract::Allocation> {
    let allocation = |made: &Allocation| contract::Allocation {
        bill_id: made.bill.to_string(),
        amount: Some(wire::money(made.amount)),
    };
    allocations.iter().map(allocation).collect()
}

fn wanted(allocations: Vec<contract::Allocation>) -> Result<Vec<Allocation>, Invalid> {
    let allocation = |(at, wanted): (usize, contract::Allocation)| {
        Ok(Allocation {
            bill: parse(&wanted.bill_id, &format!("allocations[{at}].bill_id"))?,
            amount: parse::positive(wanted.amount, &format!("allocations[{at}].amount"))?,
        })
    };
    allocations
        .into_iter()
        .enumerate()
        .map(allocation)
        .collect()
}

/// What is to be set aside: parts, or as releases said it that knew one bill only. Errors: INVALID_FIELD.
pub fn place_hold(request: contract::PlaceHoldRequest) -> Result<PlaceHold> {
    let parts = if request.parts.is_empty() {
        vec![Allocation {
            bill: parse(&request.bill_id, "bill_id")?,
            amount: parse::positive(request.amount, "amount")?,
        }]
    } else {
        wanted(request.parts)?
    };
    let expire_time = request.expire_time;
    Ok(PlaceHold {
        practice: parse(&request.practice_id, "practice_id")?,
        payment: parse(&request.payment_id, "payment_id")?,
        parts,
        expire_time: expire_time
            .map(|time| parse::time(Some(time), "expire_time"))
            .transpose()?,
    })
}

/// A payment to book, as payments asks at once. Errors: INVALID_FIELD.
pub fn post_payment(request: contract::PostPaymentRequest) -> Result<PostPayment> {
    Ok(PostPayment {
        practice: parse(&request.practice_id, "practice_id")?,
        payment: parse(&request.payment_id, "payment_id")?,
        receipt: Receipt {
            client: parse(&request.client_id, "client_id")?,
            kind: kind(request.kind())?,
            amount: parse::positive(request.amount, "amount")?,
            wanted: wanted(request.allocations)?,
        },
        receive_date: parse::date(request.receive_date, "receive_date")?,
        method_text: request.method_text,
        paid_by: request
            .paid_by
            .map(|paid_by| payer(&paid_by.contact_id))
            .transpose()?,
    })
}

/// The same payment, as payments' feed tells of it. Errors: INVALID_FIELD.
pub fn payment_succeeded(practice: PracticeId, told: PaymentSucceeded) -> Result<PostPayment> {
    let facts: PaymentFacts = parse::required(told.payment, "payment")?;
    Ok(PostPayment {
        practice,
        payment: parse(&facts.payment_id, "payment_id")?,
        receipt: Receipt {
            client: parse(&facts.client_id, "client_id")?,
            kind: kind(facts.kind())?,
            amount: parse::positive(facts.amount, "amount")?,
            wanted: wanted(facts.allocations)?,
        },
        receive_date: parse::date(facts.receive_date, "receive_date")?,
        method_text: facts.method_text,
        paid_by: told
            .payer
            .map(|paid_by| payer(&paid_by.contact_id))
            .transpose()?,
    })
}

fn payer(contact: &str) -> Result<PaidBy, Invalid> {
    let contact = parse::optional(contact, "paid_by.contact_id")?;
    Ok(contact.map_or(PaidBy::Client, PaidBy::Contact))
}

/// As the API shows it.
pub fn shown_payer(paid_by: PaidBy) -> contract::PaidBy {
    contract::PaidBy {
        contact_id: match paid_by {
            PaidBy::Client => String::new(),
            PaidBy::Contact(contact) => contact.to_string(),
        },
    }
}

/// A payment as it is after a correction. Errors: INVALID_FIELD.
pub fn payment_corrected(
    practice: PracticeId,
    corrected: PaymentCorrected,
) -> Result<RebookPayment> {
    let facts = parse::required(corrected.payment, "payment")?;
    Ok(RebookPayment {
        practice,
        payment: parse(&facts.payment_id, "payment_id")?,
        revision: corrected.revision,
        receive_date: parse::date(facts.receive_date, "receive_date")?,
        method_text: facts.method_text,
    })
}

/// A payment that was booked.
#[must_use]
pub fn payment_posted(
    practice: PracticeId,
    booked: &PaymentPosted,
) -> contract::PostPaymentResponse {
    contract::PostPaymentResponse {
        entry: Some(ledger::entry(practice, &booked.entry)),
        allocations: allocations(&booked.posted.allocations),
        credited: Some(wire::money(booked.posted.credited)),
    }
}

/// A refund to book, as payments asks at once. Errors: INVALID_FIELD.
pub fn post_refund(request: &contract::PostRefundRequest) -> Result<PostRefund> {
    Ok(PostRefund {
        practice: parse(&request.practice_id, "practice_id")?,
        refund: parse(&request.refund_id, "refund_id")?,
        payment: parse(&request.payment_id, "payment_id")?,
        amount: parse::positive(request.amount.clone(), "amount")?,
        refund_date: parse::date(request.refund_date, "refund_date")?,
        to_credit: request.to_credit,
    })
}

/// The same refund, as payments' feed tells of it. Errors: INVALID_FIELD.
pub fn refund_succeeded(practice: PracticeId, refund: &RefundSucceeded) -> Result<PostRefund> {
    Ok(PostRefund {
        practice,
        refund: parse(&refund.refund_id, "refund_id")?,
        payment: parse(&refund.payment_id, "payment_id")?,
        amount: parse::positive(refund.amount.clone(), "amount")?,
        refund_date: parse::date(refund.refund_date, "refund_date")?,
        to_credit: refund.to_credit,
    })
}

/// What an insurer paid and decided. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn record_insurer_payment(
    request: contract::RecordInsurerPaymentRequest,
) -> Result<RecordInsurerPayment> {
    let owes = |decision: contract::InsurerDecision| {
        parse::non_negative(decision.client_owes, "decision.client_owes")
    };
    Ok(RecordInsurerPayment {
        practice: parse(&request.practice_id, "practice_id")?,
        bill: parse(&request.bill_id, "bill_id")?,
        paid: parse::non_negative(request.paid, "paid")?,
        client_owes: request.decision.map(owes).transpose()?,
        receive_date: parse::date(request.receive_date, "receive_date")?,
        check_number: request.check_number,
        note: free_text(request.note, "note")?,
    })
}

/// What was booked of it.
#[must_use]
pub fn insurer_payment_recorded(
    practice: PracticeId,
    recorded: &InsurerPaymentRecorded,
) -> contract::RecordInsurerPaymentResponse {
    contract::RecordInsurerPaymentResponse {
        insurer_payment_id: recorded.payment.id.to_string(),
        entry: Some(ledger::entry(practice, &recorded.entry)),
        bill: Some(bill::bill(&recorded.bill)),
        credited: Some(wire::money(recorded.payment.credited)),
    }
}
