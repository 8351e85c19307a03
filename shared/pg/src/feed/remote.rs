use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use proto::feed::v1::event_feed_service_client::EventFeedServiceClient;
use proto::feed::v1::{ListEventsRequest, SubscribeRequest};
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{Code, Request, Status};

use crate::feed::{Bucket, Event, EventSource, EventStream, Position, SourceError, wire};

/// A message holds one event, whose payload is far below this.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Until the subscription stands; after that, silence is what ends it.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// Another service's feed over gRPC. `T` carries the calls: a channel, or rpc's connection that adds the token.
#[derive(Clone, Debug)]
pub struct RemoteFeed<T> {
    client: EventFeedServiceClient<T>,
}

impl<T> RemoteFeed<T>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    /// The feed at the other end of a connection.
    pub fn new(connection: T) -> Self {
        let client =
            EventFeedServiceClient::new(connection).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Self { client }
    }
}

impl<T> EventSource for RemoteFeed<T>
where
    T: GrpcService<Body> + Clone + Send + Sync + 'static,
    T::Future: Send,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    async fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        let mut request = Request::new(SubscribeRequest {
            bucket_count: i32::from(bucket.count()),
            bucket: i32::from(bucket.number()),
            after: after.iter().map(wire::from_position).collect(),
        });
        request.set_timeout(SUBSCRIBE_TIMEOUT);
        let stream = self.client.clone().subscribe(request).await?.into_inner();
        Ok(stream
            .map(|item| match item?.event {
                None => Ok(None),
                Some(event) => wire::to_event(event).map(Some).ok_or_else(unreadable),
            })
            .boxed())
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        let mut request = Request::new(ListEventsRequest {
            practice_id: after.practice.to_string(),
            after_sequence: after.sequence,
            page_size: i32::from(limit),
        });
        request.set_timeout(LIST_TIMEOUT);
        match self.client.clone().list_events(request).await {
            Ok(response) => {
                let events = response.into_inner().events.into_iter();
                events
                    .map(|event| wire::to_event(event).ok_or_else(unreadable))
                    .collect()
            }
            Err(status) if status.code() == Code::NotFound => Ok(Vec::new()),
            Err(status) => Err(status.into()),
        }
    }
}

impl From<Status> for SourceError {
    fn from(status: Status) -> Self {
        Self(status.into())
    }
}

fn unreadable() -> SourceError {
    SourceError("it sent an event without ids or time".into())
}
