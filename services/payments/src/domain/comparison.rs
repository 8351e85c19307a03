//! The processor's books of a day against ours. What the processor moved and we do not know, or know with another amount,
//! is named; so is what we believe to have come and the processor does not.

use super::words;
use ids::PaymentId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};
use money::{Money, MoneyError};

/// After a day has ended, before it is compared: the reconciler has looked after what was left on its way by then.
const AFTER_MIDNIGHT: SignedDuration = SignedDuration::from_hours(2);

words! {
    /// What is wrong.
    DiscrepancyKind {
        /// Money came at the processor that is in no payment.
        ChargeNotRecorded "charge_not_recorded",
        /// A payment that succeeded has no money at the processor.
        PaymentNotCharged "payment_not_charged",
        /// The two amounts differ.
        AmountDiffers "amount_differs",
        /// Money went back, or came back, that is in no refund.
        RefundNotRecorded "refund_not_recorded",
        /// Money moved for a dispute that we do not know of.
        DisputeNotRecorded "dispute_not_recorded",
    }
}

/// What the books disagree about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is wrong.
    pub kind: DiscrepancyKind,
    /// The processor's object.
    pub object: String,
    /// Our payment, when one is known.
    pub payment: Option<PaymentId>,
    /// What our books say; 0 for nothing.
    pub recorded: Money,
    /// What the processor's say; 0 for nothing.
    pub found: Money,
}

/// What the processor's books say, next to what we know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What moved.
    pub movement: Movement,
    /// The processor's object: `pi_…`, `re_…`, `du_…`.
    pub object: String,
    /// Our payment, when one is known.
    pub payment: Option<PaymentId>,
    /// What the processor moved; below 0: taken.
    pub found: Money,
    /// What we have recorded of it; none for nothing.
    pub recorded: Option<Money>,
}

/// What moved the processor's balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Money that came.
    Charge,
    /// Money that went back.
    Refund,
    /// Money that a dispute withdrew or reinstated.
    Dispute,
}

impl Compared {
    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// Two currencies.
    pub fn difference(&self) -> Result<Option<Difference>, MoneyError> {
        let kind = match (self.recorded, self.movement) {
            (Some(recorded), _) if recorded.compare(self.found)?.is_eq() => return Ok(None),
            (Some(_), _) => DiscrepancyKind::AmountDiffers,
            (None, Movement::Charge) => DiscrepancyKind::ChargeNotRecorded,
            (None, Movement::Refund) => DiscrepancyKind::RefundNotRecorded,
            (None, Movement::Dispute) => DiscrepancyKind::DisputeNotRecorded,
        };
        Ok(Some(Difference {
            kind,
            object: self.object.clone(),
            payment: self.payment,
            recorded: self.recorded.unwrap_or(Money::zero(self.found.currency())),
            found: self.found,
        }))
    }
}

/// The instants between which a local day lies, the second one excluded; whatever clocks do on it.
///
/// # Errors
/// A day at the end of time.
pub fn day(date: Date, zone: &TimeZone) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let start = date.to_zoned(zone.clone())?.timestamp();
    let end = date.tomorrow()?.to_zoned(zone.clone())?.timestamp();
    Ok((start, end))
}

/// When a local day is compared.
///
/// # Errors
/// A day at the end of time.
pub fn due_time(date: Date, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    let (_, end) = day(date, zone)?;
    end.checked_add(AFTER_MIDNIGHT)
}

/// The last local day that is to be compared by now.
///
/// # Errors
/// A day at the beginning of time.
pub fn last_due(now: Timestamp, zone: &TimeZone) -> Result<Date, jiff::Error> {
    let settled = now.checked_sub(AFTER_MIDNIGHT)?;
    settled
        .to_zoned(zone.clone())
        .date()
        .checked_sub(Span::new().days(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn moved(movement: Movement, found: i64, recorded: Option<i64>) -> Compared {
        Compared {
            movement,
            object: "pi_1".to_owned(),
            payment: None,
            found: usd(found),
            recorded: recorded.map(usd),
        }
    }

    #[test]
    fn what_is_equal_is_fine_and_everything_else_is_named() {
        let kind = |compared: Compared| {
            let found = compared.difference().expect("one currency");
            found.map(|difference| difference.kind)
        };
        assert_eq!(kind(moved(Movement::Charge, 4_000, Some(4_000))), None);
        let named = [
            (
                moved(Movement::Charge, 4_000, Some(3_999)),
                DiscrepancyKind::AmountDiffers,
            ),
            (
                moved(Movement::Charge, 4_000, None),
                DiscrepancyKind::ChargeNotRecorded,
            ),
            (
                moved(Movement::Refund, -700, None),
                DiscrepancyKind::RefundNotRecorded,
            ),
            (
                moved(Movement::Dispute, -700, None),
                DiscrepancyKind::DisputeNotRecorded,
            ),
        ];
        for (compared, expected) in named {
            assert_eq!(kind(compared), Some(expected));
        }
    }

    #[test]
    fn a_day_is_compared_two_hours_after_it_has_ended() {
        let zone = TimeZone::get("America/New_York").expect("a zone");
        let today = date(2026, 3, 8);
        let (start, end) = day(today, &zone).expect("a day");
        assert_eq!(
            end.duration_since(start),
            SignedDuration::from_hours(23),
            "clocks skip an hour"
        );
        let due = due_time(today, &zone).expect("a time");
        assert_eq!(last_due(due, &zone).expect("a day"), today);
        let before = due - SignedDuration::from_secs(1);
        assert_eq!(last_due(before, &zone).expect("a day"), date(2026, 3, 7));
    }

    proptest! {
        #[test]
        fn days_follow_each_other_without_gap_in_any_zone(
            days in 0_i64..1_000,
            name in proptest::sample::select(vec!["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Africa/Cairo"])
        ) {
            let zone = TimeZone::get(name).expect("a zone");
            let today = date(2026, 1, 1).checked_add(Span::new().days(days)).expect("a day");
            let (_, end) = day(today, &zone).expect("a day");
            let (start, _) = day(today.tomorrow().expect("a day"), &zone).expect("a day");
            prop_assert_eq!(end, start);
        }
    }
}
