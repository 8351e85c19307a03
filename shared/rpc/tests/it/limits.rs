use crate::carrier::{ADD, Carrier, Number, READ, call, quick, reason, serve, serve_with, watch};
use rpc::Limits;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

#[tokio::test]
async fn what_is_above_the_limit_is_refused_at_once_and_health_still_answers() {
    let slow = Carrier::answering(async |_, number| {
        tokio::time::sleep(Duration::from_millis(2_000)).await;
        Ok(number)
    });
    let served = serve_with(
        slow,
        Limits {
            requests: 1,
            ..quick()
        },
    )
    .await;
    let connection = served.owner();
    let first = tokio::spawn({
        let connection = connection.clone();
        async move { call(&connection, ADD, Number::of(1)).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let status = call(&connection, READ, Number::of(2))
        .await
        .expect_err("one at a time");
    assert!(
        begun.elapsed() < Duration::from_millis(1_000),
        "it waited for its turn"
    );
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "OVERLOADED")
    );
    assert!(status.get_details_retry_info().is_some());
    let mut health = HealthClient::new(served.nobody());
    assert!(health.check(HealthCheckRequest::default()).await.is_ok());
    assert!(first.await.expect("no panic").is_ok());
    assert!(call(&connection, READ, Number::of(3)).await.is_ok());
    served.stopped().await;
}

#[tokio::test]
async fn f45_a_write_whose_client_has_gone_keeps_its_place_until_it_ends() {
    let slow = Carrier::answering(async |_, number| {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok(number)
    });
    let served = serve_with(
        slow,
        Limits {
            requests: 1,
            ..quick()
        },
    )
    .await;
    let connection = served.owner();
    call(&connection, READ, Number::of(0))
        .await
        .expect("connected");
    let asked = call(&connection, ADD, Number::of(1));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), asked)
            .await
            .is_err()
    );
    let status = call(&connection, READ, Number::of(2))
        .await
        .expect_err("one at a time");
    assert_eq!(reason(&status), "OVERLOADED");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(call(&connection, READ, Number::of(3)).await.is_ok());
    served.stopped().await;
}

#[tokio::test]
async fn a_stream_holds_its_place_until_it_ends() {
    let served = serve_with(
        Carrier::echo(),
        Limits {
            streams: 1,
            ..quick()
        },
    )
    .await;
    let connection = served.owner();
    let first = watch(&connection).await.expect("the only place");
    assert!(watch(&connection).await.is_err());
    assert!(
        call(&connection, READ, Number::of(1)).await.is_ok(),
        "requests have their own places"
    );
    drop(first);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(watch(&connection).await.is_ok());
    served.stopped().await;
}

#[tokio::test]
async fn f45_a_request_above_the_message_limit_is_refused() {
    let served = serve(Carrier::echo()).await;
    let connection = served.owner();
    let sized = |bytes| Number {
        value: 1,
        padding: vec![7; bytes],
    };
    for path in [ADD, READ] {
        let status = call(&connection, path, sized(1024 * 1024))
            .await
            .expect_err("too large");
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason(&status), "REQUEST_TOO_LARGE");
        assert!(
            call(&connection, path, sized(1024 * 1024 - 16))
                .await
                .is_ok()
        );
    }
    served.stopped().await;
}
