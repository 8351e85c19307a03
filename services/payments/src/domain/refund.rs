//! What may go back of a payment, and where a refund stands.

use super::payment::PaymentKind;
use super::words;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use money::{Money, MoneyError};

/// A bank debit goes back to its account for so long; later only as credit or by other means.
const DEBIT_REFUNDABLE: SignedDuration = SignedDuration::from_hours(180 * 24);

words! {
    /// Where a refund stands.
    RefundState {
        /// Written down.
        Created "created",
        /// At the processor.
        Processing "processing",
        /// The processor's answer is not known.
        Unknown "unknown",
        /// The money is on its way back.
        Succeeded "succeeded",
        /// It did not go back.
        Failed "failed",
    }
}

impl RefundState {
    /// Nothing more is asked of the processor. One that succeeded may still fail when the payer's bank sends it back;
    /// the processor says so by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.rank() >= 2
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Processing | Self::Unknown => 1,
            Self::Succeeded => 2,
            Self::Failed => 3,
        }
    }

    /// Where it stands after the processor said `said`; never back.
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

impl RefundState {
    /// The same for a refund that somebody closed by hand, as one that went back or did not: the processor's first word of
    /// the other end counts, whatever they had seen. `closed` is none when nobody did, or the processor has said otherwise
    /// before.
    #[must_use]
    pub const fn told(self, closed: Option<bool>, said: Self) -> Self {
        let closed_as_failed = matches!((closed, self), (Some(false), Self::Failed));
        if closed_as_failed && matches!(said, Self::Succeeded) {
            said
        } else {
            self.merged(said)
        }
    }

    /// Whether nobody can learn its end here: it was sent on an account that was taken away since. What was never sent ends
    /// by itself.
    #[must_use]
    pub const fn is_out_of_reach(self, sent: bool, taken_away: bool) -> bool {
        sent && taken_away && !self.is_final()
    }
}

/// More was asked for than is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// Together with earlier and pending ones it would exceed the payment.
    #[error("{0} is left of the payment")]
    ExceedsPayment(Money),
    /// Amounts that cannot be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What is refunded of `amount` once `asked` is too; pending ones count. Errors: `ExceedsPayment` with what is left.
pub fn refunded_with(amount: Money, refunded: Money, asked: Money) -> Result<Money, RefundError> {
    let left = amount.minus(refunded)?;
    if asked.compare(left)?.is_gt() {
        return Err(RefundError::ExceedsPayment(left));
    }
    Ok(refunded.plus(asked)?)
}

/// Whether the processor still sends money back to where it came from. Cards have no such end that we know of.
#[must_use]
pub fn goes_back(kind: PaymentKind, paid: Timestamp, now: Timestamp) -> bool {
    match kind {
        PaymentKind::BankDebit => now.duration_since(paid) <= DEBIT_REFUNDABLE,
        PaymentKind::Card
        | PaymentKind::Cash
        | PaymentKind::Check
        | PaymentKind::CardElsewhere
        | PaymentKind::BankElsewhere
        | PaymentKind::Other => true,
    }
}

/// The first day on which any of a payment was given back, or is about to be; none when nothing was.
pub fn earliest_day(refunds: impl Iterator<Item = (RefundState, Date)>) -> Option<Date> {
    refunds
        .filter(|(state, _)| *state != RefundState::Failed)
        .map(|(_, day)| day)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan as _;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    #[test]
    fn three_refunds_of_40_take_40_and_not_a_cent_more() {
        let after = refunded_with(usd(4_000), usd(0), usd(1_500)).expect("15");
        let after = refunded_with(usd(4_000), after, usd(2_500)).expect("25");
        assert_eq!(after, usd(4_000));
        assert_eq!(
            refunded_with(usd(4_000), after, usd(1)),
            Err(RefundError::ExceedsPayment(usd(0)))
        );
    }

    #[test]
    fn what_did_not_go_back_has_no_day() {
        let day = |day| Date::constant(2026, 3, day);
        let refunds = [
            (RefundState::Failed, day(2)),
            (RefundState::Succeeded, day(9)),
            (RefundState::Created, day(5)),
        ];
        assert_eq!(earliest_day(refunds.into_iter()), Some(day(5)));
        assert_eq!(earliest_day(refunds.into_iter().take(1)), None);
    }

    #[test]
    fn r25_a_bank_debit_goes_back_for_180_days() {
        let paid = Timestamp::UNIX_EPOCH;
        let after = |days: i64| paid + (days * 24).hours();
        assert!(goes_back(PaymentKind::BankDebit, paid, after(180)));
        assert!(!goes_back(PaymentKind::BankDebit, paid, after(181)));
        assert!(goes_back(PaymentKind::Card, paid, after(2_000)));
    }

    #[test]
    fn a_refund_that_came_back_has_failed_even_late() {
        assert_eq!(
            RefundState::Succeeded.merged(RefundState::Failed),
            RefundState::Failed
        );
        assert_eq!(
            RefundState::Failed.merged(RefundState::Succeeded),
            RefundState::Failed
        );
        assert_eq!(
            RefundState::Succeeded.merged(RefundState::Processing),
            RefundState::Succeeded
        );
    }

    #[test]
    fn the_processors_word_counts_more_than_what_somebody_saw() {
        use RefundState::{Failed, Processing, Succeeded, Unknown};
        assert_eq!(Failed.told(Some(false), Succeeded), Succeeded);
        assert_eq!(Failed.told(Some(false), Processing), Failed);
        assert_eq!(
            Failed.told(None, Succeeded),
            Failed,
            "it came back since, and this word is old"
        );
        assert_eq!(Succeeded.told(Some(true), Failed), Failed);
        assert_eq!(Succeeded.told(Some(true), Unknown), Succeeded);
        assert!(Unknown.is_out_of_reach(true, true));
        assert!(!Unknown.is_out_of_reach(true, false), "it can be asked for");
        assert!(!Unknown.is_out_of_reach(false, true), "it was never sent");
        assert!(!Failed.is_out_of_reach(true, true), "it has ended");
    }

    proptest! {
        #[test]
        fn whatever_is_asked_refunds_never_exceed_the_payment(
            amount in 1_i64..1_000_000,
            asked in proptest::collection::vec(1_i64..400_000, 0..20)
        ) {
            let (mut refunded, mut granted) = (usd(0), 0);
            for asked in asked {
                match refunded_with(usd(amount), refunded, usd(asked)) {
                    Ok(after) => {
                        granted += asked;
                        refunded = after;
                    }
                    Err(error) => prop_assert_eq!(error, RefundError::ExceedsPayment(usd(amount - granted))),
                }
                prop_assert_eq!(refunded, usd(granted));
                prop_assert!(granted <= amount);
            }
        }

        #[test]
        fn a_state_never_moves_back(words in proptest::collection::vec(proptest::sample::select(RefundState::ALL), 0..10)) {
            let mut state = RefundState::Created;
            for said in words {
                let after = state.merged(said);
                prop_assert!(after.rank() >= state.rank());
                state = after;
            }
        }
    }
}
