//! What payments announces: amounts and ids, nothing of what was treated.

use super::{method, payment};
use crate::Result;
use crate::domain::charge::Presence;
use crate::domain::connection::Connection;
use crate::domain::decline::Decline;
use crate::domain::dispute::Moved;
use crate::domain::on_file::Expiry;
use crate::domain::payer::Payer;
use crate::domain::payment::PaymentKind;
use crate::store::authorizations::{Authorization, Signature};
use crate::store::disputes::Dispute;
use crate::store::methods::Method;
use crate::store::payments::Payment;
use crate::store::practices::Practice;
use crate::store::refunds::Refund;
use ::rpc::wire;
use clock::Clock;
use ids::{DisputeMovementId, EventId};
use jiff::Timestamp;
use jiff::civil::Date;
use pg::Announcement;
use prost_reflect::ReflectMessage;
use proto::payments::v1 as contract;

fn of(clock: &Clock, message: &impl ReflectMessage) -> Announcement {
    Announcement::of(EventId::new(clock), message)
}

/// The money came; whose what it was paid with is, when that is known.
pub fn payment_succeeded(clock: &Clock, paid: &Payment, payer: Option<Payer>) -> Announcement {
    of(
        clock,
        &contract::PaymentSucceeded {
            payment: Some(facts(paid)),
            payer: payer.map(payer_facts),
        },
    )
}

/// An offline payment is of another day or check than was said.
pub fn payment_corrected(clock: &Clock, corrected: &Payment, revision: i32) -> Announcement {
    of(
        clock,
        &contract::PaymentCorrected {
            payment: Some(facts(corrected)),
            revision,
        },
    )
}

/// A charge was declined; whose what it was made with is, when that is known.
pub fn payment_failed(clock: &Clock, failed: &Payment, payer: Option<Payer>) -> Announcement {
    let decline = failed.decline.as_ref();
    let text = decline.map(|decline| decline.payer_text(failed.kind));
    let practice_text = decline.map(Decline::practice_text);
    of(
        clock,
        &contract::PaymentFailed {
            payment: Some(facts(failed)),
            decline_reason: payment::decline_reason(decline.map(|it| it.reason)).into(),
            decline_text: text.unwrap_or_default().to_owned(),
            practice_text: practice_text.unwrap_or_default().to_owned(),
            next_step: payment::next_step(decline).into(),
            hard: decline.is_some_and(Decline::is_hard),
            unattended: failed.presence == Presence::Nobody
                || failed.kind == PaymentKind::BankDebit,
            payer: payer.map(payer_facts),
        },
    )
}

/// A charge was given up.
pub fn payment_cancelled(clock: &Clock, cancelled: &Payment) -> Announcement {
    of(
        clock,
        &contract::PaymentCancelled {
            payment: Some(facts(cancelled)),
        },
    )
}

/// Money goes back, to whose it was made with, when that is known.
pub fn refund_succeeded(
    clock: &Clock,
    (payment, payer): (&Payment, Option<Payer>),
    refund: &Refund,
) -> Announcement {
    of(
        clock,
        &contract::RefundSucceeded {
            refund_id: refund.refund.to_string(),
            payment_id: refund.payment.to_string(),
            client_id: payment.client.to_string(),
            amount: Some(wire::money(refund.amount)),
            refund_date: Some(wire::date(refund.refund_date)),
            to_credit: refund.to_credit,
            reason: refund.reason.clone(),
            method_text: payment.method_text.clone(),
            made_at_processor: refund.made_at_processor,
            payer: payer.map(payer_facts),
        },
    )
}

/// Money did not go back, or came back on that local day.
pub fn refund_failed(
    clock: &Clock,
    payment: &Payment,
    refund: &Refund,
    (fail_date, came_back): (Date, bool),
) -> Announcement {
    of(
        clock,
        &contract::RefundFailed {
            refund_id: refund.refund.to_string(),
            payment_id: refund.payment.to_string(),
            client_id: payment.client.to_string(),
            amount: Some(wire::money(refund.amount)),
            refund_date: Some(wire::date(refund.refund_date)),
            to_credit: refund.to_credit,
            reason: refund.reason.clone(),
            method_text: payment.method_text.clone(),
            fail_date: Some(wire::date(fail_date)),
            came_back,
        },
    )
}

/// A card or bank account came on file.
pub fn method_added(clock: &Clock, added: &Method, replaced: Option<&Method>) -> Announcement {
    let replaced_id = replaced.map(|old| old.method.to_string());
    of(
        clock,
        &contract::MethodAdded {
            method: Some(method_facts(added)),
            replaced_id: replaced_id.unwrap_or_default(),
        },
    )
}

/// Something of a method changed.
pub fn method_updated(clock: &Clock, updated: &Method) -> Announcement {
    let method = Some(method_facts(updated));
    of(clock, &contract::MethodUpdated { method })
}

/// A method is not on file any more.
pub fn method_removed(clock: &Clock, removed: &Method) -> Announcement {
    let replaced_by_id = removed.replaced_by.map(|new| new.to_string());
    of(
        clock,
        &contract::MethodRemoved {
            method: Some(method_facts(removed)),
            replaced_by_id: replaced_by_id.unwrap_or_default(),
        },
    )
}

/// A card ends soon.
pub fn method_expiring(clock: &Clock, expiring: &Method) -> Announcement {
    let method = Some(method_facts(expiring));
    of(clock, &contract::MethodExpiring { method })
}

/// A card's last month is over.
pub fn method_expired(clock: &Clock, expired: &Method) -> Announcement {
    let method = Some(method_facts(expired));
    of(clock, &contract::MethodExpired { method })
}

