//! What the processor sends to the bank. A payout may fail after it was paid; its money is at the processor again then, and
//! a later payout pays the same movements out again.
//!
//! What is in a payout is taken in once, with the first that is heard of it, and it never waits for what is not known: a
//! movement that is no payment, refund or dispute that is known here is `Other`, and is announced so. When its payment is one
//! of ours, it is matched as soon as what it is about becomes known, by whatever way and however late, and the match is
//! announced for itself when the payout had arrived by then. So the order of what is heard does not matter: each item is
//! announced once with its payout, and at most once more when it turns from `Other` into what it is.
//!
//! What nobody will ever know somebody closes, with a reason: it stays `Other` and in the books where it is, and is open no
//! more. That is no news to anybody, and a match still wins.

use super::words;
use ids::{DisputeMovementId, PaymentId, PayoutItemId, RefundId};
use jiff::civil::Date;
use money::{Currency, Money, MoneyError};

words! {
    /// Where a payout stands.
    PayoutState {
        /// It waits to be handed to the bank.
        Pending "pending",
        /// The bank has it.
        InTransit "in_transit",
        /// It arrived.
        Paid "paid",
        /// The bank did not take it, or sent it back.
        Failed "failed",
        /// It was stopped before it arrived.
        Cancelled "cancelled",
    }
}

impl PayoutState {
    const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::InTransit => 1,
            Self::Paid => 2,
            Self::Failed | Self::Cancelled => 3,
        }
    }

    /// Where it stands after the processor said `said`; never back.
    #[must_use]
    pub const fn merged(self, said: Self) -> Self {
        if said.rank() > self.rank() {
            said
        } else {
            self
        }
    }

    /// The money is at the processor again.
    #[must_use]
    pub const fn is_returned(self) -> bool {
        match self {
            Self::Failed | Self::Cancelled => true,
            Self::Pending | Self::InTransit | Self::Paid => false,
        }
    }
}

/// What is new once a payout stands elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutNews {
    /// It arrived.
    Paid,
    /// It did not arrive, or was sent back.
    Returned,
}

/// What is to be announced when a payout that stood at `before`, none when it was not known, stands at `after`.
#[must_use]
pub fn news(before: Option<PayoutState>, after: PayoutState) -> Option<PayoutNews> {
    if before == Some(after) {
        return None;
    }
    match after {
        PayoutState::Pending | PayoutState::InTransit => None,
        PayoutState::Paid => Some(PayoutNews::Paid),
        PayoutState::Failed | PayoutState::Cancelled => Some(PayoutNews::Returned),
    }
}

words! {
    /// What was paid out.
    PayoutItemKind {
        /// A payment.
        Charge "charge",
        /// A refund; below 0.
        Refund "refund",
        /// A refund that came back.
        RefundReturned "refund_returned",
        /// A dispute's money.
        Dispute "dispute",
        /// What the processor takes for itself.
        ProcessorFee "processor_fee",
        /// What is none of ours, as far as it is known.
        Other "other",
    }
}

/// What the processor says of a payout at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `po_…`.
    pub object: String,
    /// Where it stands.
    pub state: PayoutState,
    /// The day on which the bank has it; none when that is not said.
    pub arrival_date: Option<Date>,
    /// The processor's word for why it failed.
    pub failure_code: Option<String>,
}

words! {
    /// Which of the processor's objects moved money.
    SourceKind {
        /// A payment's, `pi_…`.
        Charge "charge",
        /// `re_…`.
        Refund "refund",
        /// `du_…`.
        Dispute "dispute",
    }
}

/// The object that moved money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// Its id.
    pub object: String,
    /// The payment's object, `pi_…`, when that is said.
    pub intent: Option<String>,
}

/// What the processor says that moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its word for it: `charge`, `refund`, `adjustment`, ….
    pub word: String,
    /// The object that moved it; none when no payer's money moved.
    pub source: Option<Source>,
}

/// What of a payment, refund or dispute was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The payment that it is, or is about.
    pub payment: PaymentId,
    /// The refund.
    pub refund: Option<RefundId>,
    /// The movement of a dispute's money.
    pub movement: Option<DisputeMovementId>,
}

impl About {
    /// What was paid out, when it was so much.
    #[must_use]
    pub const fn kind(&self, gross: Money) -> PayoutItemKind {
        match (self.refund, self.movement) {
            (Some(_), _) if gross.is_negative() => PayoutItemKind::Refund,
            (Some(_), _) => PayoutItemKind::RefundReturned,
            (None, Some(_)) => PayoutItemKind::Dispute,
            (None, None) => PayoutItemKind::Charge,
        }
    }
}

