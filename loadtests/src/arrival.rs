//! When requests arrive in an open model: on schedule, whatever the server does. Latency counts from the scheduled
//! moment, so that a request which had to wait for others has waited (a closed loop would not even have sent it).

use std::time::Duration;

/// Evenly spaced arrivals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    rate_per_second: f64,
    count: u64,
}

impl Schedule {
    /// Arrivals for `length` at `rate_per_second`; a rate that is not above 0 has none.
    pub fn new(rate_per_second: f64, length: Duration) -> Self {
        let count = (rate_per_second * length.as_secs_f64()).round();
        let count = if count.is_finite() && count > 0.0 {
            count as u64
        } else {
            0
        };
        Self {
            rate_per_second,
            count,
        }
    }

    /// The moments from the begin, in order. Each is computed from its number, so that rounding never adds up.
    pub fn offsets(self) -> impl Iterator<Item = Duration> {
        (0..self.count)
            .map(move |number| Duration::from_secs_f64(number as f64 / self.rate_per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_evenly_spaced_from_the_begin() {
        let schedule = Schedule::new(4.0, Duration::from_secs(1));
        let offsets: Vec<u128> = schedule
            .offsets()
            .map(|offset| offset.as_millis())
            .collect();
        assert_eq!(offsets, [0, 250, 500, 750]);
    }

    #[test]
    fn an_odd_rate_does_not_drift() {
        let schedule = Schedule::new(700.0, Duration::from_secs(600));
        assert_eq!(schedule.offsets().count(), 420_000);
        let last = schedule.offsets().last().expect("arrivals");
        let expected = Duration::from_secs_f64(600.0 - 1.0 / 700.0);
        assert!(
            last.abs_diff(expected) < Duration::from_nanos(10),
            "{last:?}"
        );
    }

    #[test]
    fn a_rate_of_nothing_has_no_arrivals() {
        for rate in [0.0, -1.0, f64::NAN] {
            assert_eq!(
                Schedule::new(rate, Duration::from_secs(10))
                    .offsets()
                    .count(),
                0
            );
        }
    }

    #[test]
    fn less_than_one_a_second_still_arrives() {
        let schedule = Schedule::new(0.5, Duration::from_secs(10));
        let offsets: Vec<u64> = schedule.offsets().map(|offset| offset.as_secs()).collect();
        assert_eq!(offsets, [0, 2, 4, 6, 8]);
    }
}
