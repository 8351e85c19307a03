use crate::carrier::{ADD, Carrier, Number, READ, call, quick, reason, serve, serve_with};
use crate::signer::owner;
use rpc::{Limits, time_left};
use std::time::Duration;
use tonic::transport::Endpoint;
use tonic::{Code, Request};

fn within(timeout: Duration) -> Request<Number> {
    let mut request = Request::new(Number::of(0));
    request.set_timeout(timeout);
    request
}

fn tells_time_left() -> Carrier {
    Carrier::answering(async |_, _| {
        let left = time_left().expect("a request has a deadline");
        Ok(Number::of(
            i64::try_from(left.as_millis()).expect("seconds"),
        ))
    })
}

fn slow() -> Carrier {
    Carrier::answering(async |_, number| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(number)
    })
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so_with_the_right_code() {
    let served = serve(slow()).await;
    let connection = served.owner();
    for path in [READ, ADD] {
        let answer = call(&connection, path, within(Duration::from_millis(80))).await;
        let status = answer.expect_err("five seconds are too long");
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    }
    served.stopped().await;
}

#[tokio::test]
async fn a_client_that_sets_no_deadline_gets_the_servers() {
    let limits = Limits {
        timeout: Duration::from_millis(60),
        ..quick()
    };
    let served = serve_with(slow(), limits).await;
    let url = format!("http://{}", served.address);
    let channel = Endpoint::from_shared(url).expect("a URL").connect_lazy();
    let token = served.signer.sign(&owner(&served.clock, served.practice));
    let mut request = Request::new(Number::of(0));
    let bearer = format!("Bearer {token}").parse().expect("ASCII");
    request.metadata_mut().insert("authorization", bearer);
    let status = call(&channel, READ, request).await.expect_err("too long");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
    served.stopped().await;
}

#[tokio::test]
async fn the_work_of_reads_and_writes_knows_how_much_time_is_left() {
    let served = serve(tells_time_left()).await;
    let connection = served.owner();
    for path in [READ, ADD] {
        let answer = call(&connection, path, within(Duration::from_millis(500))).await;
        let left = answer.expect("an answer").into_inner().value;
        assert!((200..=500).contains(&left), "{left} ms at {path}");
    }
    let answer = call(&connection, READ, within(Duration::from_secs(3_600))).await;
    let left = answer.expect("an answer").into_inner().value;
    assert!(
        left <= 60_000,
        "{left} ms, and no request may take longer than a minute"
    );
    served.stopped().await;
}

#[tokio::test]
async fn a_call_to_another_service_gets_what_is_left_and_keeps_the_request_id() {
    let behind = serve(Carrier::answering(async |caller, _| {
        assert_eq!(&*caller.request_id, "one-request");
        let left = time_left().expect("a request has a deadline");
        Ok(Number::of(
            i64::try_from(left.as_millis()).expect("seconds"),
        ))
    }))
    .await;
    let onwards = behind.owner();
    let front = serve(Carrier::answering(move |_, number| {
        let onwards = onwards.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            call(&onwards, READ, number)
                .await
                .map(tonic::Response::into_inner)
        }
    }))
    .await;
    for path in [READ, ADD] {
        let mut request = within(Duration::from_millis(600));
        request
            .metadata_mut()
            .insert("x-request-id", "one-request".parse().expect("ASCII"));
        let answer = call(&front.owner(), path, request).await.expect("in time");
        let left = answer.into_inner().value;
        assert!((100..500).contains(&left), "{left} ms at {path}");
    }
    front.stopped().await;
    behind.stopped().await;
}
