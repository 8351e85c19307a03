//! Card authorization forms: who is asked, how often, and by which text.

use super::words;
use ids::PayerId;
use jiff::{SignedDuration, Timestamp};

/// The standard text, version 0, for practices without one of their own. Never changed: what was signed names it.
pub const STANDARD_FORM: &str = "\
I keep a card or bank account on file with the practice. I authorize the practice to charge it for what I owe: co-pays, \
deductibles and other amounts that my insurance leaves to me, sessions that I pay for myself, and fees for missed or late \
cancelled appointments under the practice's policy. The practice tells me what it charges and sends a receipt.

This holds for the card or account named with my signature, and for the one I put in its place, until I revoke it. I can \
revoke it at any time; what I owe by then is still owed. The practice does not keep my card number: a payment processor \
does.";

words! {
    /// Where a form stands.
    AuthorizationState {
        /// The payer was asked.
        Requested "requested",
        /// The payer has signed.
        Signed "signed",
        /// It does not count any more.
        Revoked "revoked",
    }
}

/// What the practice wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPolicy {
    /// New clients are asked by themselves.
    pub ask_at_intake: bool,
    /// Clients with one of these payers are not asked.
    pub exempt_payers: Vec<PayerId>,
    /// Between the request and its reminder, and between reminders.
    pub remind_after_days: i32,
    /// So many reminders go by themselves.
    pub reminders_max: i32,
}

impl Default for CardPolicy {
    fn default() -> Self {
        Self {
            ask_at_intake: false,
            exempt_payers: Vec::new(),
            remind_after_days: 3,
            reminders_max: 2,
        }
    }
}

impl CardPolicy {
    /// Whether a client is not asked: by name, or for one of the payers.
    #[must_use]
    pub fn exempts(&self, by_name: bool, payers: &[PayerId]) -> bool {
        by_name
            || payers
                .iter()
                .any(|payer| self.exempt_payers.contains(payer))
    }

    /// When the next reminder goes by itself after `sent` of them; none when those were all.
    #[must_use]
    pub fn next_reminder(&self, sent: i32, now: Timestamp) -> Option<Timestamp> {
        let pause = SignedDuration::from_hours(24 * i64::from(self.remind_after_days));
        (sent < self.reminders_max).then(|| now.saturating_add(pause).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn payer(number: u128) -> PayerId {
        PayerId::from(Uuid::from_u128(number))
    }

    #[test]
    fn a_client_is_exempt_by_name_or_by_one_of_the_payers() {
        let policy = CardPolicy {
            exempt_payers: vec![payer(1), payer(2)],
            ..CardPolicy::default()
        };
        assert!(policy.exempts(true, &[]));
        assert!(policy.exempts(false, &[payer(9), payer(2)]));
        assert!(!policy.exempts(false, &[payer(9)]));
        assert!(!policy.exempts(false, &[]));
    }

    #[test]
    fn reminders_end() {
        let now: Timestamp = "2026-03-02T15:00:00Z".parse().expect("an instant");
        let policy = CardPolicy::default();
        let days = |count: i64| now + SignedDuration::from_hours(24 * count);
        assert_eq!(policy.next_reminder(0, now), Some(days(3)));
        assert_eq!(policy.next_reminder(1, now), Some(days(3)));
        assert_eq!(policy.next_reminder(2, now), None);
    }
}
