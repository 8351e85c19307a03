//! payments' own contract.

use super::refund::refund;
use crate::domain::decline::{Decline, DeclineReason, NextStep};
use crate::domain::on_file::Funding;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::ops::{ClosePayment, CorrectPayment, NewPayment, Shown, etag};
use crate::store::closings::Closing;
use crate::store::corrections::Correction;
use crate::store::payments::{Payment, PaymentFilter};
use crate::{Payments, Result};
use ::rpc::{Caller, Invalid, Role, free_text, parse, wire};
use ids::PracticeId;
use proto::billing::v1 as billing;
use proto::payments::v1 as contract;
use secrecy::ExposeSecret;

/// What is to be recorded. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn new_payment(
    practice: PracticeId,
    asked: contract::RecordPaymentRequest,
) -> Result<NewPayment> {
    let kind = match asked.kind() {
        billing::PaymentKind::Cash => PaymentKind::Cash,
        billing::PaymentKind::Check => PaymentKind::Check,
        billing::PaymentKind::CardElsewhere => PaymentKind::CardElsewhere,
        billing::PaymentKind::BankElsewhere => PaymentKind::BankElsewhere,
        billing::PaymentKind::Other => PaymentKind::Other,
        billing::PaymentKind::Unspecified
        | billing::PaymentKind::Card
        | billing::PaymentKind::BankDebit => {
            return Err(Invalid::new("kind", "must be an offline kind").into());
        }
    };
    let time = asked.receive_time;
    Ok(NewPayment {
        practice,
        client: parse(&asked.client_id, "client_id")?,
        kind,
        label: free_text(asked.label.trim().to_owned(), "label")?,
        amount: parse::positive(asked.amount, "amount")?,
        allocations: super::charge::allocations(asked.allocations)?,
        receive_time: time
            .map(|time| parse::time(Some(time), "receive_time"))
            .transpose()?,
        check_number: free_text(asked.check_number.trim().to_owned(), "check_number")?,
        note: free_text(asked.note, "note")?,
    })
}

/// How a payment is to be corrected. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn correct_payment(
    practice: PracticeId,
    asked: contract::CorrectPaymentRequest,
) -> Result<CorrectPayment> {
    let time = asked.receive_time;
    Ok(CorrectPayment {
        practice,
        payment: parse(&asked.payment_id, "payment_id")?,
        etag: asked.etag,
        note: free_text(asked.note, "note")?,
        receive_time: time
            .map(|time| parse::time(Some(time), "receive_time"))
            .transpose()?,
        check_number: asked
            .check_number
            .map(|number| free_text(number.trim().to_owned(), "check_number"))
            .transpose()?,
    })
}

/// What is said of a payment's end. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn close_payment(
    practice: PracticeId,
    asked: contract::ClosePaymentRequest,
) -> Result<ClosePayment> {
    let charged = match asked.outcome() {
        contract::ClosedOutcome::Charged => true,
        contract::ClosedOutcome::NotCharged => false,
        contract::ClosedOutcome::Unspecified => {
            return Err(Invalid::new("outcome", "must be given").into());
        }
    };
    let reason = free_text(asked.reason.trim().to_owned(), "reason")?;
    if reason.is_empty() {
        return Err(Invalid::new("reason", "must not be empty").into());
    }
    Ok(ClosePayment {
        practice,
        payment: parse(&asked.payment_id, "payment_id")?,
        charged,
        reason,
    })
}

/// What a list is to show. Errors: INVALID_FIELD.
pub fn filter(asked: &contract::ListPaymentsRequest) -> Result<PaymentFilter> {
    Ok(PaymentFilter {
        client: parse::optional(&asked.client_id, "client_id")?,
        states: asked.states().filter_map(state_of).collect(),
    })
}

