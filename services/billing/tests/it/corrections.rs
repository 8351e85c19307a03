use crate::app::{TestApp, minor, reason, usd};
use crate::sessions::with;
use futures::future::join_all;
use ids::PracticeId;
use proto::billing::v1::session_service_client::SessionServiceClient;
use proto::billing::v1::{
    Bill, CancelBillRequest, CorrectSessionRequest, GetBillRequest, GetSessionRequest,
    IssueBillRequest, ListSessionChangesRequest, Outcome, ServiceLine, Session, SessionChange,
    SessionChangeKind, SessionState, SessionToBill,
};
use testkit::request_id;
use tonic::{Code, Status};

impl TestApp {
    /// A request to replace what the session says.
    pub fn correction(
        &self,
        session: &Session,
        change: impl FnOnce(&mut Session),
    ) -> CorrectSessionRequest {
        let mut content = session.clone();
        change(&mut content);
        CorrectSessionRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            session_id: session.session_id.clone(),
            etag: session.etag.clone(),
            session: Some(content),
        }
    }

    pub async fn correct(&self, request: CorrectSessionRequest) -> Result<Session, Status> {
        let corrected = self.sessions().correct_session(request).await?.into_inner();
        Ok(corrected.session.expect("a session"))
    }

    pub async fn read_session(&self, session: &Session) -> Session {
        let request = GetSessionRequest {
            practice_id: self.practice.to_string(),
            session_id: session.session_id.clone(),
        };
        let read = self.sessions().get_session(request).await.expect("read");
        read.into_inner().session.expect("a session")
    }

    pub async fn changes(&self, session: &Session) -> Vec<SessionChange> {
        let request = ListSessionChangesRequest {
            practice_id: self.practice.to_string(),
            session_id: session.session_id.clone(),
        };
        let listed = self.sessions().list_session_changes(request).await;
        listed.expect("read").into_inner().changes
    }

    /// A bill of this session alone.
    pub fn bill_of(&self, session: &Session) -> IssueBillRequest {
        IssueBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: session.client_id.clone(),
            sessions: vec![SessionToBill {
                session_id: session.session_id.clone(),
                ..SessionToBill::default()
            }],
            ..IssueBillRequest::default()
        }
    }

    pub async fn issue_of(&self, session: &Session) -> Bill {
        let issued = self.bills().issue_bill(self.bill_of(session)).await;
        issued.expect("issued").into_inner().bill.expect("a bill")
    }

    pub async fn cancel(&self, bill: &Bill) {
        let request = CancelBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            reason: "wrong".to_owned(),
        };
        self.bills().cancel_bill(request).await.expect("cancelled");
    }
}

#[tokio::test]
async fn r01_an_unbilled_session_is_corrected_and_what_it_said_is_kept() {
    let app = TestApp::start().await;
    let mut request = app.session_request().await;
    let content = request.session.as_mut().expect("a session");
    content.external_reference = "ENC-1".to_owned();
    let first = app.record(request).await;
    let correction = app.correction(&first, |session| {
        session.clinician_id = first.clinician_id.clone();
        session.start_time.as_mut().expect("a time").seconds += 24 * 60 * 60;
        session.outcome = Outcome::LateCancellation.into();
        session.diagnosis_codes = vec!["f411".to_owned()];
        session.place_of_service = "10".to_owned();
        session.external_reference = "ENC-2".to_owned();
        session.lines = vec![
            ServiceLine {
                service_code: "90834".to_owned(),
                description: "Psychotherapy, 45 minutes".to_owned(),
                units: 1,
                unit_price: Some(usd(12_000)),
                ..ServiceLine::default()
            },
            ServiceLine {
                service_code: "90785".to_owned(),
                description: "Interactive complexity".to_owned(),
                units: 2,
                unit_price: Some(usd(500)),
                ..ServiceLine::default()
            },
        ];
    });
    let corrected = app.correct(correction.clone()).await.expect("corrected");
    assert_eq!(app.read_session(&first).await, corrected);
    assert_eq!(minor(&corrected.total), 13_000);
    assert_eq!(corrected.diagnosis_codes, ["F41.1"]);
    assert_eq!(corrected.place_of_service, "10");
    assert_eq!(corrected.external_reference, "ENC-2");
    assert_eq!(corrected.outcome(), Outcome::LateCancellation);
    assert_eq!(corrected.service_date.expect("a date").day, 3);
    assert_eq!(corrected.create_time, first.create_time);
    assert_ne!(corrected.etag, first.etag);
    let pending = app.pending().await;
    assert_eq!(minor(&pending.total_amount), 13_000);

    assert_eq!(app.correct(correction).await.expect("again"), corrected);
    let changes = app.changes(&first).await;
    assert_eq!(changes.len(), 1, "a repeat changes nothing more");
    assert_eq!(changes[0].kind(), SessionChangeKind::Corrected);
    assert_eq!(changes[0].changed_by, "user_00000000000000000000000001");
    let former = changes[0].former.clone().expect("a session");
    assert_eq!(former.state(), SessionState::Unspecified);
    assert_eq!(
        Session {
            state: first.state,
            ..former
        },
        first
    );
    let events = app.count_events("evenkeel.billing.v1.SessionCorrected");
    assert_eq!(events.await, 1);
    app.finish().await;
}

