//! What came of the requests of a phase.

use crate::curve::Latencies;
use crate::payer::{Asked, Refusal};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The outcomes of a phase.
#[derive(Debug)]
pub struct Tally {
    /// Of acknowledged requests.
    pub latencies: Latencies,
    /// Acknowledged payments of each practice, by its place.
    pub acknowledged: Vec<u64>,
    /// Failures by reason.
    pub failures: BTreeMap<String, u64>,
    /// Requests of which nobody knows yet whether they were carried out.
    pub unsettled: Vec<Asked>,
}

impl Tally {
    /// Nothing yet, for so many practices.
    ///
    /// # Errors
    /// See [`Latencies::new`].
    pub fn new(practices: usize) -> anyhow::Result<Self> {
        Ok(Self {
            latencies: Latencies::new()?,
            acknowledged: vec![0; practices],
            failures: BTreeMap::new(),
            unsettled: Vec::new(),
        })
    }

    /// One outcome.
    pub fn record(&mut self, asked: Asked, latency: Duration, outcome: Result<(), Refusal>) {
        match outcome {
            Ok(()) => {
                self.latencies.record(latency);
                if let Some(count) = self.acknowledged.get_mut(asked.practice) {
                    *count += 1;
                }
            }
            Err(refusal) => {
                self.fail(&refusal.reason);
                if refusal.outcome_unknown {
                    self.unsettled.push(asked);
                }
            }
        }
    }

    /// A failure of which nothing can be left.
    pub fn fail(&mut self, reason: &str) {
        match self.failures.get_mut(reason) {
            Some(count) => *count += 1,
            None => {
                self.failures.insert(reason.to_owned(), 1);
            }
        }
    }

    /// All acknowledged payments.
    pub fn acknowledged_count(&self) -> u64 {
        self.acknowledged.iter().sum()
    }
}

/// A tally that many write to.
#[derive(Debug, Clone)]
pub struct SharedTally(Arc<Mutex<Tally>>);

impl SharedTally {
    /// Shares a tally.
    pub fn new(tally: Tally) -> Self {
        Self(Arc::new(Mutex::new(tally)))
    }

    /// To write to, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes it back when nobody else has it.
    ///
    /// # Errors
    /// Somebody still writes.
    pub fn into_inner(self) -> anyhow::Result<Tally> {
        let mutex = Arc::into_inner(self.0)
            .ok_or_else(|| anyhow::anyhow!("a phase ended before its requests"))?;
        Ok(mutex.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
