use crate::carrier::{
    Carrier, Number, READ, anywhere, bound, call, quick, reason, serve, serve_with, watch,
};
use crate::signer::Signer;
use clock::Clock;
use rpc::{Keys, Limits, Routes, ServeError, Server, Verifier};
use std::sync::Arc;
use std::time::Duration;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn a_taken_port_is_named() {
    let signer = Signer::new("key-1", 7);
    let first = bound(Carrier::echo(), anywhere(quick()), &signer).await;
    let mut config = anywhere(quick());
    config.listen = first.address();
    let clock = Clock::system();
    let verifier = Arc::new(Verifier::new(Keys::fixed(&signer.set()), clock.clone()));
    let second = Server::new(Routes::new(), verifier, clock)
        .bind(config)
        .await;
    let Err(error @ ServeError::PortTaken { .. }) = second else {
        panic!("the port was free")
    };
    let port = first.address().port();
    assert!(error.to_string().starts_with(&format!(
        "counter cannot listen on port {port}: it is taken"
    )));
}

#[tokio::test]
async fn going_down_is_told_before_it_is_done() {
    let limits = Limits {
        drain_notice: Duration::from_millis(400),
        ..quick()
    };
    let served = serve_with(Carrier::echo(), limits).await;
    let mut health = HealthClient::new(served.nobody());
    let request = || HealthCheckRequest {
        service: "evenkeel.test.v1.CounterService".to_owned(),
    };
    let status = health
        .check(request())
        .await
        .expect("healthy")
        .into_inner()
        .status();
    assert_eq!(status, ServingStatus::Serving);
    assert_eq!(served.page("/readyz").await.0, 200);

    served.begin_stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let status = health
        .check(request())
        .await
        .expect("still there")
        .into_inner()
        .status();
    assert_eq!(status, ServingStatus::NotServing);
    assert_eq!(served.page("/readyz").await.0, 503);
    assert_eq!(served.page("/livez").await.0, 200);
    assert!(
        call(&served.owner(), READ, Number::of(1)).await.is_ok(),
        "work goes on in the notice"
    );
    served.stopped().await;
}

#[tokio::test]
async fn a_stream_ends_with_unavailable_so_that_its_reader_follows_on_elsewhere() {
    let served = serve(Carrier::echo()).await;
    let mut numbers = watch(&served.owner()).await.expect("a stream");
    assert!(numbers.message().await.expect("a number").is_some());
    served.stopped().await;
    let ended = loop {
        match numbers.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("an end that looks whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(
        (ended.code(), reason(&ended).as_str()),
        (Code::Unavailable, "GOING_AWAY")
    );
}