/// As the API shows it to this caller: whoever pays sees neither the practice's note nor its dashboard, nor what only the
/// practice may know of a decline.
pub fn shown_to(caller: &Caller, payments: &Payments, it: &Shown) -> contract::Payment {
    let secret = it.client_secret.as_ref();
    let secret = secret.map(ExposeSecret::expose_secret).unwrap_or_default();
    let payment = contract::Payment {
        client_secret: secret.to_owned(),
        ..payment(payments, &it.payment)
    };
    if !pays(caller.role) {
        return payment;
    }
    let told = it.payment.decline.as_ref().map(Decline::told_to_payer);
    let refunds = payment.refunds.iter().map(|given| contract::Refund {
        closing: None,
        ..given.clone()
    });
    contract::Payment {
        note: String::new(),
        processor_url: String::new(),
        decline_reason: decline_reason(told.as_ref().map(|it| it.reason)).into(),
        decline_next_step: next_step(told.as_ref()).into(),
        decline_practice_text: String::new(),
        decline_code: String::new(),
        corrections: Vec::new(),
        closing: None,
        refunds: refunds.collect(),
        ..payment
    }
}

const fn pays(role: Role) -> bool {
    match role {
        Role::Guest | Role::Client | Role::Contact | Role::Anonymous => true,
        Role::Owner | Role::Biller | Role::Clinician | Role::Program | Role::Service => false,
    }
}

/// As the API shows it, without what only the payer may see.
pub fn payment(payments: &Payments, payment: &Payment) -> contract::Payment {
    let decline = payment.decline.as_ref();
    let decline_text = decline.map(|decline| decline.payer_text(payment.kind));
    let practice_text = decline.map(Decline::practice_text);
    let in_dashboard = payment.processor_intent.as_deref();
    contract::Payment {
        payment_id: payment.payment.to_string(),
        client_id: payment.client.to_string(),
        kind: kind(payment.kind).into(),
        label: payment.label.clone(),
        amount: Some(wire::money(payment.amount)),
        state: state(payment.state).into(),
        receive_time: Some(wire::time(payment.receive_time)),
        allocations: allocations(payment),
        refunded: Some(wire::money(payment.refunded)),
        method_text: payment.method_text.clone(),
        note: payment.note.clone(),
        decline_reason: decline_reason(decline.map(|it| it.reason)).into(),
        decline_text: decline_text.unwrap_or_default().to_owned(),
        decline_next_step: next_step(decline).into(),
        decline_practice_text: practice_text.unwrap_or_default().to_owned(),
        decline_hard: decline.is_some_and(Decline::is_hard),
        decline_code: decline.map(|it| it.code.clone()).unwrap_or_default(),
        state_text: state_text(payment).to_owned(),
        method_id: payment
            .means
            .method
            .map(|id| id.to_string())
            .unwrap_or_default(),
        card_funding: match payment.means.funding {
            Funding::Credit | Funding::Debit | Funding::Prepaid => payment.means.funding.name(),
            Funding::Unknown => "",
        }
        .to_owned(),
        hsa_fsa: payment.means.hsa_fsa,
        etag: etag(payment),
        corrections: payment.corrections.iter().map(correction).collect(),
        closing: payment.closing.as_ref().map(closing),
        processor_account: payment.means.account.clone().unwrap_or_default(),
        client_secret: String::new(),
        create_time: Some(wire::time(payment.create_time)),
        refunds: payment.refunds.iter().map(refund).collect(),
        posted: payment.posted,
        processor_url: in_dashboard
            .map(|intent| format!("{}{intent}", payments.dashboard_url))
            .unwrap_or_default(),
    }
}

fn correction(correction: &Correction) -> contract::PaymentCorrection {
    contract::PaymentCorrection {
        note: correction.note.clone(),
        receive_time: Some(wire::time(correction.receive_time)),
        corrected_by: correction.corrected_by.clone(),
        correct_time: Some(wire::time(correction.correct_time)),
        method_text: correction.method_text.clone(),
    }
}

fn closing(closing: &Closing) -> contract::PaymentClosing {
    let outcome = if closing.charged {
        contract::ClosedOutcome::Charged
    } else {
        contract::ClosedOutcome::NotCharged
    };
    contract::PaymentClosing {
        outcome: outcome.into(),
        reason: closing.reason.clone(),
        closed_by: closing.closed_by.clone(),
        close_time: Some(wire::time(closing.close_time)),
    }
}

/// As the API names it.
pub fn kind(kind: PaymentKind) -> billing::PaymentKind {
    match kind {
        PaymentKind::Card => billing::PaymentKind::Card,
        PaymentKind::BankDebit => billing::PaymentKind::BankDebit,
        PaymentKind::Cash => billing::PaymentKind::Cash,
        PaymentKind::Check => billing::PaymentKind::Check,
        PaymentKind::CardElsewhere => billing::PaymentKind::CardElsewhere,
        PaymentKind::BankElsewhere => billing::PaymentKind::BankElsewhere,
        PaymentKind::Other => billing::PaymentKind::Other,
    }
}

