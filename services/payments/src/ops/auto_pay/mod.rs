//! The parts of a night: which bills are charged, and how one is.

mod announce;
mod charge;
mod credit;
mod select;

pub(super) use charge::charge;
pub(super) use select::select;

use crate::domain::autopay_settings::Settings;
use crate::store::autopay_queue::DueNight;
use crate::store::practices::Practice;
use jiff::{SignedDuration, Timestamp};

/// After that a night that nobody goes on with is anybody's. Longer than a batch of charges may take.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// When a night that is taken now is anybody's again.
pub(crate) fn lease_end(now: Timestamp) -> Timestamp {
    now.saturating_add(LEASE).unwrap_or(Timestamp::MAX)
}

/// A night that is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Night<'a> {
    /// Taken from the queue.
    pub(super) due: DueNight,
    /// Whose.
    pub(super) practice: &'a Practice,
    /// How the practice wants it.
    pub(super) settings: &'a Settings,
}
