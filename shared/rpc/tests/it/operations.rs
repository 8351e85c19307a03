use crate::carrier::{
    ADD, Carrier, GREET, Number, READ, anywhere, bound, call, quick, serve, serve_at,
};
use crate::signer::{Signer, owner};
use axum::routing::get;
use clock::Clock;
use ids::PracticeId;
use rpc::{Connection, Keys, Retry, Routes, Server, ServiceToken, Token, Verifier, connect};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

#[tokio::test]
async fn requests_are_counted_by_method_and_code() {
    let served = serve(Carrier::echo()).await;
    call(&served.owner(), READ, Number::of(1))
        .await
        .expect("an answer");
    call(&served.nobody(), ADD, Number::of(1))
        .await
        .expect_err("no token");
    let path = "/evenkeel.test.v1.CounterService/MadeUp123";
    call(&served.owner(), path, Number::of(1))
        .await
        .expect_err("no such method");
    let (status, page) = served.page("/metrics").await;
    assert_eq!(status, 200);
    let method = |name: &str| format!("method=\"evenkeel.test.v1.CounterService/{name}\"");
    for (name, code) in [("Read", "OK"), ("Add", "UNAUTHENTICATED")] {
        let line = format!(
            "evenkeel_rpc_requests_total{{service=\"counter\",{},code=\"{code}\"}}",
            method(name)
        );
        assert!(page.contains(&line), "{line}\n{page}");
    }
    assert!(page.contains(&format!(
        "evenkeel_rpc_in_flight{{service=\"counter\",{}}}",
        method("Read")
    )));
    assert!(page.contains("evenkeel_rpc_duration_seconds_bucket"));
    assert!(!page.contains("MadeUp123"));
    served.stopped().await;
}

#[tokio::test]
async fn reflection_lists_what_is_served_and_nothing_else() {
    let served = serve(Carrier::echo()).await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(served.nobody())
        .server_reflection_info(tokio_stream::once(request))
        .await
        .expect("reflection")
        .into_inner();
    let answer = answers.message().await.expect("an answer").expect("one");
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let mut names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    names.sort();
    names.dedup();
    assert!(names.contains(&"evenkeel.test.v1.CounterService".to_owned()));
    assert!(
        names.iter().all(|name| !name.contains("billing")),
        "{names:?}"
    );
    drop(answers);
    served.stopped().await;
}

#[tokio::test]
async fn a_service_adds_pages_and_says_when_it_is_not_ready() {
    let signer = Signer::new("key-1", 7);
    let clock = Clock::system();
    let verifier = Arc::new(Verifier::new(Keys::fixed(&signer.set()), clock.clone()));
    let bound = Server::new(Routes::new(), verifier, clock)
        .admin(axum::Router::new().route("/jwks.json", get(async || "{}")))
        .ready_when(async || Err("the database is away".to_owned()))
        .bind(anywhere(quick()))
        .await
        .expect("two free ports");
    let admin = bound.admin_address();
    let stop = CancellationToken::new();
    let running = tokio::spawn(bound.run(stop.clone().cancelled_owned()));
    let page = async |path: &str| {
        let response = reqwest::get(format!("http://{admin}{path}"))
            .await
            .expect("a page");
        (
            response.status().as_u16(),
            response.text().await.expect("text"),
        )
    };
    assert_eq!(page("/jwks.json").await, (200, "{}".to_owned()));
    assert_eq!(
        page("/readyz").await,
        (503, "the database is away\n".to_owned())
    );
    stop.cancel();
    running.await.expect("no panic").expect("a clean stop");
}

#[tokio::test]
async fn a_service_token_is_fetched_once_and_renewed_before_it_ends() {
    let served = serve(Carrier::echo()).await;
    let clock = Clock::fixed(served.clock.now());
    let fetches = Arc::new(AtomicUsize::new(0));
    let token = ServiceToken::fetched(clock.clone(), {
        let (clock, signer, fetches) = (clock.clone(), served.signer.clone(), Arc::clone(&fetches));
        let practice = PracticeId::new(&clock);
        move || {
            fetches.fetch_add(1, Ordering::SeqCst);
            let value = signer.sign(&owner(&Clock::system(), practice));
            let expire_time = clock.now() + Duration::from_secs(600);
            async move { Ok(Token { value, expire_time }) }
        }
    });
    let connection = connect(&format!("http://{}", served.address), token).expect("a URL");
    let at_once = (0..20).map(|_| {
        let connection = connection.clone();
        tokio::spawn(async move { call(&connection, READ, Number::of(1)).await })
    });
    for answer in at_once.collect::<Vec<_>>() {
        answer.await.expect("no panic").expect("an answer");
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(541));
    call(&connection, READ, Number::of(1))
        .await
        .expect("an answer");
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
    served.stopped().await;
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let signer = Signer::new("key-1", 7);
    let clock = Clock::system();
    let claims = owner(&clock, PracticeId::new(&clock));
    let token = ServiceToken::fixed(&signer.sign(&claims)).expect("ASCII");
    let first = bound(Carrier::echo(), anywhere(quick()), &signer).await;
    let address = first.address();
    let connections: [Connection; 2] = [format!("http://{address}"), format!("dns://{address}")]
        .map(|url| connect(&url, token.clone()).expect("a URL"));
    let stop = CancellationToken::new();
    let running = tokio::spawn(first.run(stop.clone().cancelled_owned()));
    for connection in &connections {
        call(connection, ADD, Number::of(1))
            .await
            .expect("the first server");
    }
    stop.cancel();
    running.await.expect("no panic").expect("a clean stop");
    let config = rpc::ServeConfig {
        listen: address,
        ..anywhere(quick())
    };
    let second = bound(Carrier::echo(), config, &signer).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(second.run(stop.clone().cancelled_owned()));
    for connection in &connections {
        let answer = Retry::new()
            .run(async || call(connection, ADD, Number::of(2)).await)
            .await;
        assert_eq!(answer.expect("the second server").into_inner().value, 2);
    }
    drop(connections);
    stop.cancel();
    running.await.expect("no panic").expect("a clean stop");
}

#[tokio::test]
async fn a_browser_may_speak_grpc_web_without_a_gateway_when_told_so() {
    let config = rpc::ServeConfig {
        grpc_web: true,
        ..anywhere(quick())
    };
    let served = serve_at(Carrier::echo(), config).await;
    let url = format!("http://{}{GREET}", served.address);
    // One message, uncompressed, two bytes: field 1 is 42.
    let framed = vec![0, 0, 0, 0, 2, 8, 42];
    let response = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/grpc-web+proto")
        .body(framed.clone())
        .send()
        .await
        .expect("HTTP/1.1");
    assert_eq!(response.status().as_u16(), 200);
    let body = response.bytes().await.expect("a body");
    assert!(body.starts_with(&framed));
    assert!(String::from_utf8_lossy(&body).contains("grpc-status:0"));
    call(&served.owner(), READ, Number::of(1))
        .await
        .expect("gRPC as well");
    served.stopped().await;
}
