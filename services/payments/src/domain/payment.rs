//! Where a payment stands. A state never moves back: what the processor says is merged by rank, whatever order it
//! comes in.

use super::decline::Decline;
use super::on_file::{Funding, Stored};
use super::refusal::Refusal;
use super::words;
use money::Money;

words! {
    /// How a payment came.
    PaymentKind {
        /// Card through the processor.
        Card "card",
        /// Bank debit through the processor.
        BankDebit "bank_debit",
        /// Cash.
        Cash "cash",
        /// Check.
        Check "check",
        /// A card run on another terminal.
        CardElsewhere "card_elsewhere",
        /// A bank transfer run elsewhere.
        BankElsewhere "bank_elsewhere",
        /// Anything else, named by its label.
        Other "other",
    }
}

impl PaymentKind {
    /// Whether the processor moves the money.
    #[must_use]
    pub const fn is_online(self) -> bool {
        match self {
            Self::Card | Self::BankDebit => true,
            Self::Cash | Self::Check | Self::CardElsewhere | Self::BankElsewhere | Self::Other => {
                false
            }
        }
    }
}

words! {
    /// Where a payment stands.
    PaymentState {
        /// Written down; nothing was charged yet.
        Created "created",
        /// The payer must confirm with the bank.
        RequiresAction "requires_action",
        /// At the processor.
        Processing "processing",
        /// The processor's answer is not known.
        Unknown "unknown",
        /// The money came.
        Succeeded "succeeded",
        /// Declined; nothing was charged.
        Failed "failed",
        /// Given up before anything was charged.
        Cancelled "cancelled",
    }
}

impl PaymentState {
    /// Nothing more is asked of the processor.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.rank() >= 2
    }

    /// Money that came outranks everything: a payment that was given up and is charged all the same has succeeded.
    const fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::RequiresAction | Self::Processing | Self::Unknown => 1,
            Self::Failed | Self::Cancelled => 2,
            Self::Succeeded => 3,
        }
    }

    /// Where it stands after the processor said `said`. On the way, the latest word counts; the end stays.
    #[must_use]
    pub const fn merged(self, said: Self) -> Self {
        let (now, then) = (self.rank(), said.rank());
        if then > now || (then == now && !self.is_final()) {
            said
        } else {
            self
        }
    }
}

/// What the processor says about a charge at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where it stands. `Created`: nobody has confirmed it.
    pub state: PaymentState,
    /// Why it failed.
    pub decline: Option<Decline>,
    /// What was paid with, and as printed; none before that is known.
    pub method: Option<(PaymentKind, String)>,
    /// Where a card's money comes from, once that is known.
    pub funding: Option<Funding>,
    /// The method itself, when the processor shows it.
    pub stored: Option<Stored>,
    /// What came, when it succeeded: it must be what was asked.
    pub received: Option<Money>,
    /// Why it was given up, when that was not because nobody waited any more.
    pub refusal: Option<Refusal>,
}

impl Said {
    /// A state and nothing more.
    #[must_use]
    pub const fn only(state: PaymentState) -> Self {
        Self {
            state,
            decline: None,
            method: None,
            funding: None,
            stored: None,
            received: None,
            refusal: None,
        }
    }

    /// It was given up before anything was charged, because of this.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Self {
            refusal: Some(refusal),
            ..Self::only(PaymentState::Cancelled)
        }
    }

    /// It was declined so.
    #[must_use]
    pub fn declined(decline: Decline) -> Self {
        Self {
            decline: Some(decline),
            ..Self::only(PaymentState::Failed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PaymentState::{self, Cancelled, Created, Failed, Processing, Succeeded, Unknown};
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = PaymentState> {
        proptest::sample::select(PaymentState::ALL)
    }

    #[test]
    fn a_late_word_about_the_way_does_not_undo_the_end() {
        assert_eq!(Succeeded.merged(Processing), Succeeded);
        assert_eq!(Failed.merged(Unknown), Failed);
        assert_eq!(Processing.merged(Created), Processing);
        assert_eq!(Unknown.merged(Processing), Processing);
    }

    #[test]
    fn money_that_came_is_never_refused() {
        assert_eq!(Cancelled.merged(Succeeded), Succeeded);
        assert_eq!(Failed.merged(Succeeded), Succeeded);
        assert_eq!(Failed.merged(Cancelled), Failed);
    }

    #[test]
    fn every_state_has_a_name_of_its_own() {
        for state in PaymentState::ALL {
            assert_eq!(PaymentState::of(state.name()), Some(*state));
        }
    }

    proptest! {
        #[test]
        fn a_state_never_moves_back(words in proptest::collection::vec(any_state(), 0..12)) {
            let mut state = Created;
            for said in words {
                let after = state.merged(said);
                prop_assert!(after.rank() >= state.rank());
                prop_assert_eq!(after.merged(said), after, "twice is once");
                state = after;
            }
        }

        #[test]
        fn once_it_has_succeeded_it_has_succeeded(words in proptest::collection::vec(any_state(), 0..12)) {
            let state = words.into_iter().fold(Succeeded, PaymentState::merged);
            prop_assert_eq!(state, Succeeded);
        }

        #[test]
        fn the_end_does_not_depend_on_the_order_of_deliveries(
            mut words in proptest::collection::vec(proptest::sample::select(vec![Created, Processing, Unknown, Succeeded]), 1..8)
        ) {
            words.push(Succeeded);
            let forward = words.iter().copied().fold(Created, PaymentState::merged);
            let back = words.iter().rev().copied().fold(Created, PaymentState::merged);
            prop_assert_eq!(forward, back);
        }
    }
}
