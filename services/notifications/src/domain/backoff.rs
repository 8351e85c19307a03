use jiff::{SignedDuration, Timestamp};

/// How patiently a mail is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure; each further one is twice as long.
    pub first_pause: SignedDuration,
    /// At most this long.
    pub longest_pause: SignedDuration,
    /// After this time since it was queued, a failure is the last.
    pub patience: SignedDuration,
}

impl Backoff {
    /// One minute, two, four, … up to an hour; two days.
    pub const USUAL: Self = Self {
        first_pause: SignedDuration::from_secs(60),
        longest_pause: SignedDuration::from_hours(1),
        patience: SignedDuration::from_hours(48),
    };

    /// When a mail is tried again that was queued at `create_time` and has failed at `now` for the `attempts`th time;
    /// none when it is given up.
    #[must_use]
    pub fn next_attempt(
        &self,
        create_time: Timestamp,
        now: Timestamp,
        attempts: i32,
    ) -> Option<Timestamp> {
        let doublings = u32::try_from(attempts.saturating_sub(1))
            .unwrap_or(0)
            .min(30);
        let pause = self
            .first_pause
            .checked_mul(1 << doublings)
            .map_or(self.longest_pause, |pause| pause.min(self.longest_pause));
        let next = now.checked_add(pause).ok()?;
        let last = create_time.checked_add(self.patience).ok()?;
        (next <= last).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_end_after_two_days() {
        let queued = Timestamp::UNIX_EPOCH;
        let (mut now, mut attempts, mut pauses) = (queued, 1, Vec::new());
        while let Some(next) = Backoff::USUAL.next_attempt(queued, now, attempts) {
            pauses.push(next.duration_since(now).as_mins());
            now = next;
            attempts += 1;
        }
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(now.duration_since(queued).as_hours(), 47);
        assert!(attempts < 60);
    }
}
