//! What comes next on the way of a charge. Each step is its own committed transaction, so that whoever comes after a
//! crash, the payer with the same request_id or the reconciler, goes on from here.

use super::payment::PaymentState;
use super::words;
use jiff::{SignedDuration, Timestamp};

/// How long whoever asked for a charge is taken to be waiting. After it nothing new is tried.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// How long after PROCESSOR_UNAVAILABLE the same request may be asked again. Then the charge is given up: whoever went
/// away was told that nothing is charged.
pub const RETRY_PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// The processor forgets idempotency keys after 24 hours: nothing is made under one later than this.
pub const KEY_LIFETIME: SignedDuration = SignedDuration::from_hours(23);

/// billing holds the money a little longer than anybody waits, so that giving up comes first.
const HOLD_GRACE: SignedDuration = SignedDuration::from_mins(5);
/// The reconciler looks at least daily, and each time lets the hold last until after its next look.
const HOLD_UNTIL_NEXT_LOOK: SignedDuration = SignedDuration::from_hours(26);
/// A bank debit takes up to five business days: a week, with its weekend.
const HOLD_OF_DEBIT: SignedDuration = SignedDuration::from_hours(8 * 24);

words! {
    /// Who waits for a charge.
    Presence {
        /// The payer, in a browser, who can confirm with the bank.
        Payer "payer",
        /// Somebody of the practice, for a payer who is not there: a bank that wants a confirmation declines.
        Staff "staff",
        /// Nobody: AutoPay.
        Nobody "nobody",
    }
}

impl Presence {
    /// The payer cannot confirm with the bank.
    #[must_use]
    pub const fn is_off_session(self) -> bool {
        match self {
            Self::Payer => false,
            Self::Staff | Self::Nobody => true,
        }
    }

    /// How long after it was asked for a charge is gone on with.
    #[must_use]
    pub const fn patience(self) -> SignedDuration {
        match self {
            Self::Payer | Self::Staff => PATIENCE,
            Self::Nobody => KEY_LIFETIME,
        }
    }
}

/// A charge as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Where the payment stands.
    pub state: PaymentState,
    /// Who waits for it.
    pub presence: Presence,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// When whoever waits was told that it cannot be done now.
    pub park_time: Option<Timestamp>,
    /// billing has set the money aside.
    pub held: bool,
    /// The method is to come on file, and the processor does not know whose it will be.
    pub customer_wanted: bool,
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
    /// Tell the processor whose the method will be.
    CreateCustomer,
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
    /// Whether somebody may still be waiting, and the key still known.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let within = |since: Timestamp, limit| now.duration_since(since) < limit;
        within(self.create_time, self.presence.patience())
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
        } else if let Some(parked) = self.park_time {
            parked_since(parked, now)
        } else if !self.held {
            Step::Hold
        } else if self.intent_known {
            Step::Confirm
        } else if self.customer_wanted {
            Step::CreateCustomer
        } else {
            Step::CreateIntent
        }
    }

    /// What to do after the processor was read and said `said`.
    #[must_use]
    pub fn after_reading(&self, said: PaymentState, now: Timestamp) -> Step {
        match said {
            // The confirmation never arrived: the same one again, as long as somebody waits for it.
            PaymentState::Created if self.is_fresh(now) => self
                .park_time
                .map_or(Step::Confirm, |parked| parked_since(parked, now)),
            PaymentState::RequiresAction if self.is_fresh(now) => Step::Rest,
            PaymentState::Created | PaymentState::RequiresAction => Step::GiveUp,
            PaymentState::Processing
            | PaymentState::Unknown
            | PaymentState::Succeeded
            | PaymentState::Failed
            | PaymentState::Cancelled => Step::Rest,
        }
    }

    /// Whether nobody can learn its end here: it was confirmed on an account that was taken away since. What was never
    /// confirmed ends by itself, for nothing can have been charged.
    #[must_use]
    pub const fn is_out_of_reach(&self, taken_away: bool) -> bool {
        let confirmed = self.intent_known && self.confirm_asked.is_some();
        taken_away && confirmed && !self.state.is_final()
    }

    /// When the reconciler has to look at the latest, so that nobody comes back too late to the bank's page; none when
    /// it does not matter.
    #[must_use]
    pub fn give_up_time(&self, now: Timestamp) -> Option<Timestamp> {
        let after = |since: Timestamp, length| since.saturating_add(length).ok();
        let patience = after(self.create_time, self.presence.patience());
        let parked = self
            .park_time
            .and_then(|parked| after(parked, RETRY_PATIENCE));
        parked.or(patience).filter(|time| *time > now)
    }
}

/// The one who was told may ask again for a moment; nobody else goes on.
fn parked_since(parked: Timestamp, now: Timestamp) -> Step {
    if now.duration_since(parked) < RETRY_PATIENCE {
        Step::Rest
    } else {
        Step::GiveUp
    }
}