#[tokio::test]
async fn r01_a_correction_that_cannot_be_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let other = app
        .record(with(&request, |session| {
            session.external_reference = "ENC-1".to_owned();
        }))
        .await;
    let first = app.record(request).await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let (their_client, _) = app.insured_client(stranger).await;
    type Change<'a> = Box<dyn Fn(&mut CorrectSessionRequest) + 'a>;
    fn content(request: &mut CorrectSessionRequest) -> &mut Session {
        request.session.as_mut().expect("a session")
    }
    let wrong: Vec<(&str, Change<'_>)> = vec![
        (
            "ETAG_MISMATCH",
            Box::new(|request| request.etag = "r7".to_owned()),
        ),
        (
            "INVALID_FIELD",
            Box::new(|request| request.etag = "seven".to_owned()),
        ),
        (
            "SESSION_NOT_FOUND",
            Box::new(|request| request.session_id = "ses_01j2jv5gymfay8vvr14d2pf2db".to_owned()),
        ),
        (
            "INVALID_FIELD",
            Box::new(|request| content(request).client_id = their_client.to_string()),
        ),
        (
            "CLINICIAN_NOT_FOUND",
            Box::new(|request| {
                content(request).clinician_id = "cln_01j2jv5gymfay8vvr14d2pf2db".to_owned();
            }),
        ),
        (
            "EXTERNAL_REFERENCE_TAKEN",
            Box::new(|request| {
                content(request)
                    .external_reference
                    .clone_from(&other.external_reference);
            }),
        ),
        (
            "INVALID_FIELD",
            Box::new(|request| content(request).lines.clear()),
        ),
    ];
    for (expected, change) in wrong {
        let mut request = app.correction(&first, |_| ());
        change(&mut request);
        assert_eq!(reason(app.correct(request).await), expected);
    }
    let mut theirs = SessionServiceClient::new(app.owner_of(stranger));
    let mut request = app.correction(&first, |_| ());
    request.practice_id = stranger.to_string();
    assert_eq!(
        reason(theirs.correct_session(request).await),
        "SESSION_NOT_FOUND"
    );
    assert_eq!(app.read_session(&first).await, first);
    assert_eq!(app.changes(&first).await, []);
    app.finish().await;
}

