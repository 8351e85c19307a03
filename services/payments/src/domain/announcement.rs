//! How often an outcome has to have been announced, given where a payment or refund stands.

use super::payment::PaymentState;
use super::refund::RefundState;

/// How often something was announced to have succeeded and to have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Successes.
    pub succeeded: u32,
    /// Failures; of a refund also that it came back.
    pub failed: u32,
}

impl Announced {
    /// Whether a payment in this state may have been announced so. One that had failed and was charged all the same was
    /// announced as both.
    #[must_use]
    pub const fn fits_payment(self, state: PaymentState) -> bool {
        match state {
            PaymentState::Succeeded => self.succeeded == 1 && self.failed <= 1,
            PaymentState::Failed => self.succeeded == 0 && self.failed == 1,
            PaymentState::Created
            | PaymentState::RequiresAction
            | PaymentState::Processing
            | PaymentState::Unknown
            | PaymentState::Cancelled => self.succeeded == 0 && self.failed == 0,
        }
    }

    /// Whether a refund in this state may have been announced so. One that had failed at the processor before we heard of
    /// it was not announced at all; one that came back was announced as both. One that somebody closed as failed, and the
    /// processor had sent all the same, has that failure besides.
    #[must_use]
    pub const fn fits_refund(self, state: RefundState, sent_all_the_same: bool) -> bool {
        if sent_all_the_same {
            let since = Self {
                failed: self.failed.saturating_sub(1),
                ..self
            };
            return self.failed > 0 && since.fits_refund(state, false);
        }
        match state {
            RefundState::Succeeded => self.succeeded == 1 && self.failed == 0,
            RefundState::Failed => self.failed <= 1 && self.succeeded <= self.failed,
            RefundState::Created | RefundState::Processing | RefundState::Unknown => {
                self.succeeded == 0 && self.failed == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Announced = Announced {
        succeeded: 0,
        failed: 0,
    };
    const SUCCEEDED: Announced = Announced {
        succeeded: 1,
        failed: 0,
    };
    const FAILED: Announced = Announced {
        succeeded: 0,
        failed: 1,
    };
    const BOTH: Announced = Announced {
        succeeded: 1,
        failed: 1,
    };

    #[test]
    fn money_that_came_is_announced_once_also_after_it_had_failed() {
        assert!(SUCCEEDED.fits_payment(PaymentState::Succeeded));
        assert!(BOTH.fits_payment(PaymentState::Succeeded));
        assert!(!NEVER.fits_payment(PaymentState::Succeeded));
        let twice = Announced {
            succeeded: 2,
            failed: 0,
        };
        assert!(!twice.fits_payment(PaymentState::Succeeded));
    }

    #[test]
    fn what_has_not_ended_is_not_announced() {
        for state in PaymentState::ALL.iter().filter(|state| !state.is_final()) {
            assert!(NEVER.fits_payment(*state) && !SUCCEEDED.fits_payment(*state));
            assert!(!FAILED.fits_payment(*state));
        }
        assert!(FAILED.fits_payment(PaymentState::Failed));
    }

    #[test]
    fn a_refund_that_came_back_is_announced_as_both() {
        assert!(BOTH.fits_refund(RefundState::Failed, false));
        assert!(NEVER.fits_refund(RefundState::Failed, false));
        assert!(
            !SUCCEEDED.fits_refund(RefundState::Failed, false),
            "nobody told that it came back"
        );
        assert!(!BOTH.fits_refund(RefundState::Succeeded, false));
        assert!(!SUCCEEDED.fits_refund(RefundState::Unknown, false));
        assert!(BOTH.fits_refund(RefundState::Succeeded, true));
        assert!(!SUCCEEDED.fits_refund(RefundState::Succeeded, true));
    }
}
