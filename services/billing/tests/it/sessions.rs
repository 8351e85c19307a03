use crate::app::{TODAY, TestApp, minor, reason, usd};
use ids::PracticeId;
use proto::billing::v1::session_service_client::SessionServiceClient;
use proto::billing::v1::{
    AddClinicianRequest, CancelBillRequest, Client, Clinician, GetSessionRequest, IssueBillRequest,
    ListSessionsRequest, ListSessionsResponse, Outcome, RecordSessionRequest, ServiceLine, Session,
    SessionState, SessionToBill,
};
use proto::google::r#type::Date;
use proto::money::v1::Money;
use rpc::Connection;
use std::collections::BTreeSet;
use testkit::request_id;

fn line(minor: i64) -> ServiceLine {
    ServiceLine {
        service_code: "90837".to_owned(),
        description: "Psychotherapy, 60 minutes".to_owned(),
        modifiers: vec!["95".to_owned(), "GT".to_owned()],
        units: 1,
        unit_price: Some(usd(minor)),
        ..ServiceLine::default()
    }
}

impl TestApp {
    pub fn sessions(&self) -> SessionServiceClient<Connection> {
        SessionServiceClient::new(self.owner_of(self.practice))
    }

    pub async fn clinician(&self) -> String {
        let request = AddClinicianRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            clinician: Some(Clinician {
                name: "Dr. Maya Rivera, PhD".to_owned(),
                ..Clinician::default()
            }),
        };
        let added = self.people().add_clinician(request).await.expect("added");
        added
            .into_inner()
            .clinician
            .expect("a clinician")
            .clinician_id
    }

    /// A request to record an hour of today for $150.
    pub async fn session_request(&self) -> RecordSessionRequest {
        RecordSessionRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            session: Some(Session {
                client_id: self.client.to_string(),
                clinician_id: self.clinician().await,
                start_time: Some(prost_types::Timestamp {
                    seconds: self.clock.now().as_second(),
                    nanos: 0,
                }),
                outcome: Outcome::Completed.into(),
                lines: vec![line(15_000)],
                diagnosis_codes: vec!["F41.1".to_owned(), "F43.10".to_owned()],
                place_of_service: "11".to_owned(),
                ..Session::default()
            }),
        }
    }

    pub async fn record(&self, request: RecordSessionRequest) -> Session {
        let recorded = self.sessions().record_session(request).await;
        let recorded = recorded.expect("recorded").into_inner().session;
        recorded.expect("a session")
    }

    pub async fn pending(&self) -> ListSessionsResponse {
        let request = ListSessionsRequest {
            practice_id: self.practice.to_string(),
            states: vec![SessionState::Unbilled.into()],
            ..ListSessionsRequest::default()
        };
        let listed = self.sessions().list_sessions(request).await.expect("read");
        listed.into_inner()
    }
}

/// The request again under an id of its own, changed.
pub fn with(
    request: &RecordSessionRequest,
    change: impl FnOnce(&mut Session),
) -> RecordSessionRequest {
    let mut request = RecordSessionRequest {
        request_id: request_id(),
        ..request.clone()
    };
    change(request.session.as_mut().expect("a session"));
    request
}

#[tokio::test]
async fn r01_a_session_is_recorded_once_and_read_back() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let request = with(&request, |session| {
        session.lines.push(ServiceLine {
            units: 3,
            ..line(1_000)
        });
        session.external_reference = "ENC-1".to_owned();
    });
    let first = app.record(request.clone()).await;
    assert_eq!(first.service_date, Some(TODAY));
    assert_eq!(first.state(), SessionState::Unbilled);
    assert_eq!(minor(&first.total), 18_000);
    let numbers: Vec<_> = first.lines.iter().map(|line| line.line_number).collect();
    assert_eq!(numbers, [1, 2]);
    let asked = request.session.clone().expect("a session");
    assert_eq!(first.diagnosis_codes, asked.diagnosis_codes);
    assert_eq!(first.lines[0].modifiers, asked.lines[0].modifiers);

    assert_eq!(app.record(request.clone()).await, first);
    let read = GetSessionRequest {
        practice_id: app.practice.to_string(),
        session_id: first.session_id.clone(),
    };
    let read = app.sessions().get_session(read).await.expect("read");
    assert_eq!(read.into_inner().session.as_ref(), Some(&first));

    let mut other = request.clone();
    other.session.as_mut().expect("a session").place_of_service = "02".to_owned();
    assert_eq!(
        reason(app.sessions().record_session(other).await),
        "REQUEST_ID_REUSED"
    );
    let twin = with(&request, |_| ());
    assert_eq!(
        reason(app.sessions().record_session(twin).await),
        "EXTERNAL_REFERENCE_TAKEN"
    );
    let events = app
        .count_events("evenkeel.billing.v1.SessionRecorded")
        .await;
    assert_eq!(events, 1, "one effect, one event");
    app.finish().await;
}

