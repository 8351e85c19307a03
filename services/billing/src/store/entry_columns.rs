//! Between an entry and its row: what it is about stands in a column of its kind.

use crate::domain::entry::{Act, Entry};
use crate::{Error, Result};
use ids::{
    AdjustmentId, BillId, ClientId, InsurerPaymentId, PaymentId, PracticeId, RefundId, TransferId,
};
use uuid::Uuid;

/// Rows to be written, by column.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) ids: Vec<Uuid>,
    pub(super) kinds: Vec<String>,
    pub(super) dates: Vec<String>,
    pub(super) clients: Vec<Option<Uuid>>,
    pub(super) bills: Vec<Option<Uuid>>,
    pub(super) payments: Vec<Option<Uuid>>,
    pub(super) refunds: Vec<Option<Uuid>>,
    pub(super) insurer_payments: Vec<Option<Uuid>>,
    pub(super) adjustments: Vec<Option<Uuid>>,
    pub(super) subjects: Vec<Option<Uuid>>,
    pub(super) transfer_ids: Vec<Uuid>,
    pub(super) transfer_entries: Vec<Uuid>,
    pub(super) positions: Vec<i32>,
    pub(super) debits: Vec<Uuid>,
    pub(super) credits: Vec<Uuid>,
    pub(super) amounts: Vec<i64>,
    pub(super) reversed: Vec<Option<Uuid>>,
}

impl Columns {
    pub(super) fn of(practice: PracticeId, entries: &[Entry]) -> Self {
        let mut row = Self::default();
        for entry in entries {
            let subject = Subjects::of(entry.act);
            row.ids.push(entry.id.uuid());
            row.kinds.push(entry.act.name().to_owned());
            row.dates.push(entry.date.to_string());
            row.clients.push(entry.client.map(ClientId::uuid));
            row.bills.push(entry.act.bill().map(BillId::uuid));
            row.payments.push(subject.payment);
            row.refunds.push(subject.refund);
            row.insurer_payments.push(subject.insurer_payment);
            row.adjustments.push(subject.adjustment);
            row.subjects.push(subject.other);
            for (position, (id, transfer)) in (1..).zip(&entry.transfers) {
                row.transfer_ids.push(id.uuid());
                row.transfer_entries.push(entry.id.uuid());
                row.positions.push(position);
                row.debits.push(transfer.debit.id(practice).uuid());
                row.credits.push(transfer.credit.id(practice).uuid());
                row.amounts.push(transfer.amount.minor());
                row.reversed.push(transfer.reverses.map(TransferId::uuid));
            }
        }
        row
    }
}

/// What an entry is about besides its bill.
#[derive(Default)]
struct Subjects {
    payment: Option<Uuid>,
    refund: Option<Uuid>,
    insurer_payment: Option<Uuid>,
    adjustment: Option<Uuid>,
    other: Option<Uuid>,
}

impl Subjects {
    fn of(act: Act) -> Self {
        let mut subject = Self::default();
        match act {
            Act::BillIssued(_)
            | Act::BillEdited(_)
            | Act::BillCancelled(_)
            | Act::CreditApplied(_)
            | Act::CreditReversed(_)
            | Act::OpeningBalance(_)
            | Act::CreditBrought
            | Act::CreditTakenBack => {}
            Act::Payment(payment) => subject.payment = Some(payment.uuid()),
            Act::Refund(refund) => subject.refund = Some(refund.uuid()),
            Act::InsurerPayment(paid, _) => subject.insurer_payment = Some(paid.uuid()),
            Act::Adjusted(adjustment, _) | Act::AdjustmentReversed(adjustment, _) => {
                subject.adjustment = Some(adjustment.uuid());
            }
            Act::RefundReturned(refund) => subject.other = Some(refund.uuid()),
            Act::DisputeMoved(movement) => subject.other = Some(movement.uuid()),
            Act::DisputeLost(dispute) => subject.other = Some(dispute.uuid()),
            Act::PaidOut(item) | Act::PayoutFailed(item) | Act::PayoutMatched(item) => {
                subject.other = Some(item.uuid());
            }
            Act::PaymentReversed(entry) | Act::PaymentRebooked(entry) => {
                subject.other = Some(entry.uuid());
            }
        }
        subject
    }
}

/// The act of an entry by its kind and what it is about.
pub(super) fn act(
    kind: &str,
    bill: Option<BillId>,
    subjects: (
        Option<PaymentId>,
        Option<RefundId>,
        Option<InsurerPaymentId>,
    ),
    (adjustment, other): (Option<AdjustmentId>, Option<Uuid>),
) -> Result<Act> {
    Ok(match (kind, bill, subjects, adjustment) {
        ("bill_issued", Some(bill), ..) => Act::BillIssued(bill),
        ("bill_edited", Some(bill), ..) => Act::BillEdited(bill),
        ("bill_cancelled", Some(bill), ..) => Act::BillCancelled(bill),
        ("credit_applied", Some(bill), ..) => Act::CreditApplied(bill),
        ("credit_reversed", Some(bill), ..) => Act::CreditReversed(bill),
        ("opening_balance", Some(bill), ..) => Act::OpeningBalance(bill),
        ("credit_brought", ..) => Act::CreditBrought,
        ("credit_taken_back", ..) => Act::CreditTakenBack,
        ("insurer_payment", Some(bill), (_, _, Some(paid)), _) => Act::InsurerPayment(paid, bill),
        ("payment", _, (Some(payment), ..), _) => Act::Payment(payment),
        ("refund", _, (_, Some(refund), _), _) => Act::Refund(refund),
        ("adjustment", Some(bill), _, Some(adjustment)) => Act::Adjusted(adjustment, bill),
        ("adjustment_reversed", Some(bill), _, Some(adjustment)) => {
            Act::AdjustmentReversed(adjustment, bill)
        }
        _ => match (kind, other) {
            ("refund_returned", Some(refund)) => Act::RefundReturned(refund.into()),
            ("dispute_moved", Some(movement)) => Act::DisputeMoved(movement.into()),
            ("dispute_lost", Some(dispute)) => Act::DisputeLost(dispute.into()),
            ("paid_out", Some(item)) => Act::PaidOut(item.into()),
            ("payout_failed", Some(item)) => Act::PayoutFailed(item.into()),
            ("payout_matched", Some(item)) => Act::PayoutMatched(item.into()),
            ("payment_reversed", Some(entry)) => Act::PaymentReversed(entry.into()),
            ("payment_rebooked", Some(entry)) => Act::PaymentRebooked(entry.into()),
            _unknown => return Err(Error::Stored("an entry's kind")),
        },
    })
}