/// A movement that a payout paid out, as far as a practice is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutItem {
    /// Its id.
    pub item: PayoutItemId,
    /// `txn_…`.
    pub transaction: String,
    /// What moved.
    pub kind: PayoutItemKind,
    /// Before fees; below 0: taken.
    pub gross: Money,
    /// What the processor kept of it.
    pub fee: Money,
    /// What of ours it is; none for what is not, as far as it is known.
    pub about: Option<About>,
    /// What the processor says that it is.
    pub origin: Origin,
}

impl PayoutItem {
    /// The payment's object, `pi_…`, of what may be matched yet.
    #[must_use]
    pub fn open_intent(&self) -> Option<&str> {
        let source = self.origin.source.as_ref();
        let intent = source.and_then(|source| source.intent.as_deref());
        intent.filter(|_| self.kind == PayoutItemKind::Other)
    }
}

/// Sums of a payout's items: gross and fees.
///
/// # Errors
/// Two currencies, or too large a sum.
pub fn sums(currency: Currency, items: &[PayoutItem]) -> Result<(Money, Money), MoneyError> {
    let gross = Money::sum(currency, items.iter().map(|item| item.gross))?;
    let fees = Money::sum(currency, items.iter().map(|item| item.fee))?;
    Ok((gross, fees))
}

/// Why a payout failed and what helps, in words for the practice.
#[must_use]
pub fn failure_text(code: &str) -> &'static str {
    match code {
        "account_closed" | "bank_account_closed" => {
            "The bank account is closed. Please give the processor another one."
        }
        "account_frozen" | "bank_ownership_changed" | "bank_account_restricted" => {
            "The bank account is restricted. Please ask your bank, or give the processor another account."
        }
        "no_account" | "invalid_account_number" | "incorrect_account_type" => {
            "There is no such bank account. Please look at the account number and routing number at the processor."
        }
        "incorrect_account_holder_name"
        | "incorrect_account_holder_address"
        | "incorrect_account_holder_tax_id" => {
            "The account holder’s details are not those that the bank has. Please correct them at the processor."
        }
        "debit_not_authorized" => {
            "The bank does not allow debits of the account. Please ask your bank."
        }
        "insufficient_funds" => {
            "The balance at the processor, or the bank account that was to be debited, did not hold enough money."
        }
        "invalid_currency" => {
            "The bank does not take the currency. Please give the processor an account that does."
        }
        "could_not_process" | "unsupported_card" | "expired_card" | "declined" => {
            "The bank could not take the payout. Please ask your bank, or give the processor another account."
        }
        _other_or_none => {
            "The bank did not take the payout. Please look at the processor’s dashboard."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PayoutState::{Cancelled, Failed, InTransit, Paid, Pending};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_payout_that_was_paid_may_still_fail_and_what_failed_stays_so() {
        assert_eq!(Paid.merged(Failed), Failed);
        assert_eq!(Failed.merged(Paid), Failed);
        assert_eq!(Cancelled.merged(Failed), Cancelled);
        assert_eq!(Paid.merged(InTransit), Paid);
        assert_eq!(news(Some(Paid), Failed), Some(PayoutNews::Returned));
        assert_eq!(news(None, InTransit), None);
        assert_eq!(news(Some(Paid), Paid), None);
    }

    #[test]
    fn an_item_is_what_it_is_about() {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let payment = About {
            payment: PaymentId::from(uuid::Uuid::from_u128(1)),
            refund: None,
            movement: None,
        };
        let refund = About {
            refund: Some(RefundId::from(uuid::Uuid::from_u128(2))),
            ..payment
        };
        let dispute = About {
            movement: Some(DisputeMovementId::from(uuid::Uuid::from_u128(3))),
            ..payment
        };
        assert_eq!(payment.kind(usd(5)), PayoutItemKind::Charge);
        assert_eq!(refund.kind(usd(-5)), PayoutItemKind::Refund);
        assert_eq!(refund.kind(usd(5)), PayoutItemKind::RefundReturned);
        assert_eq!(dispute.kind(usd(5)), PayoutItemKind::Dispute);
    }

    proptest! {
        #[test]
        fn the_end_does_not_depend_on_the_order_of_messages_and_each_news_is_told_once(
            words in proptest::collection::vec(proptest::sample::select(vec![Pending, InTransit, Paid, Failed]), 1..12)
        ) {
            let mut state = None;
            let (mut paid, mut returned) = (0, 0);
            for said in &words {
                let after = state.map_or(*said, |state: PayoutState| state.merged(*said));
                match news(state, after) {
                    Some(PayoutNews::Paid) => paid += 1,
                    Some(PayoutNews::Returned) => returned += 1,
                    None => {}
                }
                prop_assert_eq!(after.merged(*said), after, "twice is once");
                state = Some(after);
            }
            let furthest = words.iter().copied().fold(Pending, PayoutState::merged);
            prop_assert_eq!(state, Some(furthest));
            prop_assert!(paid <= 1 && returned <= 1);
            prop_assert_eq!(returned == 1, furthest == Failed);
        }
    }
}