#[tokio::test]
async fn r01_what_cannot_be_a_session_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let good = app.session_request().await;
    type Change = fn(&mut Session);
    let wrong: [(&str, Change); 14] = [
        ("CLIENT_NOT_FOUND", |session| {
            session.client_id = "cli_01j2jv5gymfay8vvr14d2pf2db".to_owned();
        }),
        ("CLINICIAN_NOT_FOUND", |session| {
            session.clinician_id = "cln_01j2jv5gymfay8vvr14d2pf2db".to_owned();
        }),
        ("CURRENCY_MISMATCH", |session| {
            session.lines[0].unit_price = Some(Money {
                currency_code: "EUR".to_owned(),
                minor_units: 15_000,
            });
        }),
        ("CARD_NUMBER_IN_TEXT", |session| {
            session.lines[0].description = "card 4242 4242 4242 4242".to_owned();
        }),
        ("INVALID_FIELD", |session| {
            session.lines[0].service_code = "90 837".to_owned();
        }),
        ("INVALID_FIELD", |session| {
            session.lines[0].unit_price = Some(usd(-1));
        }),
        ("INVALID_FIELD", |session| session.lines[0].units = 0),
        ("INVALID_FIELD", |session| {
            session.lines[0].unit_price = Some(usd(i64::MAX));
            session.lines[0].units = 999;
        }),
        ("INVALID_FIELD", |session| {
            session.lines[0].modifiers = vec!["9".to_owned()];
        }),
        ("INVALID_FIELD", |session| session.lines.clear()),
        ("INVALID_FIELD", |session| session.start_time = None),
        ("INVALID_FIELD", |session| {
            session.start_time = Some(prost_types::Timestamp {
                seconds: -60_000_000_000,
                nanos: 0,
            });
        }),
        ("INVALID_FIELD", |session| {
            session.outcome = Outcome::Unspecified.into();
        }),
        ("INVALID_FIELD", |session| {
            session.client_id = "Ada".to_owned()
        }),
    ];
    for (expected, change) in wrong {
        let request = with(&good, change);
        assert_eq!(
            reason(app.sessions().record_session(request.clone()).await),
            expected,
            "{request:?}"
        );
    }
    // A refused request leaves nothing behind, also not its id.
    let mut refused = good.clone();
    refused.session.as_mut().expect("a session").lines[0].service_code = "?".to_owned();
    assert!(app.sessions().record_session(refused).await.is_err());
    app.record(good).await;
    assert_eq!(app.pending().await.total_count, 1);
    app.finish().await;
}

#[tokio::test]
async fn r01_the_service_date_is_the_practices_local_day() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    for (time, day) in [
        ("2026-03-03T04:59:59Z", 2),
        ("2026-03-03T05:00:00Z", 3),
        ("2026-03-09T03:59:59Z", 8),
        ("2026-03-09T04:00:00Z", 9),
    ] {
        let time: jiff::Timestamp = time.parse().expect("an instant");
        let request = with(&request, |session| {
            session.start_time = Some(prost_types::Timestamp {
                seconds: time.as_second(),
                nanos: 0,
            });
        });
        let recorded = app.record(request).await;
        assert_eq!(recorded.service_date, Some(Date { day, ..TODAY }), "{time}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r02_a_session_is_pending_at_once_until_a_live_bill_has_it() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let session = app.record(request).await;
    let pending = app.pending().await;
    assert_eq!(pending.sessions, std::slice::from_ref(&session));
    assert_eq!(
        (pending.total_count, minor(&pending.total_amount)),
        (1, 15_000)
    );

    let issue = IssueBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        sessions: vec![SessionToBill {
            session_id: session.session_id.clone(),
            ..SessionToBill::default()
        }],
        ..IssueBillRequest::default()
    };
    let issued = app.bills().issue_bill(issue).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    assert_eq!(app.pending().await.total_count, 0);
    let read = GetSessionRequest {
        practice_id: app.practice.to_string(),
        session_id: session.session_id.clone(),
    };
    let read = app.sessions().get_session(read).await.expect("read");
    let billed = read.into_inner().session.expect("a session");
    assert_eq!(billed.state(), SessionState::Billed);
    assert_eq!(billed.bill_id, bill.bill_id);

    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id,
        reason: "wrong client".to_owned(),
    };
    app.bills().cancel_bill(cancel).await.expect("cancelled");
    assert_eq!(app.pending().await.sessions, [session]);
    app.finish().await;
}

