//! The life of a payment intent, as a pure table.

use serde::{Deserialize, Serialize};

/// Stripe's `payment_intent.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing to pay with, or the last attempt failed.
    RequiresPaymentMethod,
    /// A method is there, nobody said go.
    RequiresConfirmation,
    /// 3-D Secure is due.
    RequiresAction,
    /// The bank is asked.
    Processing,
    /// Paid. Final.
    Succeeded,
    /// Given up. Final.
    Canceled,
}

impl Status {
    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            Status::RequiresPaymentMethod => "requires_payment_method",
            Status::RequiresConfirmation => "requires_confirmation",
            Status::RequiresAction => "requires_action",
            Status::Processing => "processing",
            Status::Succeeded => "succeeded",
            Status::Canceled => "canceled",
        }
    }

    /// Whether nothing can change it any more.
    pub fn is_final(self) -> bool {
        match self {
            Status::Succeeded | Status::Canceled => true,
            Status::RequiresPaymentMethod
            | Status::RequiresConfirmation
            | Status::RequiresAction
            | Status::Processing => false,
        }
    }
}

/// What may happen to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A payment method is named.
    GiveMethod,
    /// The bank wants the customer.
    AskForAction,
    /// A debit is on its way.
    Process,
    /// The money is there.
    Succeed,
    /// The attempt failed.
    Fail,
    /// It is given up.
    Cancel,
}

impl Step {
    /// All of them, for the tests.
    #[cfg(test)]
    const ALL: [Step; 6] = [
        Step::GiveMethod,
        Step::AskForAction,
        Step::Process,
        Step::Succeed,
        Step::Fail,
        Step::Cancel,
    ];
}

/// The status after a step; `None` when the step is not possible there.
pub fn next(from: Status, step: Step) -> Option<Status> {
    use Status::{
        Canceled, Processing, RequiresAction, RequiresConfirmation, RequiresPaymentMethod,
        Succeeded,
    };
    match (from, step) {
        (RequiresPaymentMethod | RequiresConfirmation | RequiresAction, Step::GiveMethod) => {
            Some(RequiresConfirmation)
        }
        (RequiresConfirmation, Step::AskForAction) => Some(RequiresAction),
        (RequiresConfirmation, Step::Process) => Some(Processing),
        (RequiresConfirmation | RequiresAction | Processing, Step::Succeed) => Some(Succeeded),
        (RequiresConfirmation | RequiresAction | Processing, Step::Fail) => {
            Some(RequiresPaymentMethod)
        }
        (RequiresPaymentMethod | RequiresConfirmation | RequiresAction, Step::Cancel) => {
            Some(Canceled)
        }
        (
            RequiresPaymentMethod,
            Step::AskForAction | Step::Process | Step::Succeed | Step::Fail,
        )
        | (RequiresAction, Step::AskForAction | Step::Process)
        | (Processing, Step::GiveMethod | Step::AskForAction | Step::Process | Step::Cancel)
        | (Succeeded | Canceled, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn final_states_stay() {
        for step in Step::ALL {
            assert_eq!(next(Status::Succeeded, step), None);
            assert_eq!(next(Status::Canceled, step), None);
        }
    }

    #[test]
    fn money_comes_only_after_a_method_was_given() {
        assert_eq!(next(Status::RequiresPaymentMethod, Step::Succeed), None);
        assert_eq!(
            next(Status::RequiresConfirmation, Step::Succeed),
            Some(Status::Succeeded)
        );
    }

    #[test]
    fn a_debit_on_its_way_cannot_be_canceled() {
        assert_eq!(next(Status::Processing, Step::Cancel), None);
    }

    proptest! {
        #[test]
        fn an_intent_succeeds_at_most_once(steps in prop::collection::vec(0..Step::ALL.len(), 0..40)) {
            let mut status = Status::RequiresPaymentMethod;
            let mut successes = 0;
            for step in steps {
                if let Some(after) = next(status, Step::ALL[step]) {
                    prop_assert!(!status.is_final());
                    successes += i32::from(after == Status::Succeeded);
                    status = after;
                }
            }
            prop_assert!(successes <= 1);
        }
    }
}
