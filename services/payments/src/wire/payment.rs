//! payments' own contract.

use crate::domain::allocation::Allocation;
use crate::domain::decline::DeclineReason;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::domain::refund::RefundState;
use crate::ops::{NewPayment, NewRefund, PayBill, Shown};
use crate::store::payments::{Payment, PaymentFilter};
use crate::store::refunds::Refund;
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
    let allocations = asked.allocations.into_iter().enumerate();
    let allocations = allocations.map(|(at, wanted)| {
        let field = |name: &str| format!("allocations[{at}].{name}");
        Ok(Allocation {
            bill: parse(&wanted.bill_id, &field("bill_id"))?,
            amount: parse::positive(wanted.amount, &field("amount"))?,
        })
    });
    let time = asked.receive_time;
    Ok(NewPayment {
        practice,
        client: parse(&asked.client_id, "client_id")?,
        kind,
        label: free_text(asked.label.trim().to_owned(), "label")?,
        amount: parse::positive(asked.amount, "amount")?,
        allocations: allocations.collect::<Result<_>>()?,
        receive_time: time
            .map(|time| parse::time(Some(time), "receive_time"))
            .transpose()?,
        check_number: free_text(asked.check_number.trim().to_owned(), "check_number")?,
        note: free_text(asked.note, "note")?,
    })
}

/// What is to be paid. Errors: INVALID_FIELD.
pub fn pay_bill(practice: PracticeId, asked: contract::PayBillRequest) -> Result<PayBill> {
    Ok(PayBill {
        practice,
        bill: parse(&asked.bill_id, "bill_id")?,
        amount: parse::positive(asked.amount, "amount")?,
        processor_method: asked.processor_method,
    })
}

/// What is to go back. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn new_refund(
    practice: PracticeId,
    asked: contract::RefundPaymentRequest,
) -> Result<NewRefund> {
    Ok(NewRefund {
        practice,
        payment: parse(&asked.payment_id, "payment_id")?,
        amount: parse::positive(asked.amount, "amount")?,
        reason: free_text(asked.reason, "reason")?,
        to_credit: asked.to_credit,
    })
}

/// What a list is to show. Errors: INVALID_FIELD.
pub fn filter(asked: &contract::ListPaymentsRequest) -> Result<PaymentFilter> {
    Ok(PaymentFilter {
        client: parse::optional(&asked.client_id, "client_id")?,
        states: asked.states().filter_map(state_of).collect(),
    })
}

/// As the API shows it.
pub fn shown(payments: &Payments, shown: &Shown) -> contract::Payment {
    let secret = shown
        .client_secret
        .as_ref()
        .map(ExposeSecret::expose_secret);
    contract::Payment {
        client_secret: secret.unwrap_or_default().to_owned(),
        ..payment(payments, &shown.payment)
    }
}

/// As the API shows it to this caller: a guest sees neither the practice's note nor its dashboard.
pub fn shown_to(caller: &Caller, payments: &Payments, it: &Shown) -> contract::Payment {
    let payment = shown(payments, it);
    if caller.role != Role::Guest {
        return payment;
    }
    contract::Payment {
        note: String::new(),
        processor_url: String::new(),
        ..payment
    }
}

/// As the API shows it, without what only the payer may see.
pub fn payment(payments: &Payments, payment: &Payment) -> contract::Payment {
    let decline_text = payment.decline.map(|reason| reason.text().to_owned());
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
        decline_reason: decline_reason(payment.decline).into(),
        decline_text: decline_text.unwrap_or_default(),
        client_secret: String::new(),
        create_time: Some(wire::time(payment.create_time)),
        refunds: payment.refunds.iter().map(refund).collect(),
        posted: payment.posted,
        processor_url: in_dashboard
            .map(|intent| format!("{}{intent}", payments.dashboard_url))
            .unwrap_or_default(),
    }
}

/// As the API shows it.
pub fn refund(refund: &Refund) -> contract::Refund {
    let state = match refund.state {
        RefundState::Created => contract::RefundState::Created,
        RefundState::Processing => contract::RefundState::Processing,
        RefundState::Unknown => contract::RefundState::Unknown,
        RefundState::Succeeded => contract::RefundState::Succeeded,
        RefundState::Failed => contract::RefundState::Failed,
    };
    contract::Refund {
        refund_id: refund.refund.to_string(),
        payment_id: refund.payment.to_string(),
        amount: Some(wire::money(refund.amount)),
        reason: refund.reason.clone(),
        to_credit: refund.to_credit,
        state: state.into(),
        create_time: Some(wire::time(refund.create_time)),
        made_at_processor: refund.made_at_processor,
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
pub fn decline_reason(reason: Option<DeclineReason>) -> contract::DeclineReason {
    match reason {
        None => contract::DeclineReason::Unspecified,
        Some(DeclineReason::Expired) => contract::DeclineReason::Expired,
        Some(DeclineReason::InsufficientFunds) => contract::DeclineReason::InsufficientFunds,
        Some(DeclineReason::BankRefused) => contract::DeclineReason::BankRefused,
        Some(DeclineReason::WrongDetails) => contract::DeclineReason::WrongDetails,
        Some(DeclineReason::AuthenticationNeeded) => contract::DeclineReason::AuthenticationNeeded,
        Some(DeclineReason::ProcessingError) => contract::DeclineReason::ProcessingError,
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
