//! The event feed in place of a broker. [`Feed`] lets others read a service's outbox; [`follow`] applies another
//! service's events here, each one's effect once.

mod bucket;
mod event;
mod follow;
mod metrics;
mod remote;
mod serve;
mod service;
mod source;
mod subscription;
mod tail;
mod wire;

pub use bucket::{Bucket, BucketError, MAX_BUCKETS};
pub use event::{Event, Position};
pub use follow::{
    Follow, Handler, HandlerError, Parked, all_parked, follow, parked, replay, reset, rewind, skip,
};
pub use metrics::FollowMetrics;
pub use remote::RemoteFeed;
pub use serve::{Feed, History};
pub use service::{FeedService, MayRead};
pub use source::{EventSource, EventStream, SourceError};
