use std::time::Duration;

use futures::StreamExt;
use ids::PracticeId;
use pg::feed::{
    Bucket, EventSource, Feed, FeedService, MAX_BUCKETS, MayRead, Position, RemoteFeed, follow,
};
use proto::feed::v1::event_feed_service_client::EventFeedServiceClient;
use proto::feed::v1::{ListEventsRequest, SubscribeRequest};
use testkit::TestDatabase;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::follow::{Notes, all_noted, feed, options};
use crate::support::{SCHEMA, announce, database, events, practice};

#[tokio::test(flavor = "multi_thread")]
async fn another_services_events_are_followed_over_grpc_through_a_restart_of_the_server() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 20).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("the port");
    drop(listener);
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}"))
        .expect("a URL")
        .connect_lazy();
    let stop = CancellationToken::new();
    let following = follow(
        options(2),
        database.pool().clone(),
        RemoteFeed::new(channel),
        Notes,
        stop.clone(),
    );
    let running = tokio::spawn(following);
    for _ in 0..3 {
        let service = FeedService::server(feed(database.pool()), |_, _| Ok(()));
        let server = tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve(address),
        );
        announce(&database, practice, 5).await;
        all_noted(&database, practice).await;
        server.abort();
        assert!(server.await.is_err());
        announce(&database, practice, 5).await;
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .expect("in time")
        .expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_stream_tell_the_same_events() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 7).await;
    let server = serve(&database, |_, _| Ok(())).await;
    let remote = RemoteFeed::new(server.channel());
    let after = Position {
        practice,
        sequence: 2,
    };
    let listed = remote.list(after, 500).await.expect("a list");
    let bucket = Bucket::all(MAX_BUCKETS)
        .find(|bucket| bucket.holds(practice))
        .expect("a bucket");
    let stream = remote
        .subscribe(bucket, vec![after])
        .await
        .expect("a stream");
    let streamed: Vec<_> = stream
        .filter_map(|item| async { item.expect("an item") })
        .take(5)
        .collect()
        .await;
    assert_eq!(listed, streamed);
    let expected: Vec<_> = events(&database, practice)
        .await
        .into_iter()
        .skip(2)
        .collect();
    let told: Vec<_> = listed
        .iter()
        .map(|event| (event.sequence, event.event_id.uuid()))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(listed[0].decode::<String>().expect("the payload"), "noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_bucket_an_unknown_and_a_forbidden_practice_are_told_apart() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 1).await;
    let server = serve(&database, |_, _| Ok(())).await;
    let mut client = EventFeedServiceClient::new(server.channel());
    let request = SubscribeRequest {
        bucket_count: 4,
        bucket: 4,
        after: Vec::new(),
    };
    let refused = client.subscribe(request).await.expect_err("no such bucket");
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::InvalidArgument, "INVALID_FIELD".to_owned())
    );
    let unknown = client
        .list_events(list(crate::support::practice()))
        .await
        .expect_err("no event");
    assert_eq!(
        (unknown.code(), reason(&unknown)),
        (Code::NotFound, "PRACTICE_UNKNOWN".to_owned())
    );

    let closed = serve(&database, |_, _| Err(Status::not_found("practice"))).await;
    let mut client = EventFeedServiceClient::new(closed.channel());
    assert_eq!(
        client
            .list_events(list(practice))
            .await
            .expect_err("forbidden")
            .code(),
        Code::NotFound
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_ends_when_the_service_stops() {
    let database = database().await;
    let stop = CancellationToken::new();
    let feed = Feed::start(database.pool().clone(), SCHEMA, stop.clone());
    let server = testkit::serve(Routes::new(FeedService::server(feed, |_, _| Ok(())))).await;
    let remote = RemoteFeed::new(server.channel());
    let bucket = Bucket::new(0, 1).expect("a bucket");
    let mut stream = remote
        .subscribe(bucket, Vec::new())
        .await
        .expect("a stream");
    assert!(
        stream
            .next()
            .await
            .expect("a heartbeat")
            .expect("an item")
            .is_none()
    );
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), server.drain())
        .await
        .expect("the server drains");
    assert!(stream.next().await.is_none());
}

async fn serve(database: &TestDatabase, may_read: MayRead) -> testkit::Server {
    let service = FeedService::server(feed(database.pool()), may_read);
    testkit::serve(Routes::new(service)).await
}

fn list(practice: PracticeId) -> ListEventsRequest {
    ListEventsRequest {
        practice_id: practice.to_string(),
        after_sequence: 0,
        page_size: 0,
    }
}

fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .expect("an ErrorInfo")
        .reason
}
