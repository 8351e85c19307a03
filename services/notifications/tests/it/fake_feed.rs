//! Another service's feed, in memory.

use clock::Clock;
use futures::StreamExt as _;
use ids::{EventId, PracticeId};
use pg::Announcement;
use pg::feed::{Bucket, Event, EventSource, EventStream, Position, SourceError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Default)]
pub struct FakeFeed(Arc<Mutex<Vec<Event>>>);

impl FakeFeed {
    /// Announces a message of the suite's contracts, as the practice's next event.
    pub fn announce(&self, clock: &Clock, practice: PracticeId, announcement: Announcement) {
        let mut events = self.0.lock().expect("events");
        let before = events
            .iter()
            .filter(|event| event.practice == practice)
            .count();
        events.push(Event {
            practice,
            sequence: i64::try_from(before).expect("few") + 1,
            event_id: EventId::new(clock),
            event_type: announcement.event_type,
            payload: announcement.payload.into(),
            occur_time: clock.now(),
        });
    }

    fn after(&self, positions: &[Position], bucket: Bucket) -> Vec<Event> {
        let seen = |event: &Event| {
            let of = |position: &&Position| position.practice == event.practice;
            positions
                .iter()
                .find(of)
                .map_or(0, |position| position.sequence)
        };
        let events = self.0.lock().expect("events");
        let wanted = |event: &&Event| bucket.holds(event.practice) && event.sequence > seen(event);
        events.iter().filter(wanted).cloned().collect()
    }
}

impl EventSource for FakeFeed {
    async fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        let feed = self.clone();
        let stream = futures::stream::unfold((feed, after), move |(feed, mut after)| async move {
            let mut found = feed.after(&after, bucket);
            while found.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
                found = feed.after(&after, bucket);
            }
            for event in &found {
                after.retain(|position| position.practice != event.practice);
                after.push(Position {
                    practice: event.practice,
                    sequence: event.sequence,
                });
            }
            let items = futures::stream::iter(found.into_iter().map(|event| Ok(Some(event))));
            Some((items, (feed, after)))
        });
        Ok(stream.flatten().boxed())
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        let bucket = Bucket::new(0, 1).expect("the only one");
        let mut events = self.after(&[after], bucket);
        events.retain(|event| event.practice == after.practice);
        events.truncate(limit.into());
        Ok(events)
    }
}
