//! A charge that the payer is told of before, and may move (design: Upcoming charge). The notice is sent at N with the
//! initial date D; until N + window the payer may move it, to a day of at most D + reach. Staff may go beyond.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// How far a payer may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many days after the notice it may be moved.
    pub window_days: i32,
    /// So many days beyond the initial date.
    pub reach_days: i32,
}

/// A charge to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// When the payer was told.
    pub notice_time: Timestamp,
    /// The day that was told then.
    pub initial_date: Date,
}

/// Who moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// Whoever pays: within the limits.
    Payer,
    /// The practice: to any day from the one that the payer was told first.
    Staff,
}

/// Why it is not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveRefusal {
    /// The window has closed.
    #[error("the charge could be moved until {0}")]
    WindowClosed(Timestamp),
    /// Too late a day.
    #[error("the charge can be moved to {0} at the latest")]
    TooLate(Date),
    /// A day that has passed.
    #[error("the charge cannot be moved to a day that has passed")]
    InPast,
    /// The practice wants it before the day that the payer was told.
    #[error("the practice cannot have the charge come before {0}, the day that the payer was told")]
    BeforeToldDay(Date),
}

impl Upcoming {
    /// Until when the payer may move it.
    #[must_use]
    pub fn move_end(&self, limits: Limits) -> Timestamp {
        let window = SignedDuration::from_hours(24 * i64::from(limits.window_days));
        self.notice_time
            .saturating_add(window)
            .unwrap_or(Timestamp::MAX)
    }

    /// The latest day to which the payer may move it.
    #[must_use]
    pub fn latest_date(&self, limits: Limits) -> Date {
        self.initial_date.saturating_add(limits.reach_days.days())
    }

    /// Whether it may be moved to a day, now, which is `today` in the practice. Errors: see [`MoveRefusal`].
    pub fn may_move(
        &self,
        (mover, limits): (Mover, Limits),
        to: Date,
        (now, today): (Timestamp, Date),
    ) -> Result<(), MoveRefusal> {
        if to < today {
            return Err(MoveRefusal::InPast);
        }
        match mover {
            Mover::Staff if to < self.initial_date => {
                Err(MoveRefusal::BeforeToldDay(self.initial_date))
            }
            Mover::Staff => Ok(()),
            Mover::Payer if now > self.move_end(limits) => {
                Err(MoveRefusal::WindowClosed(self.move_end(limits)))
            }
            Mover::Payer if to > self.latest_date(limits) => {
                Err(MoveRefusal::TooLate(self.latest_date(limits)))
            }
            Mover::Payer => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        window_days: 16,
        reach_days: 16,
    };

    fn upcoming() -> Upcoming {
        Upcoming {
            notice_time: "2026-03-02T15:00:00Z".parse().expect("an instant"),
            initial_date: date(2026, 3, 5),
        }
    }

    fn moved(mover: Mover, to: Date, days: i64) -> Result<(), MoveRefusal> {
        let now = upcoming().notice_time + SignedDuration::from_hours(24 * days);
        let today = now.to_zoned(TimeZone::UTC).date();
        upcoming().may_move((mover, LIMITS), to, (now, today))
    }

    #[test]
    fn a_payer_moves_it_for_sixteen_days_and_by_sixteen_days_and_staff_as_they_like() {
        assert_eq!(moved(Mover::Payer, date(2026, 3, 21), 16), Ok(()));
        assert_eq!(
            moved(Mover::Payer, date(2026, 3, 22), 16),
            Err(MoveRefusal::TooLate(date(2026, 3, 21)))
        );
        assert!(matches!(
            moved(Mover::Payer, date(2026, 3, 21), 17),
            Err(MoveRefusal::WindowClosed(_))
        ));
        assert_eq!(moved(Mover::Staff, date(2026, 6, 1), 30), Ok(()));
        assert_eq!(
            moved(Mover::Staff, date(2026, 3, 4), 1),
            Err(MoveRefusal::BeforeToldDay(date(2026, 3, 5)))
        );
        assert_eq!(moved(Mover::Payer, date(2026, 3, 4), 1), Ok(()));
        assert_eq!(
            moved(Mover::Staff, date(2026, 3, 1), 3),
            Err(MoveRefusal::InPast)
        );
    }

    proptest! {
        #[test]
        fn however_often_it_is_moved_a_payer_never_gets_beyond_the_reach(
            moves in proptest::collection::vec((0_i64..40, 0_i32..60), 0..12)
        ) {
            let mut days = 0;
            for (wait, offset) in moves {
                days += wait;
                let to = upcoming().initial_date.saturating_add(offset.days());
                if moved(Mover::Payer, to, days).is_ok() {
                    prop_assert!(to <= upcoming().latest_date(LIMITS) && days <= 16);
                }
            }
        }
    }
}
