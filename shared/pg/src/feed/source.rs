use futures::stream::BoxStream;
use ids::PracticeId;

use crate::feed::{Bucket, Event, Position};

/// The feed did not answer, or answered something else; it is asked again later.
#[derive(Debug, thiserror::Error)]
#[error("the feed failed: {0}")]
pub struct SourceError(pub Box<dyn std::error::Error + Send + Sync>);

impl From<sqlx::Error> for SourceError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

/// Events as they are committed, with a none as heartbeat.
pub type EventStream = BoxStream<'static, Result<Option<Event>, SourceError>>;

/// Where events come from: a service's own tables, or another service over gRPC.
pub trait EventSource: Send + Sync + 'static {
    /// The events of a bucket's practices, each practice's in order from after its position (0 when not named), then
    /// live. At least every 15 seconds an event or a heartbeat.
    fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> impl Future<Output = Result<EventStream, SourceError>> + Send;

    /// The next events of one practice in order, at most `limit` (1 to 500); empty when there are no more.
    fn list(
        &self,
        after: Position,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Event>, SourceError>> + Send;
}

/// Where a practice's stream starts.
impl From<PracticeId> for Position {
    fn from(practice: PracticeId) -> Self {
        Self {
            practice,
            sequence: 0,
        }
    }
}