/// Until when billing is to hold the money of a charge that begins.
#[must_use]
pub fn first_hold(presence: Presence, now: Timestamp) -> Timestamp {
    now.saturating_add(presence.patience())
        .and_then(|end| end.saturating_add(HOLD_GRACE))
        .unwrap_or(Timestamp::MAX)
}

/// Until when it is to hold that of a charge whose end is not known yet; none when it has ended.
#[must_use]
pub fn longer_hold(state: PaymentState, now: Timestamp) -> Option<Timestamp> {
    let length = match state {
        PaymentState::Processing => HOLD_OF_DEBIT,
        PaymentState::Created | PaymentState::RequiresAction | PaymentState::Unknown => {
            HOLD_UNTIL_NEXT_LOOK
        }
        PaymentState::Succeeded | PaymentState::Failed | PaymentState::Cancelled => return None,
    };
    Some(now.saturating_add(length).unwrap_or(Timestamp::MAX))
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
            presence: Presence::Payer,
            create_time: ASKED,
            park_time: None,
            held: false,
            customer_wanted: false,
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
        let saving = Charge {
            customer_wanted: true,
            ..held
        };
        assert_eq!(saving.next(ASKED), Step::CreateCustomer);
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

    #[test]
    fn f02_who_was_told_that_nothing_is_charged_is_not_charged_unless_they_ask_again() {
        let parked = Charge {
            held: true,
            park_time: Some(ASKED),
            ..charge()
        };
        assert_eq!(parked.next(ASKED + 59.seconds()), Step::Rest);
        assert_eq!(parked.next(ASKED + 1.minute()), Step::GiveUp);
        assert_eq!(parked.give_up_time(ASKED), Some(ASKED + 1.minute()));
        let confirmed = Charge {
            intent_known: true,
            confirm_asked: Some(ASKED),
            ..parked
        };
        assert_eq!(confirmed.next(ASKED), Step::Read, "it may have been taken");
        let read = |at| confirmed.after_reading(PaymentState::Created, at);
        assert_eq!(read(ASKED + 59.seconds()), Step::Rest);
        assert_eq!(read(ASKED + 1.minute()), Step::GiveUp);
        let again = Charge {
            park_time: None,
            ..parked
        };
        assert_eq!(again.next(ASKED + 59.seconds()), Step::CreateIntent);
    }

    #[test]
    fn r30_only_what_may_have_been_charged_on_a_lost_account_is_closed_by_hand() {
        let confirmed = Charge {
            intent_known: true,
            confirm_asked: Some(ASKED),
            ..charge()
        };
        let paid = Charge {
            state: PaymentState::Succeeded,
            ..confirmed
        };
        assert!(confirmed.is_out_of_reach(true));
        assert!(!confirmed.is_out_of_reach(false), "it can be asked for");
        assert!(!charge().is_out_of_reach(true), "nothing was charged");
        assert!(!paid.is_out_of_reach(true), "it has ended");
    }

    #[test]
    fn r21_a_charge_of_the_night_is_gone_on_with_as_long_as_its_key_lives() {
        let night = Charge {
            presence: Presence::Nobody,
            held: true,
            ..charge()
        };
        assert_eq!(night.next(ASKED + 22.hours()), Step::CreateIntent);
        assert_eq!(night.next(ASKED + 23.hours()), Step::GiveUp);
        assert!(Presence::Nobody.is_off_session() && !Presence::Payer.is_off_session());
    }

    #[test]
    fn r16_money_is_held_longer_than_anybody_waits_and_a_debit_for_its_days() {
        assert_eq!(first_hold(Presence::Payer, ASKED), ASKED + 20.minutes());
        let held = |state| longer_hold(state, ASKED);
        assert_eq!(
            held(PaymentState::Processing),
            Some(ASKED + (8 * 24).hours())
        );
        assert_eq!(held(PaymentState::Unknown), Some(ASKED + 26.hours()));
        assert_eq!(held(PaymentState::Failed), None);
    }

    proptest! {
        #[test]
        fn f09_nothing_is_made_or_confirmed_late_and_money_is_only_taken_with_a_hold(
            held: bool, customer_wanted: bool, intent_known: bool, intent_asked in proptest::option::of(0_i64..100_000),
            confirmed: bool, parked: bool, now in 0_i64..200_000
        ) {
            let at = |seconds| Timestamp::from_second(seconds).expect("an instant");
            let charge = Charge {
                held,
                customer_wanted,
                intent_known,
                intent_asked: intent_asked.map(at),
                confirm_asked: confirmed.then_some(ASKED),
                park_time: parked.then_some(ASKED),
                ..charge()
            };
            match charge.next(at(now)) {
                Step::CreateCustomer | Step::CreateIntent | Step::Confirm => {
                    prop_assert!(held && now < 900 && !parked);
                }
                Step::Hold => prop_assert!(!held && now < 900 && !parked),
                Step::Read => prop_assert!(confirmed && intent_known),
                Step::GiveUp => prop_assert!(now >= 900 || (parked && now >= 60)),
                Step::Rest => prop_assert!(parked && now < 60, "it is not at its end"),
            }
        }
    }
}
