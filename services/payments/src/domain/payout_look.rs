//! How far back a night looks for payouts that nobody told of. A payment may be in no payout that is listed: one that looked
//! each night since the oldest of those would list half a year for ever.

use jiff::{SignedDuration, Timestamp};

/// A payout that was paid may fail within five banking days; made by then, it is read again each night.
const LOOKED_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);
/// So far back at the most.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(180 * 24);
/// What a look did not find is looked for again so much later: what is in a payout may have been not known then.
const REACHED_BACK_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far an account's payouts were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// All that were made until then were seen.
    pub until: Timestamp,
    /// When a look last reached back to the oldest payment that was in none.
    pub reached_back: Timestamp,
}

/// Nothing is looked for that is older at `end`.
#[must_use]
pub fn oldest(end: Timestamp) -> Timestamp {
    before(end, LOOKED_BACK)
}

/// Whether a look at `end` reaches back to the oldest payment that is in none, after the last one.
#[must_use]
pub fn reaches_back(last: Option<Look>, end: Timestamp) -> bool {
    last.is_none_or(|last| end.duration_since(last.reached_back) >= REACHED_BACK_EVERY)
}

/// From when on a look at `end` lists, and what it is when it has gone well: 14 days back, from the end of the last one when
/// that is earlier, and from the payment that is in none, `unpaid`, when it reaches back.
#[must_use]
pub fn next(last: Option<Look>, end: Timestamp, unpaid: Option<Timestamp>) -> (Timestamp, Look) {
    let seen = last.map_or(end, |last| last.until.min(end));
    let usual = before(seen, LOOKED_AFTER);
    let back = reaches_back(last, end);
    let start = unpaid
        .filter(|_| back)
        .map_or(usual, |unpaid| unpaid.min(usual));
    let look = Look {
        until: last.map_or(end, |last| last.until.max(end)),
        reached_back: last.filter(|_| !back).map_or(end, |last| last.reached_back),
    };
    (start.max(oldest(end)), look)
}

fn before(time: Timestamp, span: SignedDuration) -> Timestamp {
    time.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).expect("a day")
    }

    #[test]
    fn a_first_look_reaches_back_and_the_next_ones_do_not_for_a_week() {
        let unpaid = Some(day(1_000));
        let (start, first) = next(None, day(1_100), unpaid);
        assert_eq!(start, day(1_000));
        let (start, second) = next(Some(first), day(1_101), unpaid);
        assert_eq!(start, day(1_101 - 15), "as far as the last one saw");
        assert_eq!(second.reached_back, first.reached_back);
        let (start, _) = next(Some(second), day(1_107), unpaid);
        assert_eq!(start, day(1_000), "a week later");
    }

    #[test]
    fn a_look_is_half_a_year_at_the_most() {
        let (start, _) = next(None, day(1_000), Some(day(1)));
        assert_eq!(start, day(820));
        let long_ago = Look {
            until: day(10),
            reached_back: day(10),
        };
        assert_eq!(next(Some(long_ago), day(1_000), None).0, day(820));
    }

    proptest! {
        #[test]
        fn nights_leave_no_gap_between_their_looks(pauses in proptest::collection::vec(1_i64..60, 1..20)) {
            let (mut last, mut at) = (None, 1_000);
            for pause in pauses {
                let (start, look) = next(last, day(at), None);
                if let Some(Look { until, .. }) = last {
                    prop_assert!(start <= until, "what was made since the last look is seen");
                }
                prop_assert!(start <= before(day(at), LOOKED_AFTER));
                last = Some(look);
                at += pause;
            }
        }
    }
}