#[tokio::test]
async fn r02_fees_are_pending_and_what_was_cancelled_or_costs_nothing_is_not() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    for (outcome, price, state) in [
        (Outcome::NoShow, 5_000, SessionState::Unbilled),
        (Outcome::LateCancellation, 5_000, SessionState::Unbilled),
        (Outcome::CancelledByClient, 5_000, SessionState::NotBillable),
        (
            Outcome::CancelledByPractice,
            5_000,
            SessionState::NotBillable,
        ),
        (Outcome::Completed, 0, SessionState::NotBillable),
    ] {
        let recorded = app
            .record(with(&request, |session| {
                session.outcome = outcome.into();
                session.lines[0].unit_price = Some(usd(price));
            }))
            .await;
        assert_eq!(recorded.state(), state, "{outcome:?} {price}");
    }
    let pending = app.pending().await;
    assert_eq!(
        (pending.total_count, minor(&pending.total_amount)),
        (2, 10_000)
    );
    app.finish().await;
}

#[tokio::test]
async fn r02_sessions_are_listed_newest_first_by_client_and_date_page_by_page() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let other = app
        .add(Client {
            given_name: "Grace".to_owned(),
            family_name: "Hopper".to_owned(),
            ..Client::default()
        })
        .await;
    for days in [3, 0, 2, 2, 1] {
        app.record(with(&request, |session| {
            let start = session.start_time.as_mut().expect("a time");
            start.seconds += days * 24 * 60 * 60;
        }))
        .await;
    }
    app.record(with(&request, |session| {
        session.client_id.clone_from(&other.client_id);
    }))
    .await;

    let mut asked = ListSessionsRequest {
        practice_id: app.practice.to_string(),
        page_size: 2,
        client_id: app.client.to_string(),
        from_date: Some(TODAY),
        to_date: Some(Date { day: 4, ..TODAY }),
        ..ListSessionsRequest::default()
    };
    let mut days = Vec::new();
    loop {
        let page = app.sessions().list_sessions(asked.clone()).await;
        let page = page.expect("a page").into_inner();
        assert_eq!((page.total_count, minor(&page.total_amount)), (4, 60_000));
        let dates = page.sessions.iter().map(|session| session.service_date);
        days.extend(dates.map(|date| date.expect("a date").day));
        asked.page_token = page.next_page_token;
        if asked.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(days, [4, 4, 3, 2]);
    let backwards = ListSessionsRequest {
        from_date: Some(Date { day: 5, ..TODAY }),
        ..asked
    };
    assert_eq!(
        reason(app.sessions().list_sessions(backwards).await),
        "INVALID_FIELD"
    );
    app.finish().await;
}

/// A request for the completed sessions of one of two clinicians: two of each day and of each price, so that pages are
/// cut among equals.
async fn six_of_eight(app: &TestApp) -> ListSessionsRequest {
    let request = app.session_request().await;
    let other = app.clinician().await;
    for (day, price) in [(3, 200), (1, 100), (2, 300), (3, 100), (1, 200), (2, 300)] {
        app.record(with(&request, |session| {
            let start = session.start_time.as_mut().expect("a time");
            start.seconds += day * 24 * 60 * 60;
            session.lines[0].unit_price = Some(usd(price));
        }))
        .await;
    }
    app.record(with(&request, |session| {
        session.clinician_id.clone_from(&other);
    }))
    .await;
    app.record(with(&request, |session| {
        session.outcome = Outcome::NoShow.into();
    }))
    .await;
    let session = request.session.expect("a session");
    ListSessionsRequest {
        practice_id: app.practice.to_string(),
        page_size: 1,
        clinician_id: session.clinician_id,
        outcomes: vec![Outcome::Completed.into()],
        ..ListSessionsRequest::default()
    }
}

