use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use ids::PracticeId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use crate::feed::tail::Grown;
use crate::feed::{Bucket, Event, Feed, Position};

/// Events read at once; then it is the next practice's turn, so that a long stream does not keep others waiting.
const PAGE: u16 = 200;

type Item = Result<Option<Event>, sqlx::Error>;

/// One consumer's view of a feed.
pub(crate) struct Subscription {
    feed: Feed,
    bucket: Bucket,
    sent: HashMap<PracticeId, i64>,
    behind: VecDeque<PracticeId>,
    queued: HashSet<PracticeId>,
    sender: mpsc::Sender<Item>,
}

/// The consumer has gone.
struct Gone;

impl Subscription {
    pub(crate) fn new(
        feed: Feed,
        bucket: Bucket,
        after: Vec<Position>,
        sender: mpsc::Sender<Item>,
    ) -> Self {
        let sent = after
            .into_iter()
            .map(|position| (position.practice, position.sequence))
            .collect();
        Self {
            feed,
            bucket,
            sent,
            behind: VecDeque::new(),
            queued: HashSet::new(),
            sender,
        }
    }

    pub(crate) async fn run(mut self, mut grown: broadcast::Receiver<Grown>, heartbeat: Duration) {
        if let Err(error) = self.serve(&mut grown, heartbeat).await {
            tracing::warn!(%error, "a feed's subscription ends");
            let _ = self.sender.send(Err(error)).await;
        }
    }

    /// Ends well when the consumer has gone.
    async fn serve(
        &mut self,
        grown: &mut broadcast::Receiver<Grown>,
        heartbeat: Duration,
    ) -> Result<(), sqlx::Error> {
        let mut heartbeat = tokio::time::interval(heartbeat);
        self.find_behind().await?;
        loop {
            while let Some(practice) = self.behind.pop_front() {
                self.queued.remove(&practice);
                if let Err(Gone) = self.send_page(practice).await? {
                    return Ok(());
                }
            }
            tokio::select! {
                () = self.sender.closed() => return Ok(()),
                growth = grown.recv() => match growth {
                    Ok((practice, head)) => self.note(practice, head),
                    Err(RecvError::Lagged(_)) => self.find_behind().await?,
                    Err(RecvError::Closed) => return Ok(()),
                },
                // A full channel needs no sign of life.
                _ = heartbeat.tick() => drop(self.sender.try_send(Ok(None))),
            }
        }
    }

    async fn find_behind(&mut self) -> Result<(), sqlx::Error> {
        for (practice, head) in self.feed.heads(self.bucket).await? {
            self.note(practice, head);
        }
        Ok(())
    }

    fn note(&mut self, practice: PracticeId, head: i64) {
        let sent = self.sent.get(&practice).copied().unwrap_or(0);
        if head > sent && self.bucket.holds(practice) {
            self.queue(practice);
        }
    }

    fn queue(&mut self, practice: PracticeId) {
        if self.queued.insert(practice) {
            self.behind.push_back(practice);
        }
    }

    async fn send_page(&mut self, practice: PracticeId) -> Result<Result<(), Gone>, sqlx::Error> {
        let sequence = self.sent.get(&practice).copied().unwrap_or(0);
        let events = self
            .feed
            .next_events(Position { practice, sequence }, PAGE)
            .await?;
        if events.len() == usize::from(PAGE) {
            self.queue(practice);
        }
        for event in events {
            self.sent.insert(practice, event.sequence);
            if self.sender.send(Ok(Some(event))).await.is_err() {
                return Ok(Err(Gone));
            }
        }
        Ok(Ok(()))
    }
}
