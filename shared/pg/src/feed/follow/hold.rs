use std::collections::HashMap;
use std::time::Duration;

use ids::PracticeId;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

/// The practices of a bucket whose events wait. What the stream brings of them meanwhile is dropped, and listed again
/// before they flow with the others.
#[derive(Debug)]
pub(super) struct Holds {
    by_practice: HashMap<PracticeId, Hold>,
    gauge: Gauge,
}

#[derive(Debug)]
struct Hold {
    /// Failures in a row of any kind: how long the next pause is.
    failures: u32,
    /// Attempts at one event that failed for the event's own sake.
    attempts: u32,
    until: Until,
}

#[derive(Debug, PartialEq)]
enum Until {
    Time(Instant),
    Replay,
}

impl Holds {
    pub(super) fn new(gauge: Gauge) -> Self {
        Self {
            by_practice: HashMap::new(),
            gauge,
        }
    }

    pub(super) fn contains(&self, practice: PracticeId) -> bool {
        self.by_practice.contains_key(&practice)
    }

    /// How often the practice's next event has failed for its own sake.
    pub(super) fn attempts(&self, practice: PracticeId) -> u32 {
        self.by_practice
            .get(&practice)
            .map_or(0, |hold| hold.attempts)
    }

    /// Holds a practice after a failure, for what `pause` says of the failures in a row.
    pub(super) fn pause(
        &mut self,
        practice: PracticeId,
        attempts: u32,
        pause: impl Fn(u32) -> Duration,
    ) {
        let failures = self
            .by_practice
            .get(&practice)
            .map_or(0, |hold| hold.failures)
            + 1;
        let until = Until::Time(Instant::now() + pause(failures));
        self.set(
            practice,
            Hold {
                failures,
                attempts,
                until,
            },
        );
    }

    /// Holds a practice until its parked event is replayed or skipped.
    pub(super) fn park(&mut self, practice: PracticeId) {
        self.set(
            practice,
            Hold {
                failures: 0,
                attempts: 0,
                until: Until::Replay,
            },
        );
    }

    /// Its failures are over; it is still to catch up, when it was held.
    pub(super) fn resume(&mut self, practice: PracticeId) {
        if let Some(hold) = self.by_practice.get_mut(&practice) {
            *hold = Hold {
                failures: 0,
                attempts: 0,
                until: Until::Time(Instant::now()),
            };
        }
    }

    /// It has caught up and flows with the stream.
    pub(super) fn free(&mut self, practice: PracticeId) {
        if self.by_practice.remove(&practice).is_some() {
            self.gauge.dec();
        }
    }

    /// The practices that wait for a replay.
    pub(super) fn parked(&self) -> Vec<PracticeId> {
        let parked = self
            .by_practice
            .iter()
            .filter(|(_, hold)| hold.until == Until::Replay);
        parked.map(|(practice, _)| *practice).collect()
    }

    /// Waits for the practice whose pause ends first; for ever when none has one.
    pub(super) async fn next_due(&self) -> PracticeId {
        let due = self
            .by_practice
            .iter()
            .filter_map(|(practice, hold)| match hold.until {
                Until::Time(time) => Some((time, *practice)),
                Until::Replay => None,
            });
        match due.min() {
            Some((time, practice)) => {
                tokio::time::sleep_until(time).await;
                practice
            }
            None => std::future::pending().await,
        }
    }

    fn set(&mut self, practice: PracticeId, hold: Hold) {
        if self.by_practice.insert(practice, hold).is_none() {
            self.gauge.inc();
        }
    }
}

impl Drop for Holds {
    fn drop(&mut self) {
        self.gauge
            .dec_by(i64::try_from(self.by_practice.len()).unwrap_or(i64::MAX));
    }
}
