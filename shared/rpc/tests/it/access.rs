use crate::carrier::{
    ADD, Carrier, GREET, Number, READ, anywhere, call, quick, reason, serve, serve_at, watch,
};
use crate::contracts::{COUNTER, compiled};
use crate::signer::{owner, service};
use ids::BillId;
use rpc::{Claims, Role, ServeConfig, Table, TableError};
use tonic::Code;

#[test]
fn a_contract_that_does_not_say_who_may_does_not_start() {
    let error = Table::read(&compiled("unsaid.proto")).expect_err("three methods are at fault");
    let TableError::Unsaid(mut methods) = error else {
        panic!("{error}")
    };
    methods.sort();
    let all = ["Nobody", "Nothing", "Unspecified"];
    assert_eq!(
        methods,
        all.map(|name| format!("/evenkeel.test.v1.ForgetfulService/{name}"))
    );
}

#[test]
fn the_suites_own_contracts_say_who_may() {
    let table = Table::read(proto::DESCRIPTOR_SET).expect("every method says it");
    let subscribe = "/evenkeel.feed.v1.EventFeedService/Subscribe";
    let method = table.get(subscribe).expect("the feed");
    assert!(method.streams_responses && !method.mutating && method.rule.suite_wide);
}

#[test]
fn what_changes_nothing_is_told_from_what_may() {
    let table = Table::read(*COUNTER).expect("a contract");
    assert!(
        table
            .get(ADD)
            .is_some_and(|method| method.mutating && method.is_unary())
    );
    assert!(table.get(READ).is_some_and(|method| !method.mutating));
}

#[tokio::test]
async fn a_method_is_for_those_it_names_and_nobody_else() {
    let served = serve(Carrier::echo()).await;
    let owner = owner(&served.clock, served.practice);
    let as_role = |role| Claims {
        role,
        ..owner.clone()
    };
    let guest = Claims {
        bill_id: Some(BillId::new(&served.clock).to_string()),
        ..as_role(Role::Guest)
    };
    let refused = Some("ROLE_NOT_ALLOWED");
    for (claims, path, expected) in [
        (owner.clone(), ADD, None),
        (owner.clone(), READ, None),
        (guest.clone(), READ, None),
        (guest.clone(), ADD, refused),
        (as_role(Role::Biller), ADD, refused),
        (as_role(Role::Client), READ, refused),
        (as_role(Role::Program), ADD, refused),
        (service(&served.clock, "payments"), ADD, None),
        (
            service(&served.clock, "payments"),
            READ,
            Some("SERVICE_NOT_ALLOWED"),
        ),
        (
            service(&served.clock, "reporting"),
            ADD,
            Some("SERVICE_NOT_ALLOWED"),
        ),
        (service(&served.clock, "reporting"), GREET, None),
    ] {
        let connection = served.with(&served.signer.sign(&claims));
        let answer = call(&connection, path, Number::of(1)).await;
        let told = answer
            .as_ref()
            .err()
            .map(|status| (status.code(), reason(status)));
        let wanted = expected.map(|reason| (Code::PermissionDenied, reason.to_owned()));
        assert_eq!(told, wanted, "{} at {path}", claims.sub);
    }
    served.stopped().await;
}

#[tokio::test]
async fn without_a_token_only_open_methods_answer() {
    let served = serve(Carrier::answering(async |caller, number| {
        assert_eq!(caller.role, Role::Anonymous);
        assert!(caller.address.is_some_and(|address| address.is_loopback()));
        Ok(number)
    }))
    .await;
    let nobody = served.nobody();
    for path in [ADD, READ] {
        let status = call(&nobody, path, Number::of(1))
            .await
            .expect_err("no token");
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Unauthenticated, "TOKEN_MISSING")
        );
    }
    assert!(watch(&nobody).await.is_err());
    assert!(call(&nobody, GREET, Number::of(1)).await.is_ok());
    // A stale token in the browser does not stop anyone from signing in.
    assert!(
        call(&served.with("stale"), GREET, Number::of(1))
            .await
            .is_ok()
    );
    served.stopped().await;
}

#[tokio::test]
async fn a_method_that_no_contract_knows_is_refused() {
    let served = serve(Carrier::echo()).await;
    let path = "/evenkeel.test.v1.CounterService/Drop";
    let status = call(&served.owner(), path, Number::of(1))
        .await
        .expect_err("no such method");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unimplemented, "METHOD_UNKNOWN")
    );
    served.stopped().await;
}

#[tokio::test]
async fn the_handler_knows_who_calls_and_never_sees_the_token() {
    let served = serve(Carrier::answering(async |caller, _| {
        assert_eq!(caller.role, Role::Owner);
        assert!(caller.subject.starts_with("user_"));
        assert_eq!(&*caller.request_id, "from-the-gateway");
        Ok(Number::of(1))
    }))
    .await;
    let mut request = tonic::Request::new(Number::of(0));
    request
        .metadata_mut()
        .insert("x-request-id", "from-the-gateway".parse().expect("ASCII"));
    let answer = call(&served.owner(), READ, request)
        .await
        .expect("an answer");
    assert_eq!(
        answer.metadata().get("x-request-id").expect("told back"),
        "from-the-gateway"
    );
    served.stopped().await;
}

#[tokio::test]
async fn only_a_gateway_is_believed_about_where_a_request_comes_from() {
    for (behind_gateway, expected) in [(true, "203.0.113.7"), (false, "127.0.0.1")] {
        let says_address = Carrier::answering(move |caller, number| async move {
            let address = caller.address.expect("a peer").to_string();
            assert_eq!(address, expected);
            Ok(number)
        });
        let config = ServeConfig {
            behind_gateway,
            ..anywhere(quick())
        };
        let served = serve_at(says_address, config).await;
        let mut request = tonic::Request::new(Number::of(0));
        request
            .metadata_mut()
            .insert("x-client-address", "203.0.113.7".parse().expect("ASCII"));
        assert!(call(&served.nobody(), GREET, request).await.is_ok());
        served.stopped().await;
    }
}
