//! When AutoPay tries again what was declined: a soft decline on days 1, 3, 5 and 7 after the first, a hard one not before
//! the payer has another method. Nights that were missed are not made good one by one.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Days after the first decline.
const RETRY_DAYS: [i32; 4] = [1, 3, 5, 7];

/// Charges of a bill with the same payment method that were declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// Local day of the first.
    pub first: Date,
    /// Local day of the latest.
    pub last: Date,
    /// One of them was declined for good.
    pub hard: bool,
}

/// When it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Today.
    Now,
    /// On that day.
    On(Date),
    /// Not with this method.
    Never,
}

impl Attempts {
    /// When to try again, seen from a local day.
    #[must_use]
    pub fn retry(&self, today: Date) -> Retry {
        if self.hard {
            return Retry::Never;
        }
        let mut days = RETRY_DAYS
            .iter()
            .map(|days| self.first.saturating_add(days.days()));
        match days.find(|day| *day > self.last) {
            Some(day) if day <= today => Retry::Now,
            Some(day) => Retry::On(day),
            None => Retry::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const FIRST: Date = date(2026, 2, 26);

    fn day(offset: i32) -> Date {
        FIRST.saturating_add(offset.days())
    }

    /// Runs nights on these days after the first decline, all declined softly; answers on which it was tried.
    fn tried(nights: impl IntoIterator<Item = i32>) -> Vec<i32> {
        let mut attempts = Attempts {
            first: FIRST,
            last: FIRST,
            hard: false,
        };
        let mut tried = Vec::new();
        for night in nights {
            if attempts.retry(day(night)) == Retry::Now {
                attempts.last = day(night);
                tried.push(night);
            }
        }
        tried
    }

    #[test]
    fn a_soft_decline_is_tried_on_days_one_three_five_and_seven() {
        assert_eq!(tried(0..40), [1, 3, 5, 7]);
        let declined = Attempts {
            first: FIRST,
            last: day(1),
            hard: false,
        };
        assert_eq!(declined.retry(day(2)), Retry::On(day(3)));
    }

    #[test]
    fn missed_nights_are_one_try() {
        assert_eq!(tried([4, 5, 6, 7, 8]), [4, 5, 7]);
        assert_eq!(tried([20, 21, 22]), [20]);
    }

    #[test]
    fn a_hard_decline_is_not_tried_again() {
        let declined = Attempts {
            first: FIRST,
            last: FIRST,
            hard: true,
        };
        assert_eq!(declined.retry(day(30)), Retry::Never);
    }

    proptest! {
        #[test]
        fn at_most_four_tries_whatever_nights_there_are(nights in proptest::collection::btree_set(0_i32..60, 0..60)) {
            let tries = tried(nights);
            prop_assert!(tries.len() <= 4);
            prop_assert!(tries.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(tries.first().is_none_or(|first| *first >= 1));
        }
    }
}
