//! How often something may be tried, counted in windows that begin at whole multiples of their length.

use jiff::Timestamp;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// At most `count_max` in `window_seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Length of the window.
    pub window_seconds: i64,
    /// What is still let through.
    pub count_max: i32,
}

/// Guesses of Access Codes from one network address: 10 in 10 minutes, 30 an hour, 100 a day.
pub const GUESSES_PER_ADDRESS: [Limit; 3] = [
    Limit {
        window_seconds: 10 * MINUTE,
        count_max: 10,
    },
    Limit {
        window_seconds: HOUR,
        count_max: 30,
    },
    Limit {
        window_seconds: DAY,
        count_max: 100,
    },
];
/// Guesses at one practice's bills; above it the pay link is needed and the practice is told.
pub const GUESSES_PER_PRACTICE: Limit = Limit {
    window_seconds: DAY,
    count_max: 50,
};
/// Guesses at all bills; above it operators are alarmed.
pub const GUESSES_OVERALL_ALARM: Limit = Limit {
    window_seconds: DAY,
    count_max: 1_000,
};
/// Guesses at all bills; above it the pay link is needed everywhere.
pub const GUESSES_OVERALL: Limit = Limit {
    window_seconds: DAY,
    count_max: 5_000,
};
/// Sign-ins with a password, per e-mail address and per network address.
pub const SIGN_INS: [Limit; 2] = [
    Limit {
        window_seconds: 5 * MINUTE,
        count_max: 10,
    },
    Limit {
        window_seconds: DAY,
        count_max: 100,
    },
];

impl Limit {
    /// Where the window around `now` begins.
    pub fn window_start(&self, now: Timestamp) -> Timestamp {
        let second = now.as_second();
        let start = second - second.rem_euclid(self.window_seconds);
        Timestamp::from_second(start).unwrap_or(Timestamp::MIN)
    }

    /// How long until the window around `now` ends.
    pub fn left(&self, now: Timestamp) -> Duration {
        let gone = now.as_second().rem_euclid(self.window_seconds);
        Duration::from_secs(u64::try_from(self.window_seconds - gone).unwrap_or(1))
    }
}

/// The network an address is counted with: an IPv6 subscriber has a whole /64.
pub fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).to_string() + "/64",
        },
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_at_a_whole_multiple_and_ends_before_the_next() {
        let limit = GUESSES_PER_ADDRESS[0];
        let now: Timestamp = "2026-03-31T12:07:30Z".parse().expect("a timestamp");
        assert_eq!(limit.window_start(now).to_string(), "2026-03-31T12:00:00Z");
        assert_eq!(limit.left(now), Duration::from_secs(150));
    }

    #[test]
    fn one_ipv6_subscriber_is_one_network() {
        let of = |text: &str| network(Some(text.parse().expect("an address")));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
