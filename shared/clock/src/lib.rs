//! The only place that reads time and randomness. Everything else gets a [`Clock`] or a value read
//! from one, so that a test owns both: a fixed clock stands still until told otherwise and draws
//! the same bytes on every run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{Timestamp, TimestampArithmetic};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use uuid::Uuid;

/// Time and randomness as one argument. Clones of a fixed clock are the same clock: advancing one
/// advances all.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<Mutex<Fixed>>),
}

#[derive(Debug)]
struct Fixed {
    now: Timestamp,
    rng: StdRng,
    drawn_ids: u32,
}

impl Clock {
    /// The machine's clock and the operating system's randomness.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until it is moved. Its randomness is the same on every run.
    pub fn fixed(at: Timestamp) -> Self {
        Self::fixed_with_seed(at, 0)
    }

    /// A fixed clock with randomness of its own, for a test whose processes must not draw the same
    /// ids.
    pub fn fixed_with_seed(at: Timestamp, seed: u64) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(Fixed {
            now: whole_microseconds(at),
            rng: StdRng::seed_from_u64(seed),
            drawn_ids: 0,
        }))))
    }

    /// This instant, cut to whole microseconds as Postgres keeps them, so that what is written
    /// equals what is read.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => whole_microseconds(Timestamp::now()),
            Source::Fixed(fixed) => lock(fixed).now,
        }
    }

    /// A new UUIDv7: ids drawn later sort later, also within one millisecond.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub fn uuid(&self) -> Uuid {
        match &self.0 {
            Source::System => Uuid::now_v7(),
            Source::Fixed(fixed) => lock(fixed).uuid(),
        }
    }

    /// Fills `bytes` with unpredictable bytes (a fixed clock's are predictable by design).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => rand::rng().fill_bytes(bytes),
            Source::Fixed(fixed) => lock(fixed).rng.fill_bytes(bytes),
        }
    }

    /// Moves a fixed clock, forward or back: `clock.advance(15.minutes())`. Spans of days or more
    /// have no length without a time zone; use hours.
    ///
    /// # Panics
    /// On the system clock and past the end of time: both are mistakes of the test that calls it.
    pub fn advance(&self, by: impl Into<TimestampArithmetic>) {
        let mut fixed = self.fixed_only();
        match fixed.now.checked_add(by) {
            Ok(moved) => fixed.now = whole_microseconds(moved),
            Err(error) => panic!("a clock cannot advance by that: {error}"),
        }
    }

    /// Puts a fixed clock at `to`.
    ///
    /// # Panics
    /// On the system clock: a mistake of the test that calls it.
    pub fn set(&self, to: Timestamp) {
        self.fixed_only().now = whole_microseconds(to);
    }

    fn fixed_only(&self) -> MutexGuard<'_, Fixed> {
        match &self.0 {
            Source::System => panic!("only a fixed clock can be moved"),
            Source::Fixed(fixed) => lock(fixed),
        }
    }
}

impl Fixed {
    /// 48 bits of milliseconds, then 26 bits of a counter in place of the leading random bits (RFC
    /// 9562, 6.2 method 1).
    fn uuid(&mut self) -> Uuid {
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        let [_, high, middle, low] = self.drawn_ids.to_be_bytes();
        self.drawn_ids = self.drawn_ids.wrapping_add(1) & 0x03FF_FFFF;
        let mut tail = [0; 10];
        self.rng.fill_bytes(&mut tail);
        // The builder overwrites the upper 4 bits of tail[0] and the upper 2 of tail[2]; the
        // counter goes around them.
        tail[0] = high >> 6;
        tail[1] = (high << 2) | (middle >> 6);
        tail[2] = middle & 0x3F;
        tail[3] = low;
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

fn lock(fixed: &Mutex<Fixed>) -> MutexGuard<'_, Fixed> {
    fixed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cuts towards the past, so that an instant is never later than the one it was read from.
fn whole_microseconds(at: Timestamp) -> Timestamp {
    let cut = at.as_nanosecond().rem_euclid(1_000);
    Timestamp::from_nanosecond(at.as_nanosecond() - cut).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, ToSpan};

    use super::*;

    fn noon() -> Timestamp {
        "2026-03-31T12:00:00.123456789Z"
            .parse()
            .expect("a timestamp")
    }

    #[test]
    fn a_fixed_clock_stands_still_until_moved_and_its_clones_move_with_it() {
        let clock = Clock::fixed(noon());
        let clone = clock.clone();
        assert_eq!(clock.now().to_string(), "2026-03-31T12:00:00.123456Z");
        clock.advance(15.minutes());
        assert_eq!(clone.now().to_string(), "2026-03-31T12:15:00.123456Z");
        clock.advance(SignedDuration::from_hours(-1));
        assert_eq!(clone.now().to_string(), "2026-03-31T11:15:00.123456Z");
    }

    #[test]
    fn time_before_1970_is_cut_towards_the_past_too() {
        let clock = Clock::fixed(
            "1969-12-31T23:59:59.999999999Z"
                .parse()
                .expect("a timestamp"),
        );
        assert_eq!(clock.now().to_string(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn ids_sort_in_the_order_they_were_drawn() {
        for clock in [Clock::system(), Clock::fixed(noon())] {
            let drawn: Vec<Uuid> = (0..5_000).map(|_| clock.uuid()).collect();
            assert!(drawn.is_sorted());
            assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]));
            assert!(drawn.iter().all(|id| id.get_version_num() == 7));
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_seed_draws_otherwise() {
        let draw = |clock: Clock| {
            let mut bytes = [0; 16];
            clock.fill(&mut bytes);
            (clock.uuid(), bytes)
        };
        assert_eq!(draw(Clock::fixed(noon())), draw(Clock::fixed(noon())));
        assert_ne!(
            draw(Clock::fixed(noon())),
            draw(Clock::fixed_with_seed(noon(), 1))
        );
        assert_ne!(draw(Clock::system()), draw(Clock::system()));
    }

    #[test]
    fn the_system_clock_has_whole_microseconds() {
        assert_eq!(Clock::system().now().as_nanosecond().rem_euclid(1_000), 0);
    }
}
