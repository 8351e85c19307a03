//! What comes next on the way of a charge. Each step is its own committed transaction, so that whoever comes after a
//! crash, the payer with the same request_id or the reconciler, goes on from here.

use super::payment::PaymentState;
use jiff::{SignedDuration, Timestamp};

/// How long a payer is taken to be waiting. After it nothing new is tried; it is also how long billing holds the money.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// The processor forgets idempotency keys after 24 hours: nothing is made under one later than this.
pub const KEY_LIFETIME: SignedDuration = SignedDuration::from_hours(23);

/// A charge as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Where the payment stands.
    pub state: PaymentState,
    /// When the payer asked for it.
    pub create_time: Timestamp,
    /// billing has set the money aside.
    pub held: bool,
    /// The processor's object is known.
    pub intent_known: bool,
    /// When the object was first asked for.
    pub intent_asked: Option<Timestamp>,
    /// When it was first confirmed, which is what takes money.
    pub confirm_asked: Option<Timestamp>,
}

/// The next thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask billing to set the money aside.
    Hold,
    /// Make the processor's object, which takes no money.
    CreateIntent,
    /// Take the money.
    Confirm,
    /// Ask the processor what has become of it.
    Read,
    /// The payer is gone: make sure that nothing is charged any more.
    GiveUp,
    /// Nothing.
    Rest,
}

impl Charge {
    /// Whether the payer may still be waiting, and the key still known.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let within = |since: Timestamp, limit| now.duration_since(since) < limit;
        within(self.create_time, PATIENCE)
            && self
                .intent_asked
                .is_none_or(|asked| within(asked, KEY_LIFETIME))
    }

    /// What to do now.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Step {
        if self.state.is_final() {
            Step::Rest
        } else if self.intent_known && self.confirm_asked.is_some() {
            Step::Read
        } else if !self.is_fresh(now) {
            Step::GiveUp
        } else if !self.held {
            Step::Hold
        } else if self.intent_known {
            Step::Confirm
        } else {
            Step::CreateIntent
        }
    }

    /// What to do after the processor was read and said `said`.
    #[must_use]
    pub fn after_reading(&self, said: PaymentState, now: Timestamp) -> Step {
        match said {
            // The confirmation never arrived: the same one again, as long as somebody waits for it.
            PaymentState::Created if self.is_fresh(now) => Step::Confirm,
            PaymentState::RequiresAction if self.is_fresh(now) => Step::Rest,
            PaymentState::Created | PaymentState::RequiresAction => Step::GiveUp,
            PaymentState::Processing
            | PaymentState::Unknown
            | PaymentState::Succeeded
            | PaymentState::Failed
            | PaymentState::Cancelled => Step::Rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use proptest::prelude::*;

    const ASKED: Timestamp = Timestamp::UNIX_EPOCH;

    fn charge() -> Charge {
        Charge {
            state: PaymentState::Created,
            create_time: ASKED,
            held: false,
            intent_known: false,
            intent_asked: None,
            confirm_asked: None,
        }
    }

    #[test]
    fn a_charge_is_held_made_confirmed_and_read() {
        let held = Charge {
            held: true,
            ..charge()
        };
        let made = Charge {
            intent_known: true,
            intent_asked: Some(ASKED),
            ..held
        };
        let confirmed = Charge {
            confirm_asked: Some(ASKED),
            ..made
        };
        let paid = Charge {
            state: PaymentState::Succeeded,
            ..confirmed
        };
        assert_eq!(charge().next(ASKED), Step::Hold);
        assert_eq!(held.next(ASKED), Step::CreateIntent);
        assert_eq!(made.next(ASKED), Step::Confirm);
        assert_eq!(confirmed.next(ASKED), Step::Read);
        assert_eq!(paid.next(ASKED), Step::Rest);
    }

    #[test]
    fn a_payer_who_is_gone_is_not_charged() {
        let late = ASKED + 15.minutes();
        assert_eq!(charge().next(late), Step::GiveUp);
        let made = Charge {
            held: true,
            intent_known: true,
            ..charge()
        };
        assert_eq!(made.next(late), Step::GiveUp);
        assert_eq!(
            made.after_reading(PaymentState::Created, late),
            Step::GiveUp
        );
        assert_eq!(
            made.after_reading(PaymentState::RequiresAction, late),
            Step::GiveUp
        );
        assert_eq!(
            made.after_reading(PaymentState::Processing, late),
            Step::Rest
        );
    }

    proptest! {
        #[test]
        fn f09_nothing_is_made_or_confirmed_late_and_money_is_only_taken_with_a_hold(
            held: bool, intent_known: bool, intent_asked in proptest::option::of(0_i64..100_000),
            confirmed: bool, now in 0_i64..200_000
        ) {
            let at = |seconds| Timestamp::from_second(seconds).expect("an instant");
            let charge = Charge {
                held,
                intent_known,
                intent_asked: intent_asked.map(at),
                confirm_asked: confirmed.then_some(ASKED),
                ..charge()
            };
            match charge.next(at(now)) {
                Step::CreateIntent | Step::Confirm => prop_assert!(held && now < 900),
                Step::Hold => prop_assert!(!held && now < 900),
                Step::Read => prop_assert!(confirmed && intent_known),
                Step::GiveUp => prop_assert!(now >= 900),
                Step::Rest => prop_assert!(false, "it is not at its end"),
            }
        }
    }
}