/// As the API names it; unspecified when it did not fail.
pub const fn decline_reason(reason: Option<DeclineReason>) -> contract::DeclineReason {
    let Some(reason) = reason else {
        return contract::DeclineReason::Unspecified;
    };
    match reason {
        DeclineReason::Expired => contract::DeclineReason::Expired,
        DeclineReason::InsufficientFunds => contract::DeclineReason::InsufficientFunds,
        DeclineReason::BankRefused => contract::DeclineReason::BankRefused,
        DeclineReason::WrongDetails => contract::DeclineReason::WrongDetails,
        DeclineReason::AuthenticationNeeded => contract::DeclineReason::AuthenticationNeeded,
        DeclineReason::ProcessingError => contract::DeclineReason::ProcessingError,
        DeclineReason::LostOrStolen => contract::DeclineReason::LostOrStolen,
        DeclineReason::NotSupported => contract::DeclineReason::NotSupported,
        DeclineReason::LimitExceeded => contract::DeclineReason::LimitExceeded,
        DeclineReason::AccountClosed => contract::DeclineReason::AccountClosed,
        DeclineReason::NotAuthorized => contract::DeclineReason::NotAuthorized,
        DeclineReason::AmountNotAccepted => contract::DeclineReason::AmountNotAccepted,
    }
}

/// What helps; unspecified when it did not fail.
pub fn next_step(decline: Option<&Decline>) -> contract::DeclineNextStep {
    match decline.map(Decline::next_step) {
        None => contract::DeclineNextStep::Unspecified,
        Some(NextStep::TryLater) => contract::DeclineNextStep::TryLater,
        Some(NextStep::UseOther) => contract::DeclineNextStep::UseOther,
        Some(NextStep::EnterAgain) => contract::DeclineNextStep::EnterAgain,
        Some(NextStep::ConfirmWithBank) => contract::DeclineNextStep::ConfirmWithBank,
        Some(NextStep::AskBank) => contract::DeclineNextStep::AskBank,
        Some(NextStep::OtherAmount) => contract::DeclineNextStep::OtherAmount,
    }
}

/// Where it stands, when its state alone would leave the payer asking.
const fn state_text(payment: &Payment) -> &'static str {
    match (payment.state, payment.kind) {
        (PaymentState::Processing, PaymentKind::BankDebit) => {
            "The payment is on its way and not yet paid: the bank takes up to five business days. There is nothing more to do."
        }
        (PaymentState::Processing, _) => {
            "The payment is being processed. There is nothing more to do."
        }
        (PaymentState::RequiresAction, _) => "The bank wants the payer to confirm this payment.",
        (PaymentState::Unknown, _) => {
            "It is not known yet whether the payment went through. Please do not pay again; it is being found out."
        }
        (PaymentState::Cancelled, _) => {
            "The payment was given up before anything was charged. It can be paid again."
        }
        (PaymentState::Created | PaymentState::Succeeded | PaymentState::Failed, _) => "",
    }
}

/// For which bills it is meant.
pub fn allocations(payment: &Payment) -> Vec<billing::Allocation> {
    let shown = payment.allocations.iter().map(|part| billing::Allocation {
        bill_id: part.bill.to_string(),
        amount: Some(wire::money(part.amount)),
    });
    shown.collect()
}

fn state(state: PaymentState) -> contract::PaymentState {
    match state {
        PaymentState::Created => contract::PaymentState::Created,
        PaymentState::RequiresAction => contract::PaymentState::RequiresAction,
        PaymentState::Processing => contract::PaymentState::Processing,
        PaymentState::Unknown => contract::PaymentState::Unknown,
        PaymentState::Succeeded => contract::PaymentState::Succeeded,
        PaymentState::Failed => contract::PaymentState::Failed,
        PaymentState::Cancelled => contract::PaymentState::Cancelled,
    }
}

fn state_of(shown: contract::PaymentState) -> Option<PaymentState> {
    PaymentState::ALL
        .iter()
        .copied()
        .find(|one| state(*one) == shown)
}
