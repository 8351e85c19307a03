//! What the processor's objects mean here.

use crate::domain::decline::Decline;
use crate::domain::method::{bank_text, card_text};
use crate::domain::payment::{PaymentKind, PaymentState, Said};
use crate::domain::refund::RefundState;
use processor::{Instrument, IntentStatus, PaymentIntent, RefundStatus};

/// What an object says about its charge. One that nobody confirmed says `Created`; after a decline it says why.
pub fn said(intent: &PaymentIntent) -> Said {
    let decline = intent.last_error.as_ref().map(decline);
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
pub fn decline(said: &processor::Decline) -> Decline {
    let advice = said.advice_code.as_deref();
    Decline::from_codes(&said.code, said.decline_code.as_deref(), advice)
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
