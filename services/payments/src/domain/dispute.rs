//! Where a dispute stands. The processor's object is read again whenever it speaks, and merged by rank, so neither order
//! nor number of its messages matters.

use super::words;
use jiff::Timestamp;
use money::Money;

words! {
    /// Where a dispute stands.
    DisputeState {
        /// The bank inquires; no money was taken.
        InquiryOpen "inquiry_open",
        /// The inquiry was answered.
        InquiryAnswered "inquiry_answered",
        /// The inquiry came to nothing.
        InquiryClosed "inquiry_closed",
        /// The money was taken; the bank waits for evidence.
        NeedsResponse "needs_response",
        /// The bank looks at the evidence.
        UnderReview "under_review",
        /// The practice keeps the money.
        Won "won",
        /// The money is gone.
        Lost "lost",
    }
}

impl DisputeState {
    /// An inquiry may still become a dispute; a decision is the last word.
    const fn rank(self) -> u8 {
        match self {
            Self::InquiryOpen => 0,
            Self::InquiryAnswered => 1,
            Self::InquiryClosed => 2,
            Self::NeedsResponse => 3,
            Self::UnderReview => 4,
            Self::Won | Self::Lost => 5,
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

    /// The bank has not decided: bills that the payment pays are left alone.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::InquiryOpen | Self::InquiryAnswered | Self::NeedsResponse | Self::UnderReview => {
                true
            }
            Self::InquiryClosed | Self::Won | Self::Lost => false,
        }
    }

    /// The payer has the money, or may get it: a refund would give it twice. While the bank only inquires, a refund is
    /// the way to end it.
    #[must_use]
    pub const fn bars_refunds(self) -> bool {
        match self {
            Self::NeedsResponse | Self::UnderReview | Self::Lost => true,
            Self::InquiryOpen | Self::InquiryAnswered | Self::InquiryClosed | Self::Won => false,
        }
    }
}

/// What the processor says of a dispute at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `du_…`.
    pub object: String,
    /// Where it stands; none when the word is newer than this program.
    pub state: Option<DisputeState>,
    /// Above 0.
    pub amount: Money,
    /// The processor's word for why.
    pub reason: String,
    /// When it was opened.
    pub open_time: Timestamp,
    /// Until when evidence is taken.
    pub respond_by_time: Option<Timestamp>,
    /// Evidence was handed in.
    pub has_evidence: bool,
    /// Money it moved so far.
    pub movements: Vec<Moved>,
}

/// What a dispute took or gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// `txn_…`.
    pub transaction: String,
    /// Below 0: withdrawn.
    pub amount: Money,
    /// Below 0: given back.
    pub fee: Money,
    /// When.
    pub time: Timestamp,
}

/// Why, in words for the practice.
#[must_use]
pub fn reason_text(reason: &str) -> &'static str {
    match reason {
        "fraudulent" => "The cardholder says that they did not make this payment.",
        "duplicate" => "The payer says that they were charged twice.",
        "product_not_received" => "The payer says that they did not get what they paid for.",
        "product_unacceptable" => "The payer says that what they got was not as agreed.",
        "subscription_canceled" => "The payer says that they had ended the agreement.",
        "credit_not_processed" => "The payer says that a refund they were promised did not come.",
        "unrecognized" => "The payer does not recognize the payment.",
        "debit_not_authorized" => "The account holder says that they did not allow the debit.",
        "insufficient_funds" => "The account did not hold enough money.",
        "incorrect_account_details" => "The account's details were not right.",
        "bank_cannot_process" => "The payer's bank could not process the debit.",
        "check_returned" => "The check came back.",
        _other_or_none => "The payer's bank questions the payment.",
    }
}

#[cfg(test)]
mod tests {
    use super::DisputeState::{
        self, InquiryClosed, InquiryOpen, Lost, NeedsResponse, UnderReview, Won,
    };
    use proptest::prelude::*;

    #[test]
    fn an_inquiry_may_become_a_dispute_and_a_decision_stays() {
        assert_eq!(InquiryClosed.merged(NeedsResponse), NeedsResponse);
        assert_eq!(UnderReview.merged(NeedsResponse), UnderReview);
        assert_eq!(Lost.merged(Won), Lost);
        assert!(InquiryOpen.is_open() && !InquiryOpen.bars_refunds());
        assert!(!Lost.is_open() && Lost.bars_refunds());
    }

    proptest! {
        #[test]
        fn the_end_does_not_depend_on_the_order_of_messages(
            mut words in proptest::collection::vec(
                proptest::sample::select(vec![InquiryOpen, NeedsResponse, UnderReview]), 0..6
            ),
            end in proptest::sample::select(vec![Won, Lost])
        ) {
            words.push(end);
            let forward = words.iter().copied().fold(InquiryOpen, DisputeState::merged);
            let back = words.iter().rev().copied().fold(InquiryOpen, DisputeState::merged);
            prop_assert_eq!((forward, back), (end, end));
        }

        #[test]
        fn a_state_never_moves_back(words in proptest::collection::vec(proptest::sample::select(DisputeState::ALL), 0..10)) {
            let mut state = InquiryOpen;
            for said in words {
                let after = state.merged(said);
                prop_assert!(after.rank() >= state.rank());
                prop_assert_eq!(after.merged(said), after, "twice is once");
                state = after;
            }
        }
    }
}
