//! How fast work that nobody waits for calls the processor. Each call has a slot of its own in time, so no second has
//! more than so many of them, however many replicas take slots.

use jiff::{SignedDuration, Timestamp};

/// Calls a second that an account may get without anybody waiting for them. The processor takes 25; the rest is for
/// people who wait.
pub const CALLS_PER_SECOND: i64 = 20;

/// Between two slots.
#[must_use]
pub const fn interval() -> SignedDuration {
    SignedDuration::from_micros(1_000_000 / CALLS_PER_SECOND)
}

/// How long to wait for a slot.
#[must_use]
pub fn wait(slot: Timestamp, now: Timestamp) -> std::time::Duration {
    slot.duration_since(now).try_into().unwrap_or_default()
}

/// How long to leave the processor alone after it was busy for the time number `tries`, from 0: at least what it asks
/// for, and doubling up to a minute.
#[must_use]
pub fn back_off(tries: u32, asked: std::time::Duration) -> std::time::Duration {
    let doubled = std::time::Duration::from_secs(1 << tries.min(6));
    doubled.min(std::time::Duration::from_secs(60)).max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn slots_and_pauses() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(interval(), SignedDuration::from_millis(50));
        assert_eq!(wait(now + interval(), now), Duration::from_millis(50));
        assert_eq!(wait(now - interval(), now), Duration::ZERO);
        assert_eq!(back_off(0, Duration::ZERO), Duration::from_secs(1));
        assert_eq!(back_off(3, Duration::from_secs(2)), Duration::from_secs(8));
        assert_eq!(
            back_off(40, Duration::from_secs(90)),
            Duration::from_secs(90)
        );
    }
}
