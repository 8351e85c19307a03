//! How far adding a method has come. A state never moves back from its end; before it, the processor's latest word counts.

use super::decline::DeclineReason;
use super::on_file::Stored;
use super::words;
use jiff::SignedDuration;

/// A setup that nobody finished is given up after this long, while its idempotency keys still live.
pub const SETUP_LIFETIME: SignedDuration = super::charge::KEY_LIFETIME;

words! {
    /// Where a setup stands.
    SetupState {
        /// Written down.
        Created "created",
        /// The payer has to give a method, for the first time or after a decline.
        Waiting "waiting",
        /// The payer must confirm with the bank.
        RequiresAction "requires_action",
        /// At the processor.
        Processing "processing",
        /// The method is on file.
        Succeeded "succeeded",
        /// It cannot be put on file.
        Failed "failed",
        /// Given up.
        Cancelled "cancelled",
    }
}

impl SetupState {
    /// Nothing more is asked of the processor.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Created | Self::Waiting | Self::RequiresAction | Self::Processing => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }

    /// The payer's browser has something to do.
    #[must_use]
    pub const fn waits_for_payer(self) -> bool {
        match self {
            Self::Waiting | Self::RequiresAction => true,
            Self::Created | Self::Processing | Self::Succeeded | Self::Failed | Self::Cancelled => {
                false
            }
        }
    }

    /// Where it stands after the processor said `said`.
    #[must_use]
    pub const fn merged(self, said: Self) -> Self {
        match (self.is_final(), said) {
            (true, _) | (false, Self::Created) => self,
            (false, said) => said,
        }
    }
}

/// What the processor says of a setup at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupSaid {
    /// Where it stands.
    pub state: SetupState,
    /// Why the latest try was declined.
    pub decline: Option<DeclineReason>,
    /// What is stored, once it is.
    pub stored: Option<Stored>,
}

impl SetupSaid {
    /// A state and nothing more.
    #[must_use]
    pub const fn only(state: SetupState) -> Self {
        Self {
            state,
            decline: None,
            stored: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SetupState::{self, Cancelled, Created, RequiresAction, Succeeded, Waiting};
    use proptest::prelude::*;

    #[test]
    fn a_decline_leads_back_to_waiting_and_nothing_leads_back_from_the_end() {
        assert_eq!(RequiresAction.merged(Waiting), Waiting);
        assert_eq!(Waiting.merged(Created), Waiting);
        assert_eq!(Succeeded.merged(Waiting), Succeeded);
        assert_eq!(Cancelled.merged(Succeeded), Cancelled);
    }

    proptest! {
        #[test]
        fn the_end_stays(words in proptest::collection::vec(proptest::sample::select(SetupState::ALL), 0..12)) {
            let mut state = Created;
            for said in words {
                let after = state.merged(said);
                prop_assert!(!state.is_final() || after == state);
                state = after;
            }
        }
    }
}
