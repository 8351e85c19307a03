//! What happened too long ago to write a mail about: books that are brought over from another system, a feed that is
//! followed again from its beginning.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// News for a week.
const NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whether an event is still worth a mail.
#[must_use]
pub fn is_recent(occur_time: Timestamp, now: Timestamp) -> bool {
    now.duration_since(occur_time) <= NEWS
}

/// Whether the payer hears of a payment: always when it was made online; when the practice entered it, only if it was
/// received lately.
#[must_use]
pub fn wants_receipt(online: bool, receive_date: Date, post_time: Timestamp) -> bool {
    // The practice's zone would change this by hours, which are not worth a look-up.
    let post_date = post_time.to_zoned(TimeZone::UTC).date();
    online || post_date.duration_since(receive_date) <= NEWS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_payments_that_are_brought_over_get_no_receipt() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().expect("an instant");
        let day = |day| Date::constant(2026, 3, day);
        assert!(wants_receipt(false, day(2), now));
        assert!(!wants_receipt(false, day(1), now));
        assert!(wants_receipt(true, day(1), now));
    }

    #[test]
    fn a_feed_that_is_followed_again_writes_no_old_mails() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().expect("an instant");
        assert!(is_recent(now - SignedDuration::from_hours(72), now));
        assert!(!is_recent(now - SignedDuration::from_hours(200), now));
    }
}
