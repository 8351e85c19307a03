//! What the processor's objects mean here.

use crate::domain::decline::DeclineReason;
use crate::domain::dispute::{DisputeState, Moved, Told};
use crate::domain::method::{bank_text, card_text};
use crate::domain::payment::{PaymentKind, PaymentState, Said};
use crate::domain::refund::RefundState;
use processor::{
    Account, Decline, Dispute, DisputeStatus, Instrument, IntentStatus, PaymentIntent, RefundStatus,
};
use proto::payments::v1 as contract;

/// What an object says about its charge. One that nobody confirmed says `Created`; after a decline it says why.
pub fn said(intent: &PaymentIntent) -> Said {
    let decline = intent.last_error.as_ref().map(decline_reason);
    let state = match &intent.status {
        IntentStatus::RequiresPaymentMethod if decline.is_some() => PaymentState::Failed,
        IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation => {
            PaymentState::Created
        }
        IntentStatus::RequiresAction => PaymentState::RequiresAction,
        IntentStatus::Processing => PaymentState::Processing,
        IntentStatus::Canceled => PaymentState::Cancelled,
        IntentStatus::Succeeded => PaymentState::Succeeded,
        IntentStatus::RequiresCapture | IntentStatus::Unrecognised(_) => PaymentState::Unknown,
    };
    Said {
        state,
        decline: decline.filter(|_| state == PaymentState::Failed),
        method: intent.instrument.as_ref().map(method),
        received: (state == PaymentState::Succeeded).then_some(intent.amount_received),
    }
}

/// Why it was declined.
pub fn decline_reason(decline: &Decline) -> DeclineReason {
    DeclineReason::from_codes(&decline.code, decline.decline_code.as_deref())
}

/// A card, "Visa ending in 4242". What is neither card nor bank account is charged at once as cards are.
fn method(instrument: &Instrument) -> (PaymentKind, String) {
    match instrument {
        Instrument::Card(card) => (PaymentKind::Card, card_text(&card.brand, &card.last4)),
        Instrument::BankAccount(account) => (
            PaymentKind::BankDebit,
            bank_text(&account.bank, &account.last4),
        ),
        Instrument::Other(kind) => (PaymentKind::Card, kind.replace('_', " ")),
    }
}

/// Where a refund stands.
pub fn refund_state(status: &RefundStatus) -> RefundState {
    match status {
        RefundStatus::Pending | RefundStatus::RequiresAction => RefundState::Processing,
        RefundStatus::Succeeded => RefundState::Succeeded,
        RefundStatus::Failed | RefundStatus::Canceled => RefundState::Failed,
        RefundStatus::Unrecognised(_) => RefundState::Unknown,
    }
}

/// What an object says about its dispute.
pub fn dispute(dispute: &Dispute) -> Told {
    let movements = dispute.movements.iter().map(|moved| Moved {
        transaction: moved.transaction.clone(),
        amount: moved.amount,
        fee: moved.fee,
        time: moved.created,
    });
    Told {
        object: dispute.id.clone(),
        state: dispute_state(&dispute.status),
        amount: dispute.amount,
        reason: dispute.reason.clone(),
        open_time: dispute.created,
        respond_by_time: dispute.due_by,
        has_evidence: dispute.has_evidence,
        movements: movements.collect(),
    }
}

fn dispute_state(status: &DisputeStatus) -> Option<DisputeState> {
    match status {
        DisputeStatus::WarningNeedsResponse => Some(DisputeState::InquiryOpen),
        DisputeStatus::WarningUnderReview => Some(DisputeState::InquiryAnswered),
        DisputeStatus::WarningClosed | DisputeStatus::Prevented => {
            Some(DisputeState::InquiryClosed)
        }
        DisputeStatus::NeedsResponse => Some(DisputeState::NeedsResponse),
        DisputeStatus::UnderReview => Some(DisputeState::UnderReview),
        DisputeStatus::Won => Some(DisputeState::Won),
        DisputeStatus::Lost => Some(DisputeState::Lost),
        DisputeStatus::Unrecognised(status) => {
            tracing::warn!(status, "a dispute says what is not known here");
            None
        }
    }
}

/// The account as the practice sees it.
pub fn account(account: Account, online_payments: bool) -> contract::ProcessorAccount {
    contract::ProcessorAccount {
        processor_account: account.id,
        charges_enabled: account.charges_enabled,
        payouts_enabled: account.payouts_enabled,
        requirements_due: account.requirements_due,
        disabled_reason: account.disabled_reason.unwrap_or_default(),
        online_payments,
    }
}
