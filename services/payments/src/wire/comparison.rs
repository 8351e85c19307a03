//! Discrepancies, and what breaks invariants, in our own contract.

use crate::domain::comparison::DiscrepancyKind;
use crate::store::comparisons::Discrepancy;
use ::rpc::wire;
use pg::verify::Finding;
use proto::payments::v1 as contract;

/// As the API shows it.
pub fn discrepancy(discrepancy: &Discrepancy) -> contract::Discrepancy {
    let found = &discrepancy.found;
    contract::Discrepancy {
        discrepancy_id: discrepancy.discrepancy.to_string(),
        kind: kind(found.kind).into(),
        comparison_date: Some(wire::date(discrepancy.date)),
        processor_object: found.object.clone(),
        payment_id: found.payment.map(|id| id.to_string()).unwrap_or_default(),
        recorded: Some(wire::money(found.recorded)),
        found: Some(wire::money(found.found)),
        create_time: Some(wire::time(discrepancy.create_time)),
    }
}

/// As the API shows it.
pub fn finding(found: Finding) -> contract::InvariantFinding {
    contract::InvariantFinding {
        invariant: found.invariant.code.to_owned(),
        rule: found.invariant.rule.to_owned(),
        subject: found.subject,
        explanation: found.explanation,
    }
}

const fn kind(kind: DiscrepancyKind) -> contract::DiscrepancyKind {
    match kind {
        DiscrepancyKind::ChargeNotRecorded => contract::DiscrepancyKind::ChargeNotRecorded,
        DiscrepancyKind::PaymentNotCharged => contract::DiscrepancyKind::PaymentNotCharged,
        DiscrepancyKind::AmountDiffers => contract::DiscrepancyKind::AmountDiffers,
        DiscrepancyKind::RefundNotRecorded => contract::DiscrepancyKind::RefundNotRecorded,
        DiscrepancyKind::DisputeNotRecorded => contract::DiscrepancyKind::DisputeNotRecorded,
    }
}