/// A payer is asked for a card, for the first time or again.
pub fn card_authorization_requested(clock: &Clock, asked: &Authorization) -> Announcement {
    of(
        clock,
        &contract::CardAuthorizationRequested {
            authorization_id: asked.authorization.to_string(),
            client_id: asked.client.to_string(),
            contact_id: method::contact(asked.payer),
            reminder: asked.reminders,
            new_account: asked.new_account,
        },
    )
}

/// A form was signed.
pub fn card_authorization_signed(
    clock: &Clock,
    signed: &Authorization,
    signature: &Signature,
) -> Announcement {
    of(
        clock,
        &contract::CardAuthorizationSigned {
            authorization_id: signed.authorization.to_string(),
            client_id: signed.client.to_string(),
            contact_id: method::contact(signed.payer),
            method_id: signature.method.to_string(),
            method_text: signature.method_text.clone(),
        },
    )
}

/// A form does not count any more.
pub fn card_authorization_revoked(clock: &Clock, revoked: &Authorization) -> Announcement {
    of(
        clock,
        &contract::CardAuthorizationRevoked {
            authorization_id: revoked.authorization.to_string(),
            client_id: revoked.client.to_string(),
            contact_id: method::contact(revoked.payer),
        },
    )
}

fn payer_facts(payer: Payer) -> contract::PayerFacts {
    contract::PayerFacts {
        contact_id: method::contact(payer),
    }
}

fn method_facts(of: &Method) -> contract::MethodFacts {
    contract::MethodFacts {
        method_id: of.method.to_string(),
        client_id: of.client.to_string(),
        contact_id: method::contact(of.payer),
        method_text: method::text(of),
        is_default: of.is_default,
        end_date: of.expiry.and_then(Expiry::last_day).map(wire::date),
        state: method::state(of.state).into(),
    }
}

/// A payer's bank questions a payment. Errors: `Stored`.
pub fn dispute_opened(
    clock: &Clock,
    practice: &Practice,
    opened: &Dispute,
) -> Result<Announcement> {
    let event = contract::DisputeOpened {
        dispute: Some(dispute_facts(practice, opened)?),
        open_date: Some(wire::date(practice.local_date(opened.open_time)?)),
    };
    Ok(of(clock, &event))
}

/// Money was withdrawn, or reinstated. Errors: `Stored`.
pub fn dispute_moved(
    clock: &Clock,
    practice: &Practice,
    dispute: &Dispute,
    (movement, moved): (DisputeMovementId, &Moved),
) -> Result<Announcement> {
    let dispute = Some(dispute_facts(practice, dispute)?);
    let movement_id = movement.to_string();
    let fee = Some(wire::money(moved.fee));
    let move_date = Some(wire::date(practice.local_date(moved.time)?));
    Ok(if moved.amount.is_negative() {
        let event = contract::DisputeFundsWithdrawn {
            dispute,
            movement_id,
            amount: Some(wire::money(moved.amount.negated()?)),
            fee,
            move_date,
        };
        of(clock, &event)
    } else {
        let event = contract::DisputeFundsReinstated {
            dispute,
            movement_id,
            amount: Some(wire::money(moved.amount)),
            fee,
            move_date,
        };
        of(clock, &event)
    })
}

/// The bank has decided. Errors: `Stored`.
pub fn dispute_closed(
    clock: &Clock,
    practice: &Practice,
    closed: &Dispute,
    now: Timestamp,
) -> Result<Announcement> {
    let event = contract::DisputeClosed {
        dispute: Some(dispute_facts(practice, closed)?),
        close_date: Some(wire::date(practice.local_date(now)?)),
    };
    Ok(of(clock, &event))
}

/// Online payments were turned on or off.
pub fn online_payments_set(clock: &Clock, enabled: bool) -> Announcement {
    of(clock, &contract::OnlinePaymentsSet { enabled })
}

/// What a practice's own account may do has changed. So many methods are on file with it.
pub fn account_updated(
    clock: &Clock,
    (before, after): (&Connection, &Connection),
    methods: i64,
) -> Announcement {
    let standing = &after.standing;
    let event = contract::ProcessorAccountUpdated {
        processor_account: after.account.clone().unwrap_or_default(),
        state: super::account::state(after.state()).into(),
        charges_enabled: standing.charges_enabled,
        payouts_enabled: standing.payouts_enabled,
        requirements_due: standing.requirements_due.clone(),
        disabled_reason: standing.disabled_reason.clone(),
        previous_state: super::account::state(before.state()).into(),
        method_count: methods,
    };
    of(clock, &event)
}

fn dispute_facts(practice: &Practice, dispute: &Dispute) -> Result<contract::DisputeFacts> {
    let respond_by = dispute.respond_by_time;
    let respond_by = respond_by
        .map(|time| practice.local_date(time))
        .transpose()?;
    Ok(contract::DisputeFacts {
        dispute_id: dispute.dispute.to_string(),
        payment_id: dispute.payment.to_string(),
        client_id: dispute.client.to_string(),
        amount: Some(wire::money(dispute.amount)),
        state: super::dispute::state(dispute.state).into(),
        bill_ids: dispute.bills.iter().map(ToString::to_string).collect(),
        method_text: dispute.method_text.clone(),
        respond_by_date: respond_by.map(wire::date),
    })
}

fn facts(of: &Payment) -> contract::PaymentFacts {
    contract::PaymentFacts {
        payment_id: of.payment.to_string(),
        client_id: of.client.to_string(),
        kind: payment::kind(of.kind).into(),
        label: of.label.clone(),
        amount: Some(wire::money(of.amount)),
        receive_time: Some(wire::time(of.receive_time)),
        receive_date: Some(wire::date(of.receive_date)),
        allocations: payment::allocations(of),
        method_text: of.method_text.clone(),
    }
}
