//! What billing announces. No event but SessionRecorded's total carries anything of what was treated.

use crate::domain::adjustment::Adjustment;
use crate::domain::bill::Bill;
use crate::domain::entry::Entry;
use crate::domain::payment::PaidBy;
use crate::domain::sharing::Share;
use crate::store::insurer_payments::InsurerPayment;
use crate::store::monthly_superbills::MonthlySuperbill;
use crate::store::payment_corrections::Correction;
use crate::store::payments::PostedPayment;
use crate::store::refunds::PostedRefund;
use crate::wire::adjustment::{shown_kind, shown_reason};
use crate::wire::{bill, ledger, payment};
use ::rpc::wire;
use clock::Clock;
use ids::{ClientId, EntryId, EventId, PracticeId, SessionId};
use jiff::civil::Date;
use pg::Announcement;
use prost_reflect::ReflectMessage;
use proto::billing::v1 as contract;

/// The announcement of an event, under its message's full name.
pub fn of(clock: &Clock, message: &impl ReflectMessage) -> Announcement {
    Announcement::of(EventId::new(clock), message)
}

/// A bill was issued.
#[must_use]
pub fn bill_issued(issued: &Bill) -> contract::BillIssued {
    contract::BillIssued {
        bill: Some(bill::facts(issued)),
    }
}

/// A bill was edited.
#[must_use]
pub fn bill_edited(edited: &Bill) -> contract::BillEdited {
    contract::BillEdited {
        bill: Some(bill::facts(edited)),
    }
}

/// Something was taken off.
#[must_use]
pub fn bill_adjusted(adjusted: &Bill, adjustment: &Adjustment) -> contract::BillAdjusted {
    contract::BillAdjusted {
        bill: Some(bill::facts(adjusted)),
        adjustment_id: adjustment.id.to_string(),
        kind: shown_kind(adjustment.reduction.kind).into(),
        reason: shown_reason(adjustment.reduction.reason).into(),
        amount: Some(wire::money(adjustment.amount)),
        entry_id: adjustment.entry.to_string(),
    }
}

/// An adjustment was taken back.
#[must_use]
pub fn adjustment_reversed(
    adjusted: &Bill,
    adjustment: &Adjustment,
    entry: EntryId,
) -> contract::AdjustmentReversed {
    contract::AdjustmentReversed {
        bill: Some(bill::facts(adjusted)),
        adjustment_id: adjustment.id.to_string(),
        amount: Some(wire::money(adjustment.amount)),
        entry_id: entry.to_string(),
        kind: shown_kind(adjustment.reduction.kind).into(),
    }
}

/// A bill was cancelled.
#[must_use]
pub fn bill_cancelled(cancelled: &Bill) -> contract::BillCancelled {
    contract::BillCancelled {
        bill: Some(bill::facts(cancelled)),
    }
}

/// What is owed on a bill changed.
#[must_use]
pub fn balance_changed(changed: &Bill, entry: EntryId) -> contract::BillBalanceChanged {
    contract::BillBalanceChanged {
        bill: Some(bill::facts(changed)),
        entry_id: entry.to_string(),
    }
}

/// A bill is to be sent.
#[must_use]
pub fn bill_shared(shared: &Bill, share: &Share, scheduled: bool) -> contract::BillShared {
    contract::BillShared {
        bill: Some(bill::facts(shared)),
        without_pdf: !share.with_pdf,
        share_id: share.share.to_string(),
        scheduled,
    }
}

/// An entry was written.
#[must_use]
pub fn entry_posted(practice: PracticeId, entry: &Entry) -> contract::EntryPosted {
    contract::EntryPosted {
        entry: Some(ledger::entry(practice, entry)),
    }
}

/// A client was added.
#[must_use]
pub fn client_added(client: ClientId) -> contract::ClientAdded {
    contract::ClientAdded {
        client_id: client.to_string(),
    }
}

/// A payment was booked.
#[must_use]
pub fn payment_posted(posted: &PostedPayment, paid_by: Option<PaidBy>) -> contract::PaymentPosted {
    contract::PaymentPosted {
        payment_id: posted.payment.payment.to_string(),
        client_id: posted.payment.client.to_string(),
        kind: payment::payment_kind(posted.payment.kind).into(),
        amount: Some(wire::money(posted.payment.amount)),
        receive_date: Some(wire::date(posted.receive_date)),
        allocations: payment::allocations(&posted.allocations),
        credited: Some(wire::money(posted.credited)),
        entry_id: posted.entry.to_string(),
        method_text: posted.method_text.clone(),
        paid_by: paid_by.map(payment::shown_payer),
    }
}

/// A booked payment was corrected; as it was booked until now.
#[must_use]
pub fn payment_corrected(
    posted: &PostedPayment,
    correction: &Correction<'_>,
) -> contract::PaymentCorrected {
    let moved = correction.moved;
    contract::PaymentCorrected {
        payment_id: correction.payment.to_string(),
        client_id: posted.payment.client.to_string(),
        receive_date: Some(wire::date(correction.to)),
        previous_date: Some(wire::date(correction.from)),
        method_text: correction.method_text.to_owned(),
        reverse_entry_id: moved.map(|it| it.reverse.to_string()).unwrap_or_default(),
        entry_id: moved.map(|it| it.anew.to_string()).unwrap_or_default(),
    }
}

/// A refund was booked.
#[must_use]
pub fn refund_posted(posted: &PostedRefund) -> contract::RefundPosted {
    contract::RefundPosted {
        refund_id: posted.refund.to_string(),
        payment_id: posted.payment.to_string(),
        client_id: posted.client.to_string(),
        amount: Some(wire::money(posted.amount)),
        refund_date: Some(wire::date(posted.refund_date)),
        entry_id: posted.entry.to_string(),
    }
}

/// A refund came back.
#[must_use]
pub fn refund_returned(
    posted: &PostedRefund,
    return_date: Date,
    entry: EntryId,
) -> contract::RefundReturned {
    contract::RefundReturned {
        refund_id: posted.refund.to_string(),
        payment_id: posted.payment.to_string(),
        client_id: posted.client.to_string(),
        amount: Some(wire::money(posted.amount)),
        return_date: Some(wire::date(return_date)),
        entry_id: entry.to_string(),
    }
}

/// An insurer paid or decided.
#[must_use]
pub fn insurer_payment_recorded(
    payment: &InsurerPayment,
    client: ClientId,
    payer_name: String,
) -> contract::InsurerPaymentRecorded {
    contract::InsurerPaymentRecorded {
        insurer_payment_id: payment.id.to_string(),
        bill_id: payment.bill.to_string(),
        client_id: client.to_string(),
        payer_id: payment.payer.to_string(),
        paid: Some(wire::money(payment.paid)),
        receive_date: Some(wire::date(payment.receive_date)),
        entry_id: payment.entry.to_string(),
        payer_name,
        decided: payment.client_owes.is_some(),
    }
}

/// A session was taken back with its import.
#[must_use]
pub fn session_removed(session: SessionId, client: ClientId) -> contract::SessionRemoved {
    contract::SessionRemoved {
        session_id: session.to_string(),
        client_id: client.to_string(),
    }
}

/// A superbill was made and is to be sent.
#[must_use]
pub fn monthly_superbill_made(made: &MonthlySuperbill) -> contract::MonthlySuperbillMade {
    contract::MonthlySuperbillMade {
        document_id: made.document.to_string(),
        client_id: made.client.to_string(),
        month: Some(wire::date(made.month)),
        without_pdf: !made.with_pdf,
    }
}
