//! What the processor's objects mean here.

use crate::domain::connection::Standing;
use crate::domain::decline::Decline;
use crate::domain::dispute::{DisputeState, Moved, Told};
use crate::domain::method::{bank_text, card_text};
use crate::domain::on_file::{Expiry, Funding, MethodKind, Stored, ZipCheck};
use crate::domain::payment::{PaymentKind, PaymentState, Said};
use crate::domain::payout::{self, Origin, PayoutState, Source, SourceKind};
use crate::domain::refund::RefundState;
use crate::domain::setup::{SetupSaid, SetupState};
use processor::{
    Account, Dispute, DisputeStatus, Instrument, IntentStatus, PaidOutSource, PaymentIntent,
    PaymentMethod, Payout, PayoutStatus, RefundStatus, SetupIntent, SetupStatus, TransactionSource,
};

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
    let declined = intent.last_error.as_ref();
    let declined = declined.and_then(|error| error.instrument.as_deref());
    let instrument = intent.instrument.as_ref().or(declined);
    Said {
        state,
        decline: decline.filter(|_| state == PaymentState::Failed),
        method: instrument.map(method),
        funding: instrument.map(funding),
        stored: intent.method.as_ref().and_then(stored),
        received: (state == PaymentState::Succeeded).then_some(intent.amount_received),
        refusal: None,
    }
}

/// What a decline says about its charge, and of what it was.
pub fn declined(said: &processor::Decline) -> Said {
    let instrument = said.instrument.as_deref();
    Said {
        method: instrument.map(method),
        funding: instrument.map(funding),
        ..Said::declined(decline(said))
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

/// Where a card's money comes from.
fn funding(instrument: &Instrument) -> Funding {
    match instrument {
        Instrument::Card(card) => Funding::of(&card.funding).unwrap_or(Funding::Unknown),
        Instrument::BankAccount(_) | Instrument::Other(_) => Funding::Unknown,
    }
}

/// What an object says about its setup. A method that is neither card nor bank account cannot be kept.
pub fn setup_said(setup: &SetupIntent) -> SetupSaid {
    let stored = setup.payment_method.as_ref().and_then(stored);
    // A payer reads it: that the card was reported is not told.
    let told = |said: &processor::Decline| decline(said).told_to_payer().reason;
    let decline = setup.last_error.as_ref().map(told);
    let state = match &setup.status {
        SetupStatus::RequiresPaymentMethod | SetupStatus::RequiresConfirmation => {
            SetupState::Waiting
        }
        SetupStatus::RequiresAction => SetupState::RequiresAction,
        SetupStatus::Processing | SetupStatus::Unrecognised(_) => SetupState::Processing,
        SetupStatus::Canceled => SetupState::Cancelled,
        SetupStatus::Succeeded if stored.is_none() => SetupState::Failed,
        SetupStatus::Succeeded => SetupState::Succeeded,
    };
    SetupSaid {
        state,
        decline: decline.filter(|_| state == SetupState::Waiting),
        stored: stored.filter(|_| state == SetupState::Succeeded),
    }
}

/// A method as it is kept; none for what is neither card nor bank account.
pub fn stored(method: &PaymentMethod) -> Option<Stored> {
    let bare = Stored {
        kind: MethodKind::Card,
        token: method.id.clone(),
        customer: method.customer.clone(),
        fingerprint: method.fingerprint.clone().unwrap_or_default(),
        brand: String::new(),
        last4: String::new(),
        expiry: None,
        funding: Funding::Unknown,
        zip_check: zip_check(method.zip_check.as_deref()),
    };
    match &method.instrument {
        Instrument::Card(card) => Some(Stored {
            brand: card.brand.clone(),
            last4: card.last4.clone(),
            expiry: Expiry::new(
                card.exp_month.into(),
                i16::try_from(card.exp_year).unwrap_or(0),
            ),
            funding: Funding::of(&card.funding).unwrap_or(Funding::Unknown),
            ..bare
        }),
        Instrument::BankAccount(account) => Some(Stored {
            kind: MethodKind::BankAccount,
            brand: account.bank.clone(),
            last4: account.last4.clone(),
            ..bare
        }),
        Instrument::Other(_) => None,
    }
}

fn zip_check(said: Option<&str>) -> ZipCheck {
    said.and_then(ZipCheck::of).unwrap_or(ZipCheck::Unchecked)
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

/// What an object says about its payout; none when the word for where it stands is newer than this program.
pub fn payout(payout: &Payout) -> Option<payout::Told> {
    let state = match &payout.status {
        PayoutStatus::Pending => PayoutState::Pending,
        PayoutStatus::InTransit => PayoutState::InTransit,
        PayoutStatus::Paid => PayoutState::Paid,
        PayoutStatus::Failed => PayoutState::Failed,
        PayoutStatus::Canceled => PayoutState::Cancelled,
        PayoutStatus::Unrecognised(status) => {
            tracing::warn!(status, "a payout says what is not known here");
            return None;
        }
    };
    Some(payout::Told {
        object: payout.id.clone(),
        state,
        arrival_date: Some(payout.arrival_date),
        failure_code: payout.failure_code.clone(),
    })
}

/// What a payout says that one of its movements is.
pub fn origin(moved: &PaidOutSource) -> Origin {
    let word = match moved {
        PaidOutSource::Payers(source) => return payers_origin(source),
        PaidOutSource::ReturnedPayout(_) => "payout_failure",
        PaidOutSource::ProcessorFee => "stripe_fee",
        PaidOutSource::Other(word) => word,
    };
    Origin {
        word: word.to_owned(),
        source: None,
    }
}

fn payers_origin(source: &TransactionSource) -> Origin {
    let (kind, object, intent) = match source {
        TransactionSource::Charge { payment_intent, .. } => {
            (SourceKind::Charge, payment_intent, payment_intent)
        }
        TransactionSource::Refund {
            refund,
            payment_intent,
        } => (SourceKind::Refund, &Some(refund.clone()), payment_intent),
        TransactionSource::Dispute {
            dispute,
            payment_intent,
        } => (SourceKind::Dispute, &Some(dispute.clone()), payment_intent),
        TransactionSource::Other => {
            return Origin {
                word: "other".to_owned(),
                source: None,
            };
        }
    };
    Origin {
        word: kind.name().to_owned(),
        source: object.clone().map(|object| Source {
            kind,
            object,
            intent: intent.clone(),
        }),
    }
}

/// What the processor lets an account do.
pub fn standing(account: Account) -> Standing {
    Standing {
        charges_enabled: account.charges_enabled,
        payouts_enabled: account.payouts_enabled,
        details_submitted: account.details_submitted,
        requirements_due: account.requirements_due,
        disabled_reason: account.disabled_reason.unwrap_or_default(),
    }
}
