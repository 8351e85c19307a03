//! The open model: requests are sent when they are due, whether or not earlier ones are answered.

use crate::arrival::Schedule;
use crate::payer::Payer;
use crate::tally::{SharedTally, Tally};
use anyhow::Result;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// More unanswered requests than this at once are not sent but counted as failed: the generator's own limit.
pub const MAX_IN_FLIGHT: usize = 4_096;
/// What a request counts as that was due and not sent.
pub const NOT_SENT: &str = "NOT_SENT_TOO_MANY_IN_FLIGHT";

const LEAD: Duration = Duration::from_millis(20);

/// Sends by the schedule and waits for every answer.
///
/// # Errors
/// The sender panicked.
pub async fn run(payer: &Arc<Payer>, schedule: Schedule) -> Result<Tally> {
    let tally = SharedTally::new(Tally::new(payer.practices().len())?);
    let requests = TaskTracker::new();
    let stop = CancellationToken::new();
    let _stop_when_dropped = stop.clone().drop_guard();
    // A thread of its own: the runtime's timer knows only whole milliseconds.
    let sender = Sender {
        payer: Arc::clone(payer),
        tally: tally.clone(),
        requests: requests.clone(),
        room: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
        runtime: Handle::current(),
    };
    tokio::task::spawn_blocking(move || sender.send(schedule, &stop)).await?;
    requests.close();
    requests.wait().await;
    tally.into_inner()
}

struct Sender {
    payer: Arc<Payer>,
    tally: SharedTally,
    requests: TaskTracker,
    room: Arc<Semaphore>,
    runtime: Handle,
}

impl Sender {
    fn send(self, schedule: Schedule, stop: &CancellationToken) {
        let begin = Instant::now() + LEAD;
        for (number, offset) in schedule.offsets().enumerate() {
            let due = begin + offset;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if stop.is_cancelled() {
                return;
            }
            let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
                self.tally.lock().fail(NOT_SENT);
                continue;
            };
            let (payer, tally) = (Arc::clone(&self.payer), self.tally.clone());
            let request = async move {
                let asked = payer.ask();
                let outcome = payer.pay(&asked, number).await;
                tally.lock().record(asked, due.elapsed(), outcome);
                drop(place);
            };
            self.requests.spawn_on(request, &self.runtime);
        }
    }
}
