use super::*;

fn gateway() -> Gateway {
    let upstream = |name: &str, port| Upstream {
        name: name.to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
    };
    Gateway {
        listen: ([127, 0, 0, 1], 8080).into(),
        admin: ([127, 0, 0, 1], 7110).into(),
        descriptor_set: PathBuf::from("evenkeel.binpb"),
        upstreams: vec![upstream("billing", 7101)],
        jwks: upstream("jwks", 7203),
        origins: vec!["http://127.0.0.1:8080".to_owned()],
        requests_per_second: 100,
        trusted_hops: 0,
        access_log: "/dev/stdout".to_owned(),
    }
}

#[test]
fn what_only_services_may_call_has_no_route() {
    let methods = public_methods(&proto::DESCRIPTOR_POOL);
    let has = |path: &str| methods.iter().any(|method| method.path == path);
    assert!(has("/evenkeel.billing.v1.BillService/IssueBill"));
    assert!(has(
        "/evenkeel.payments.v1.WebhookService/ReceiveStripeEvent"
    ));
    assert!(has("/evenkeel.billing.v1.SessionService/RecordSessions"));
    assert!(!has("/evenkeel.billing.v1.LedgerService/PostPayment"));
    assert!(!has(
        "/evenkeel.portal_auth.v1.AccessCodeService/RevealAccessCode"
    ));
    assert!(
        !methods
            .iter()
            .any(|method| method.service.starts_with("grpc.")
                || method.service.contains("EventFeed"))
    );
}

#[test]
fn only_reads_are_tried_again_after_they_may_have_begun() {
    let config = gateway().render(&proto::DESCRIPTOR_POOL);
    let routes = config
        .pointer("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes")
        .and_then(Value::as_array)
        .expect("routes");
    let retry_on = |path: &str| {
        let route = routes
            .iter()
            .find(|route| route["name"] == path)
            .expect("a route");
        route["route"]["retry_policy"]["retry_on"]
            .as_str()
            .map(str::to_owned)
    };
    assert!(
        retry_on("/evenkeel.billing.v1.BillService/GetBill")
            .is_some_and(|on| on.contains("unavailable"))
    );
    assert!(
        retry_on("/evenkeel.billing.v1.BillService/IssueBill")
            .is_some_and(|on| !on.contains("unavailable"))
    );
    assert_eq!(
        retry_on("/evenkeel.payments.v1.WebhookService/ReceiveStripeEvent"),
        None
    );
}

#[test]
fn every_public_method_that_takes_no_stream_has_json_and_belongs_to_a_service_of_the_suite() {
    let suite = [
        "billing",
        "payments",
        "portal-auth",
        "notifications",
        "reporting",
    ];
    for method in public_methods(&proto::DESCRIPTOR_POOL) {
        assert!(
            method.json || method.takes_stream,
            "{} has no google.api.http",
            method.path
        );
        assert!(
            suite.contains(&method.upstream.as_str()),
            "{} has no upstream",
            method.path
        );
    }
}

#[test]
fn only_sign_in_registration_and_webhooks_are_open_to_anyone() {
    let open: Vec<String> = public_methods(&proto::DESCRIPTOR_POOL)
        .into_iter()
        .filter(|method| method.anyone)
        .map(|method| {
            method
                .path
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(
        open,
        [
            "ReceiveStripeEvent",
            "RegisterPractice",
            "IssueServiceToken",
            "SignInGuest",
            "SignInStaff"
        ]
    );
}
