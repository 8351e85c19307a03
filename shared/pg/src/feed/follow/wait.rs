use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Interval, MissedTickBehavior};

use crate::feed::{Event, EventStream, SourceError};

/// What was left of the last batch, then what the stream brings. May be dropped while it waits.
pub(super) async fn next_item(
    carried: &mut Option<Event>,
    stream: &mut EventStream,
) -> Option<Result<Option<Event>, SourceError>> {
    match carried.take() {
        Some(event) => Some(Ok(Some(event))),
        None => stream.next().await,
    }
}

/// Ticks at once and then each `period`, later when somebody was late.
pub(super) fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period.max(Duration::from_millis(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
