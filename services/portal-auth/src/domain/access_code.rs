//! The Access Code of a bill and how many guesses it stands (reliability.md, access code policy).

use jiff::{SignedDuration, Timestamp};

/// Digits of a code.
pub const DIGITS: usize = 6;
/// Wrong guesses in a row before the code is locked for [`LOCK`].
pub const FAILURES_IN_ROW_MAX: i32 = 5;
/// Wrong guesses in a code's life before it is burned for good.
pub const FAILURES_IN_LIFE_MAX: i32 = 10;
/// How long a lock holds.
pub const LOCK: SignedDuration = SignedDuration::from_mins(15);
/// How long a guest may stay on the pay page.
pub const GUEST_SESSION: SignedDuration = SignedDuration::from_mins(15);

/// Where a code stands when a guess arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Wrong guesses since the last right one or the last lock.
    pub failures_in_row: i32,
    /// Wrong guesses since it was issued.
    pub failures_in_life: i32,
    /// Locked until then.
    pub lock_end_time: Option<Timestamp>,
    /// Burned: never opens again.
    pub burned: bool,
    /// Its bill is paid or cancelled.
    pub retired: bool,
}

impl Standing {
    /// Of a code that was just made.
    pub const FRESH: Self = Self {
        failures_in_row: 0,
        failures_in_life: 0,
        lock_end_time: None,
        burned: false,
        retired: false,
    };

    /// Whether the code opens its bill, now or when a lock ends.
    pub const fn lives(&self) -> bool {
        !self.burned && !self.retired
    }

    /// Whether a guess may be compared at all. A guess that may not is not counted either: it learned nothing.
    pub fn takes_guesses(&self, now: Timestamp) -> bool {
        self.lives() && self.lock_end_time.is_none_or(|end| end <= now)
    }

    /// The standing with one more guess counted as wrong, written down before the guess is compared.
    #[must_use]
    pub fn counting_one(self, now: Timestamp) -> Self {
        let failures_in_life = self.failures_in_life.saturating_add(1);
        let in_row = self.failures_in_row.saturating_add(1);
        let locks = in_row >= FAILURES_IN_ROW_MAX;
        Self {
            failures_in_row: if locks { 0 } else { in_row },
            failures_in_life,
            lock_end_time: if locks {
                now.checked_add(LOCK).ok()
            } else {
                None
            },
            burned: failures_in_life >= FAILURES_IN_LIFE_MAX,
            retired: self.retired,
        }
    }

    /// The standing after the guess that was counted turned out right: neither it nor the row before it counts. What
    /// else was guessed wrong in the code's life stays counted.
    #[must_use]
    pub fn after_success(self) -> Self {
        Self {
            failures_in_row: 0,
            failures_in_life: self.failures_in_life.saturating_sub(1),
            lock_end_time: None,
            burned: false,
            ..self
        }
    }
}

/// A code from random bytes: 6 digits, every one of the million as likely as any other.
///
/// `draw` fills 4 bytes at a time; values that would make low codes likelier are thrown away.
pub fn draw(mut draw: impl FnMut(&mut [u8; 4])) -> String {
    const CODES: u32 = 1_000_000;
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    let mut bytes = [0; 4];
    loop {
        draw(&mut bytes);
        let value = u32::from_be_bytes(bytes);
        if value < FAIR {
            return format!("{:06}", value % CODES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Standing {
        Standing::FRESH
    }

    fn noon() -> Timestamp {
        "2026-03-31T12:00:00Z".parse().expect("a timestamp")
    }

    #[test]
    fn five_wrong_guesses_lock_for_fifteen_minutes() {
        let mut code = fresh();
        for _ in 0..5 {
            assert!(code.takes_guesses(noon()));
            code = code.counting_one(noon());
        }
        assert!(!code.takes_guesses(noon()));
        let later = noon().checked_add(LOCK).expect("in range");
        assert!(code.takes_guesses(later));
    }

    #[test]
    fn ten_wrong_guesses_in_a_life_burn_the_code_for_good() {
        let mut code = fresh();
        let mut now = noon();
        for _ in 0..10 {
            assert!(code.takes_guesses(now));
            code = code.counting_one(now);
            now = now.checked_add(LOCK).expect("in range");
        }
        assert!(code.burned);
        assert!(!code.takes_guesses(now));
    }

    #[test]
    fn a_right_guess_clears_the_row_and_keeps_the_life() {
        let mut code = fresh();
        for _ in 0..3 {
            code = code.counting_one(noon());
        }
        code = code.counting_one(noon()).after_success();
        assert_eq!((code.failures_in_row, code.failures_in_life), (0, 3));
    }

    #[test]
    fn a_right_fifth_or_tenth_guess_is_still_right() {
        let mut code = Standing {
            failures_in_row: 4,
            failures_in_life: 9,
            ..fresh()
        };
        assert!(code.takes_guesses(noon()));
        code = code.counting_one(noon()).after_success();
        assert!(code.takes_guesses(noon()));
        assert_eq!(code.failures_in_life, 9);
    }

    #[test]
    fn a_retired_code_takes_no_guesses() {
        assert!(
            !Standing {
                retired: true,
                ..fresh()
            }
            .takes_guesses(noon())
        );
    }

    #[test]
    fn codes_have_six_digits_and_biased_draws_are_thrown_away() {
        let draws = [u32::MAX, 4_294_000_001, 42];
        let mut next = draws.iter();
        let code = draw(|bytes| *bytes = next.next().expect("one more").to_be_bytes());
        assert_eq!(code, "000042");
    }
}
