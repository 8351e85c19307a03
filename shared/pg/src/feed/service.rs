use std::collections::HashMap;

use futures::StreamExt;
use futures::stream::BoxStream;
use ids::PracticeId;
use proto::feed::v1::event_feed_service_server::{EventFeedService, EventFeedServiceServer};
use proto::feed::v1::{ListEventsRequest, ListEventsResponse, SubscribeRequest, SubscribeResponse};
use tonic::{Code, Extensions, Request, Response, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::feed::{Bucket, Feed, Position, wire};
use crate::{is_transient, page_size};

/// Whether the caller, who is in the request's extensions, may read this practice's events.
pub type MayRead = fn(&Extensions, PracticeId) -> Result<(), Status>;

/// `evenkeel.feed.v1.EventFeedService` over a feed: the same in every service.
#[derive(Clone, Debug)]
pub struct FeedService {
    feed: Feed,
    may_read: MayRead,
}

impl FeedService {
    /// The server for a service's routes. The access layer decides who may call at all, `may_read` about one practice.
    pub fn server(feed: Feed, may_read: MayRead) -> EventFeedServiceServer<Self> {
        EventFeedServiceServer::new(Self { feed, may_read })
    }
}

#[tonic::async_trait]
impl EventFeedService for FeedService {
    type SubscribeStream = BoxStream<'static, Result<SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let request = request.into_inner();
        let number = u16::try_from(request.bucket).ok();
        let bucket = number
            .zip(u16::try_from(request.bucket_count).ok())
            .and_then(|(number, count)| Bucket::new(number, count).ok())
            .ok_or_else(|| invalid("bucket", "must be from 0 to below bucket_count"))?;
        let positions = request
            .after
            .iter()
            .map(wire::to_position)
            .collect::<Option<_>>();
        let positions =
            positions.ok_or_else(|| invalid("after.practice_id", "must be a practice's id"))?;
        let events = self.feed.stream(bucket, positions).map(|item| match item {
            Ok(event) => Ok(SubscribeResponse {
                event: event.as_ref().map(wire::from_event),
            }),
            Err(error) => Err(failed(&error)),
        });
        Ok(Response::new(events.boxed()))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let (_, extensions, request) = request.into_parts();
        let practice: PracticeId = request
            .practice_id
            .parse()
            .map_err(|_| invalid("practice_id", "must be a practice's id"))?;
        (self.may_read)(&extensions, practice)?;
        let size = page_size(request.page_size)
            .map_err(|_| invalid("page_size", "must not be negative"))?;
        let position = Position {
            practice,
            sequence: request.after_sequence,
        };
        let limit = u16::try_from(size).unwrap_or(u16::MAX);
        let history = self
            .feed
            .history(position, limit)
            .await
            .map_err(|error| failed(&error))?;
        let head_sequence = history.head.ok_or_else(|| unknown(practice))?;
        let events = history.events.iter().map(wire::from_event).collect();
        Ok(Response::new(ListEventsResponse {
            events,
            head_sequence,
        }))
    }
}

fn invalid(field: &str, must: &str) -> Status {
    let mut details = ErrorDetails::with_error_info("INVALID_FIELD", "evenkeel", HashMap::new());
    details.set_bad_request(vec![FieldViolation::new(field, must)]);
    Status::with_error_details(Code::InvalidArgument, format!("{field} {must}"), details)
}

fn unknown(practice: PracticeId) -> Status {
    let mut details = ErrorDetails::with_error_info("PRACTICE_UNKNOWN", "evenkeel", HashMap::new());
    details.set_resource_info("practice", practice.to_string(), "", "");
    Status::with_error_details(
        Code::NotFound,
        "no event of this practice is known here",
        details,
    )
}

/// What went wrong inside is logged, not told.
fn failed(error: &sqlx::Error) -> Status {
    let (code, reason) = if is_transient(error) {
        (Code::Unavailable, "DATABASE_UNAVAILABLE")
    } else {
        (Code::Internal, "INTERNAL")
    };
    tracing::error!(%error, "the feed could not be read");
    let details = ErrorDetails::with_error_info(reason, "evenkeel", HashMap::new());
    Status::with_error_details(code, "the feed could not be read", details)
}
