use crate::{Error, Result};
use ::rpc::Fault as _;
use ids::PracticeId;
use std::sync::LazyLock;
use telemetry::prometheus_client::metrics::counter::Counter;
use tonic::Code;

static FAILED: LazyLock<Counter> = LazyLock::new(|| {
    telemetry::register(
        "failed_payout_parts",
        "Parts of payouts that a practice could not take in, for good",
        Counter::default(),
    )
});

/// What became of the parts of a payout, each practice's for itself.
pub(super) struct Outcomes<'a> {
    payout: &'a str,
    passing: Option<Error>,
}

impl<'a> Outcomes<'a> {
    /// Of the processor's payout `po_…`.
    pub(super) const fn new(payout: &'a str) -> Self {
        Self {
            payout,
            passing: None,
        }
    }

    /// What a practice's part came to; none when it failed. One that failed for good is told to an operator and counted, and
    /// is not tried again; a fault of ours is, for the next version may have mended it.
    pub(super) fn take<T>(&mut self, practice: PracticeId, outcome: Result<T>) -> Option<T> {
        match outcome {
            Ok(taken) => Some(taken),
            Err(error) if error.passes() || error.code() == Code::Internal => {
                let payout = self.payout;
                tracing::warn!(payout, %practice, %error, "a part of a payout is tried again");
                self.passing = Some(error);
                None
            }
            Err(error) => {
                let payout = self.payout;
                tracing::error!(payout, %practice, %error, "a part of a payout cannot be taken in");
                FAILED.inc();
                None
            }
        }
    }

    /// The payout is taken in unless a part of it is worth another try. Errors: that part's.
    pub(super) fn end(self) -> Result<()> {
        self.passing.map_or(Ok(()), Err)
    }
}
