//! The closed model: so many callers, each sends its next request when the last one is answered. It finds out how much
//! goes through; its latencies flatter, because a slow server gets fewer requests.

use crate::payer::Payer;
use crate::tally::{SharedTally, Tally};
use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What the callers got done.
#[derive(Debug)]
pub struct Done {
    /// What came of the requests.
    pub tally: Tally,
    /// Acknowledged payments by the time until the last answer.
    pub payments_per_second: f64,
}

/// Lets `callers` pay for `length`.
///
/// # Errors
/// A caller panicked.
pub async fn run(payer: &Arc<Payer>, callers: u32, length: Duration) -> Result<Done> {
    let tally = SharedTally::new(Tally::new(payer.practices().len())?);
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let (payer, tally) = (Arc::clone(payer), tally.clone());
        tasks.spawn(async move {
            let connection = usize::try_from(caller).unwrap_or(0);
            while begin.elapsed() < length {
                let asked = payer.ask();
                let sent = Instant::now();
                let outcome = payer.pay(&asked, connection).await;
                tally.lock().record(asked, sent.elapsed(), outcome);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    let elapsed = begin.elapsed();
    let tally = tally.into_inner()?;
    let payments_per_second = tally.acknowledged_count() as f64 / elapsed.as_secs_f64();
    Ok(Done {
        tally,
        payments_per_second,
    })
}
