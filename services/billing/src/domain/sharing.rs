//! When a bill is sent to its billing contact, and what goes along.

use ids::{BillId, ClientId, MessageId, ShareId};
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// The shortest delay: long enough to see a mistake and mend it.
pub const SHORTEST_DELAY_MINUTES: i32 = 60;
/// How far ahead a bill may be scheduled.
const FURTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How bills are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharePolicy {
    /// By itself; otherwise when somebody says so.
    pub automatic: bool,
    /// After the bill was issued; 60 minutes to 30 days.
    pub delay_minutes: i32,
    /// The PDF goes along; otherwise the link alone.
    pub with_pdf: bool,
}

impl SharePolicy {
    /// For a practice that has said nothing.
    pub const BY_HAND: Self = Self {
        automatic: false,
        delay_minutes: SHORTEST_DELAY_MINUTES,
        with_pdf: true,
    };

    /// When a bill that is issued now is shared by itself; none when it is not.
    #[must_use]
    pub fn share_time(&self, issued: Timestamp) -> Option<Timestamp> {
        let delay = SignedDuration::from_mins(self.delay_minutes.into());
        self.automatic
            .then(|| issued.saturating_add(delay).unwrap_or(Timestamp::MAX))
    }
}

/// Whether a share may be scheduled for this time: after now, at most a year ahead.
#[must_use]
pub fn may_schedule(scheduled_time: Timestamp, now: Timestamp) -> bool {
    let ahead = scheduled_time.duration_since(now);
    SignedDuration::ZERO < ahead && ahead <= FURTHEST
}

/// What a document went out with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentWith {
    /// A bill with an act of sharing.
    Share(ShareId),
    /// A receipt with a mail of its own.
    Mail(MessageId),
}

impl fmt::Display for SentWith {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => share.fmt(out),
            Self::Mail(message) => message.fmt(out),
        }
    }
}

/// Why a scheduled share waits though its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// There is nobody to send it to.
    NoEmailAddress,
}

impl Block {
    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoEmailAddress => "no_email_address",
        }
    }

    /// The way back; none for a text that is no block.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::NoEmailAddress]
            .into_iter()
            .find(|block| block.name() == name)
    }
}

/// A bill that will be shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// When.
    pub scheduled_time: Timestamp,
    /// The PDF goes along.
    pub with_pdf: bool,
    /// Whose will it is; none when it is the policy's.
    pub scheduled_by: Option<String>,
    /// Why it waits.
    pub block: Option<Block>,
}

/// A bill that was shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The act.
    pub share: ShareId,
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// The PDF went along.
    pub with_pdf: bool,
    /// Whose will it was; none when it was the policy's.
    pub shared_by: Option<String>,
    /// When.
    pub share_time: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_bill_is_shared_by_itself_after_the_delay_and_only_when_the_policy_says_so() {
        let issued = at("2026-03-02T15:00:00Z");
        assert_eq!(SharePolicy::BY_HAND.share_time(issued), None);
        let after_two_hours = SharePolicy {
            automatic: true,
            delay_minutes: 120,
            with_pdf: true,
        };
        assert_eq!(
            after_two_hours.share_time(issued),
            Some(at("2026-03-02T17:00:00Z"))
        );
    }

    #[test]
    fn a_share_is_scheduled_after_now_and_at_most_a_year_ahead() {
        let now = at("2026-03-02T15:00:00Z");
        assert!(!may_schedule(now, now));
        assert!(!may_schedule(at("2026-03-02T14:59:59Z"), now));
        assert!(may_schedule(at("2026-03-02T15:00:01Z"), now));
        assert!(may_schedule(at("2027-03-02T15:00:00Z"), now));
        assert!(!may_schedule(at("2027-03-04T15:00:00Z"), now));
    }

    #[test]
    fn a_block_is_known_by_its_name() {
        assert_eq!(
            Block::named(Block::NoEmailAddress.name()),
            Some(Block::NoEmailAddress)
        );
        assert_eq!(Block::named("cancelled"), None);
    }
}