#[tokio::test]
async fn r01_of_two_corrections_from_the_same_reading_one_is_told_to_read_again() {
    let app = TestApp::start().await;
    let first = app.record(app.session_request().await).await;
    let corrections = [100, 200, 300, 400].map(|price| {
        app.correction(&first, |session| {
            session.lines[0].unit_price = Some(usd(price));
        })
    });
    let answers = join_all(corrections.map(|request| app.correct(request))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 3));
    for answer in refused {
        let status = answer.expect_err("refused");
        assert_eq!(status.code(), Code::Aborted);
        assert_eq!(reason::<()>(Err(status)), "ETAG_MISMATCH");
    }
    let mut whatever = app.correction(&first, |_| ());
    whatever.etag = String::new();
    app.correct(whatever).await.expect("without an etag");
    assert_eq!(app.changes(&first).await.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn r01_a_billed_session_is_not_corrected_until_its_bill_is_cancelled() {
    let app = TestApp::start().await;
    let first = app.record(app.session_request().await).await;
    let bill = app.issue_of(&first).await;
    let dearer = |session: &mut Session| session.lines[0].unit_price = Some(usd(20_000));
    let refused = app.correct(app.correction(&first, dearer)).await;
    assert_eq!(reason(refused), "SESSION_ALREADY_BILLED");
    app.cancel(&bill).await;
    let corrected = app.correct(app.correction(&first, dearer)).await;
    let corrected = corrected.expect("corrected");
    assert_eq!(minor(&corrected.total), 20_000);
    assert_eq!(minor(&app.issue_of(&corrected).await.total), 20_000);

    let read = GetBillRequest {
        practice_id: app.practice.to_string(),
        bill_id: bill.bill_id,
    };
    let cancelled = app.bills().get_bill(read).await.expect("read");
    let cancelled = cancelled.into_inner().bill.expect("a bill");
    assert_eq!(
        minor(&cancelled.lines[0].price),
        15_000,
        "a bill keeps what it said"
    );
    app.finish().await;
}

/// Whoever is first: the bill has what the session says, or the correction is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r01_a_correction_and_a_bill_at_once_never_disagree() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let (mut before, mut after) = (0, 0);
    for round in 0..24 {
        let session = app.record(with(&request, |_| ())).await;
        let correction = app.correction(&session, |session| {
            session.lines[0].unit_price = Some(usd(9_900));
        });
        let bill = app.bill_of(&session);
        let (corrected, issued) = tokio::join!(app.correct(correction), async {
            if round % 3 == 0 {
                tokio::task::yield_now().await;
            }
            app.bills().issue_bill(bill).await
        });
        let bill = issued.expect("issued").into_inner().bill.expect("a bill");
        let price = minor(&bill.lines[0].price);
        match corrected {
            Ok(_) => {
                assert_eq!(price, 9_900, "the bill says what was corrected before it");
                after += 1;
            }
            Err(status) => {
                assert_eq!(reason::<()>(Err(status)), "SESSION_ALREADY_BILLED");
                assert_eq!(price, 15_000);
                before += 1;
            }
        }
        assert_eq!(minor(&app.read_session(&session).await.total), price);
    }
    assert_eq!(before + after, 24);
    app.finish().await;
}

#[tokio::test]
async fn r01_codes_are_kept_as_they_are_printed_and_what_is_no_code_is_refused_by_field() {
    let app = TestApp::start().await;
    let request = app.session_request().await;
    let recorded = app
        .record(with(&request, |session| {
            session.diagnosis_codes = ["f411", "Z63.0", "S72001a", "195662009"]
                .map(str::to_owned)
                .to_vec();
            session.place_of_service = "02".to_owned();
        }))
        .await;
    assert_eq!(
        recorded.diagnosis_codes,
        ["F41.1", "Z63.0", "S72.001A", "195662009"]
    );
    type Change = fn(&mut Session);
    let wrong: [(&str, Change); 4] = [
        ("session.diagnosis_codes[1]", |session| {
            session.diagnosis_codes[1] = "41.1".to_owned();
        }),
        ("session.diagnosis_codes[0]", |session| {
            session.diagnosis_codes[0] = "195662008".to_owned();
        }),
        ("session.place_of_service", |session| {
            session.place_of_service = "30".to_owned();
        }),
        ("session.lines[0].modifiers[0]", |session| {
            session.lines[0].modifiers[0] = "9".to_owned();
        }),
    ];
    for (field, change) in wrong {
        let refused = app.sessions().record_session(with(&request, change)).await;
        assert_eq!(wrong_field(refused), field);
    }
    app.finish().await;
}

/// The field that an INVALID_FIELD names.
pub fn wrong_field<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    use tonic_types::StatusExt as _;
    let status = answer.expect_err("a refusal");
    let bad = status.get_details_bad_request().expect("BadRequest");
    bad.field_violations[0].field.clone()
}

/// F13: clients are locked before sessions, as everywhere: an import that is taken back locks its clients first.
#[tokio::test]
async fn f13_a_correction_waits_for_its_client_before_it_takes_its_session() {
    let app = TestApp::start().await;
    let session = app.record(app.session_request().await).await;
    let mut other = app.db.owner_pool().begin().await.expect("begun");
    let client = "select client_id from billing.clients for update";
    sqlx::query(client)
        .execute(&mut *other)
        .await
        .expect("locked");
    let request = app.correction(&session, |session| {
        session.diagnosis_codes = vec!["F41.1".to_owned()];
    });
    let (corrected, ()) = tokio::join!(app.correct(request), async {
        app.until_waiting(1).await;
        let free = "select session_id from billing.sessions for update nowait";
        let taken = sqlx::query(free).execute(&mut *other).await;
        taken.expect("nobody has the session");
        other.commit().await.expect("committed");
    });
    assert_eq!(corrected.expect("corrected").diagnosis_codes, ["F41.1"]);
    app.finish().await;
}
