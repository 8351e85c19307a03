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

/// A guess that is counted as the one too many may still turn out right; by then it has.
const SETTLED: SignedDuration = SignedDuration::from_mins(1);
/// Whoever guesses at a bill must not be able to fill its payer's mailbox.
const BETWEEN_NOTICES: SignedDuration = SignedDuration::from_hours(24);

/// The last mail that told of a burned code of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastNotice {
    /// It waits, and will bring the code that the bill has by then.
    Waiting,
    /// It went out, or was given up.
    Done(Timestamp),
}

/// When the mail goes that tells of a burned code; none when one waits already.
#[must_use]
pub fn burn_notice_time(last: Option<LastNotice>, now: Timestamp) -> Option<Timestamp> {
    let after = |time: Timestamp, pause| time.saturating_add(pause).unwrap_or(Timestamp::MAX);
    match last {
        Some(LastNotice::Waiting) => None,
        Some(LastNotice::Done(time)) => Some(after(time, BETWEEN_NOTICES).max(after(now, SETTLED))),
        None => Some(after(now, SETTLED)),
    }
}

/// Who adjusts a bill may not be done with it.
const QUIET: SignedDuration = SignedDuration::from_mins(5);
/// But the client does not wait for longer.
const LATEST: SignedDuration = SignedDuration::from_hours(1);

/// When the mail goes that tells of changes of a bill, after another one now: when there were none for a while, at the
/// latest an hour after the first.
#[must_use]
pub fn adjustment_notice_time(first: Timestamp, now: Timestamp) -> Timestamp {
    let after = |time: Timestamp, pause| time.saturating_add(pause).unwrap_or(Timestamp::MAX);
    after(now, QUIET).min(after(first, LATEST))
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
    fn a_burned_code_is_told_of_at_most_once_a_day() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().expect("an instant");
        let soon = Some(now + SignedDuration::from_mins(1));
        let sent = |hours| Some(LastNotice::Done(now - SignedDuration::from_hours(hours)));
        assert_eq!(burn_notice_time(None, now), soon);
        assert_eq!(burn_notice_time(Some(LastNotice::Waiting), now), None);
        assert_eq!(
            burn_notice_time(sent(23), now),
            Some(now + SignedDuration::from_hours(1))
        );
        assert_eq!(burn_notice_time(sent(25), now), soon);
    }

    #[test]
    fn changes_are_told_together_but_within_an_hour() {
        let first: Timestamp = "2026-03-09T12:00:00Z".parse().expect("an instant");
        let after = |minutes| first + SignedDuration::from_mins(minutes);
        assert_eq!(adjustment_notice_time(first, first), after(5));
        assert_eq!(adjustment_notice_time(first, after(50)), after(55));
        assert_eq!(adjustment_notice_time(first, after(58)), after(60));
        assert_eq!(adjustment_notice_time(first, after(90)), after(60));
    }

    #[test]
    fn a_feed_that_is_followed_again_writes_no_old_mails() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().expect("an instant");
        assert!(is_recent(now - SignedDuration::from_hours(72), now));
        assert!(!is_recent(now - SignedDuration::from_hours(200), now));
    }
}