#[tokio::test]
async fn r08_sessions_are_listed_in_each_order_by_clinician_and_outcome_page_by_page() {
    let app = TestApp::start().await;
    let mine = six_of_eight(&app).await;
    let total = |session: &Session| minor(&session.total);
    let day = |session: &Session| i64::from(session.service_date.as_ref().expect("a date").day);
    type Key<'a> = &'a dyn Fn(&Session) -> i64;
    let orders: [(&str, Key<'_>, [i64; 6]); 5] = [
        ("", &day, [5, 5, 4, 4, 3, 3]),
        ("service_date desc", &day, [5, 5, 4, 4, 3, 3]),
        ("service_date", &day, [3, 3, 4, 4, 5, 5]),
        ("total desc", &total, [300, 300, 200, 200, 100, 100]),
        ("total", &total, [100, 100, 200, 200, 300, 300]),
    ];
    for (order_by, key, expected) in orders {
        for page_size in [1, 4, 6] {
            let mut asked = ListSessionsRequest {
                order_by: order_by.to_owned(),
                page_size,
                ..mine.clone()
            };
            let mut listed = Vec::new();
            loop {
                let page = app.sessions().list_sessions(asked.clone()).await;
                let page = page.expect("a page").into_inner();
                assert_eq!((page.total_count, minor(&page.total_amount)), (6, 1_200));
                listed.extend(page.sessions);
                asked.page_token = page.next_page_token;
                if asked.page_token.is_empty() {
                    break;
                }
            }
            let keys: Vec<_> = listed.iter().map(key).collect();
            assert_eq!(keys, expected, "{order_by} by {page_size}");
            let ids: BTreeSet<_> = listed.iter().map(|session| &session.session_id).collect();
            assert_eq!(ids.len(), 6, "each once");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn r08_a_page_of_sessions_leads_on_in_its_own_order_only() {
    let app = TestApp::start().await;
    let mine = six_of_eight(&app).await;
    let first = app.sessions().list_sessions(mine.clone()).await;
    let foreign = ListSessionsRequest {
        page_token: first.expect("a page").into_inner().next_page_token,
        order_by: "total".to_owned(),
        ..mine.clone()
    };
    assert_eq!(
        reason(app.sessions().list_sessions(foreign).await),
        "PAGE_TOKEN_INVALID"
    );
    let unknown = ListSessionsRequest {
        order_by: "mood".to_owned(),
        ..mine.clone()
    };
    assert_eq!(
        reason(app.sessions().list_sessions(unknown).await),
        "INVALID_FIELD"
    );
    let missed = ListSessionsRequest {
        outcomes: vec![Outcome::NoShow.into()],
        ..mine
    };
    let missed = app.sessions().list_sessions(missed).await.expect("read");
    assert_eq!(missed.into_inner().total_count, 1);
    app.finish().await;
}

#[tokio::test]
async fn r41_sessions_of_and_for_another_practice_are_not_there() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let ours = app.record(request.clone()).await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = SessionServiceClient::new(app.owner_of(stranger));
    let read = GetSessionRequest {
        practice_id: stranger.to_string(),
        session_id: ours.session_id,
    };
    assert_eq!(reason(theirs.get_session(read).await), "SESSION_NOT_FOUND");
    let for_our_client = RecordSessionRequest {
        practice_id: stranger.to_string(),
        ..with(&request, |_| ())
    };
    assert_eq!(
        reason(theirs.record_session(for_our_client).await),
        "CLIENT_NOT_FOUND"
    );
    let list = ListSessionsRequest {
        practice_id: stranger.to_string(),
        ..ListSessionsRequest::default()
    };
    let listed = theirs.list_sessions(list).await.expect("read").into_inner();
    assert_eq!((listed.sessions.len(), listed.total_count), (0, 0));
    app.finish().await;
}
