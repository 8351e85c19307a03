use crate::app::{TestApp, minor, reason, usd};
use crate::corrections::wrong_field;
use crate::people::NOBODYS;
use crate::sessions::with;
use proto::billing::v1::missed_session_charge::Charge;
use proto::billing::v1::{
    AccountKind, AdjustmentKind, AdjustmentReason, BillStatus, CorrectSessionRequest, FeeKind,
    GetMissedSessionPolicyRequest, GetTrialBalanceRequest, LineTerms, MissedSessionCharge,
    MissedSessionPolicy, Outcome, Responsibility, Session, SessionChangeKind, SessionState,
    SetMissedSessionPolicyRequest, UnwaiveSessionRequest, WaiveSessionRequest,
};
use testkit::request_id;

fn amount(minor: i64) -> Option<MissedSessionCharge> {
    Some(MissedSessionCharge {
        charge: Some(Charge::Amount(usd(minor))),
    })
}

fn percent(text: &str) -> Option<MissedSessionCharge> {
    Some(MissedSessionCharge {
        charge: Some(Charge::Percent(text.to_owned())),
    })
}

impl TestApp {
    fn missed_policy_request(&self, policy: MissedSessionPolicy) -> SetMissedSessionPolicyRequest {
        SetMissedSessionPolicyRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            policy: Some(policy),
        }
    }

    async fn set_policy(&self, policy: MissedSessionPolicy) -> MissedSessionPolicy {
        let request = self.missed_policy_request(policy);
        let set = self.fees().set_missed_session_policy(request).await;
        let set = set.expect("set").into_inner();
        set.policy.expect("a policy")
    }

    pub async fn missed(&self, outcome: Outcome) -> Session {
        let request = self.session_request().await;
        self.record(with(&request, |session| session.outcome = outcome.into()))
            .await
    }

    /// What the ledger has earned in fees.
    async fn fee_revenue(&self) -> i64 {
        let request = GetTrialBalanceRequest {
            practice_id: self.practice.to_string(),
        };
        let trial = self.ledger().get_trial_balance(request).await;
        let lines = trial.expect("read").into_inner().lines;
        let fees = lines
            .iter()
            .find(|line| line.account_kind() == AccountKind::FeeRevenue);
        minor(&fees.expect("fees").credits)
    }

    pub fn waive_request(&self, session: &Session) -> WaiveSessionRequest {
        WaiveSessionRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            session_id: session.session_id.clone(),
            reason: AdjustmentReason::ExcusedAbsence.into(),
            client_text: "Your appointment of March 2 is free".to_owned(),
        }
    }
}

#[tokio::test]
async fn r05_a_missed_session_costs_what_the_policy_says() {
    let app = TestApp::start().await;
    let before = app.missed(Outcome::NoShow).await;
    assert_eq!(
        minor(&before.total),
        15_000,
        "without a policy the recorded price"
    );
    let policy = app
        .set_policy(MissedSessionPolicy {
            no_show: amount(7_500),
            late_cancellation: percent("50.5"),
            exempt_client_ids: Vec::new(),
        })
        .await;
    let read = GetMissedSessionPolicyRequest {
        practice_id: app.practice.to_string(),
    };
    let read = app.fees().get_missed_session_policy(read).await;
    assert_eq!(
        read.expect("read").into_inner().policy,
        Some(policy.clone())
    );
    assert_eq!(minor(&app.missed(Outcome::NoShow).await.total), 7_500);
    assert_eq!(
        minor(&app.missed(Outcome::LateCancellation).await.total),
        7_575
    );
    assert_eq!(minor(&app.missed(Outcome::Completed).await.total), 15_000);
    let unread = app.read_session(&before).await;
    assert_eq!(
        minor(&unread.total),
        15_000,
        "what is recorded keeps its price"
    );

    app.set_policy(MissedSessionPolicy {
        late_cancellation: amount(0),
        ..policy.clone()
    })
    .await;
    let free = app.missed(Outcome::LateCancellation).await;
    assert_eq!(
        (minor(&free.total), free.state()),
        (0, SessionState::NotBillable)
    );
    app.set_policy(MissedSessionPolicy {
        exempt_client_ids: vec![app.client.to_string()],
        ..policy.clone()
    })
    .await;
    let exempt = app.missed(Outcome::NoShow).await;
    assert_eq!(exempt.state(), SessionState::NotBillable);
    assert_eq!(
        minor(&exempt.lines[0].unit_price),
        15_000,
        "what was planned stays"
    );
    let pending = app.pending().await;
    assert_eq!(
        (pending.total_count, minor(&pending.total_amount)),
        (4, 15_000 + 7_500 + 7_575 + 15_000)
    );
    app.finish().await;
}

#[tokio::test]
async fn r05_a_policy_of_another_currency_or_for_nobody_is_refused() {
    let app = TestApp::start().await;
    let policy = MissedSessionPolicy {
        no_show: amount(7_500),
        ..MissedSessionPolicy::default()
    };
    app.set_policy(policy.clone()).await;
    let mut euros = app.missed_policy_request(policy.clone());
    let asked = euros.policy.as_mut().expect("a policy");
    let mut price = usd(1);
    price.currency_code = "EUR".to_owned();
    asked.no_show = Some(MissedSessionCharge {
        charge: Some(Charge::Amount(price)),
    });
    let refused = app.fees().set_missed_session_policy(euros).await;
    assert_eq!(reason(refused), "CURRENCY_MISMATCH");
    let nobody = app.missed_policy_request(MissedSessionPolicy {
        exempt_client_ids: vec![NOBODYS.to_owned()],
        ..policy
    });
    let refused = app.fees().set_missed_session_policy(nobody).await;
    assert_eq!(reason(refused), "CLIENT_NOT_FOUND");
    app.finish().await;
}

#[tokio::test]
async fn r05_one_missed_session_can_cost_something_else_and_a_correction_follows_the_outcome() {
    let app = TestApp::start().await;
    app.set_policy(MissedSessionPolicy {
        no_show: amount(7_500),
        ..MissedSessionPolicy::default()
    })
    .await;
    let request = app.session_request().await;
    let named = app
        .record(with(&request, |session| {
            session.outcome = Outcome::NoShow.into();
            session.missed_fee = Some(usd(2_000));
        }))
        .await;
    assert_eq!(
        (minor(&named.total), minor(&named.missed_fee)),
        (2_000, 2_000)
    );
    let correction = |change: fn(&mut Session)| {
        let mut content = named.clone();
        change(&mut content);
        CorrectSessionRequest {
            practice_id: app.practice.to_string(),
            request_id: request_id(),
            session_id: named.session_id.clone(),
            etag: String::new(),
            session: Some(content),
        }
    };
    let correct = async |change| {
        let corrected = app.sessions().correct_session(correction(change)).await;
        corrected
            .expect("corrected")
            .into_inner()
            .session
            .expect("a session")
    };
    let free = correct(|session| session.missed_fee = Some(usd(0))).await;
    assert_eq!(free.state(), SessionState::NotBillable);
    let by_policy = correct(|session| session.missed_fee = None).await;
    assert_eq!(
        (minor(&by_policy.total), by_policy.missed_fee),
        (7_500, None)
    );
    let came = correct(|session| {
        session.missed_fee = None;
        session.outcome = Outcome::Completed.into();
    })
    .await;
    assert_eq!(minor(&came.total), 15_000);
    let both = correction(|session| session.outcome = Outcome::Completed.into());
    assert_eq!(
        wrong_field(app.sessions().correct_session(both).await),
        "session.missed_fee"
    );
    let changes = app.changes(&named).await;
    let fees = changes.iter().map(|change| {
        let former = change.former.as_ref().expect("a session");
        former.missed_fee.as_ref().map(|fee| fee.minor_units)
    });
    assert_eq!(fees.collect::<Vec<_>>(), [None, Some(0), Some(2_000)]);
    app.finish().await;
}

#[tokio::test]
async fn r05_a_correction_of_something_else_keeps_the_fee_of_its_day() {
    let app = TestApp::start().await;
    let charging = |fee: i64| MissedSessionPolicy {
        no_show: amount(fee),
        late_cancellation: amount(fee / 4),
        exempt_client_ids: Vec::new(),
    };
    app.set_policy(charging(5_000)).await;
    let missed = app.missed(Outcome::NoShow).await;
    app.set_policy(charging(10_000)).await;
    let correct = async |change: fn(&mut Session)| {
        let correction = app.correction(&app.read_session(&missed).await, change);
        app.correct(correction).await.expect("corrected")
    };
    let corrected = correct(|session| {
        session.diagnosis_codes = vec!["F33.1".to_owned()];
        session.lines[0].description = "Psychotherapy, an hour".to_owned();
    })
    .await;
    assert_eq!(corrected.diagnosis_codes, ["F33.1"]);
    assert_eq!(minor(&corrected.total), 5_000, "as it was said on that day");
    assert_eq!(minor(&app.pending().await.total_amount), 5_000);

    // What the fee is made from brings the policy of now.
    let late = correct(|session| session.outcome = Outcome::LateCancellation.into()).await;
    assert_eq!(minor(&late.total), 2_500);
    let back = correct(|session| session.outcome = Outcome::NoShow.into()).await;
    assert_eq!(minor(&back.total), 10_000);
    let named = correct(|session| session.missed_fee = Some(usd(5_000))).await;
    assert_eq!(minor(&named.total), 5_000);
    let unnamed = correct(|session| session.missed_fee = None).await;
    assert_eq!(minor(&unnamed.total), 10_000);
    app.set_policy(MissedSessionPolicy {
        no_show: percent("50"),
        ..charging(0)
    })
    .await;
    let dearer = correct(|session| session.lines[0].unit_price = Some(usd(30_000))).await;
    assert_eq!(minor(&dearer.total), 15_000, "half of another price");
    app.finish().await;
}

#[tokio::test]
async fn r05_a_missed_session_is_one_fee_on_the_bill_which_insurance_never_owes() {
    let app = TestApp::start().await;
    app.set_policy(MissedSessionPolicy {
        no_show: amount(7_500),
        late_cancellation: percent("20"),
        exempt_client_ids: Vec::new(),
    })
    .await;
    let request = app.session_request().await;
    let with_two_lines = |outcome: Outcome| {
        with(&request, |session| {
            session.outcome = outcome.into();
            session.lines.push(session.lines[0].clone());
        })
    };
    let no_show = app.record(with_two_lines(Outcome::NoShow)).await;
    let late = app.record(with_two_lines(Outcome::LateCancellation)).await;
    let came = app.record(with_two_lines(Outcome::Completed)).await;
    let mut asked = app.bill_of(&no_show);
    for session in [&late, &came] {
        asked.sessions.extend(app.bill_of(session).sessions);
    }
    asked.responsibility = Responsibility::Insurance.into();
    asked.policy_id = app.policy.to_string();
    let mut insured = asked.clone();
    insured.sessions[0].line_terms = vec![LineTerms {
        line_number: 1,
        insurance_share: Some(usd(1)),
        ..LineTerms::default()
    }];
    assert_eq!(
        wrong_field(app.bills().issue_bill(insured).await),
        "sessions[0].line_terms[0].insurance_share"
    );
    let issued = app.bills().issue_bill(asked).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    let lines: Vec<_> = bill
        .lines
        .iter()
        .map(|line| {
            let shares = (minor(&line.client_share), minor(&line.insurance_share));
            (line.description.as_str(), line.fee_kind(), shares)
        })
        .collect();
    let service = (
        "Psychotherapy, 60 minutes",
        FeeKind::Unspecified,
        (0, 15_000),
    );
    assert_eq!(
        lines,
        [
            ("No-show fee", FeeKind::NoShow, (7_500, 0)),
            (
                "Late-cancellation fee",
                FeeKind::LateCancellation,
                (6_000, 0)
            ),
            service,
            service,
        ]
    );
    assert_eq!(bill.lines[0].service_date, no_show.service_date);
    assert_eq!(app.bill(&bill).await.lines, bill.lines, "as it is read");
    assert_eq!(app.read_session(&no_show).await.bill_id, bill.bill_id);
    assert_eq!(app.fee_revenue().await, 13_500);

    let refused = app.bills().issue_bill(app.bill_of(&late)).await;
    assert_eq!(reason(refused), "SESSION_ALREADY_BILLED");
    app.cancel(&bill).await;
    assert_eq!(app.pending().await.total_count, 3);
    app.finish().await;
}

#[tokio::test]
async fn r05_a_session_is_waived_and_stays_pending_until_it_is_billed() {
    let app = TestApp::start().await;
    let session = app.missed(Outcome::NoShow).await;
    let request = app.waive_request(&session);
    let waived = app.sessions().waive_session(request.clone()).await;
    let waived = waived
        .expect("waived")
        .into_inner()
        .session
        .expect("a session");
    let waiver = waived.waiver.clone().expect("a waiver");
    assert_eq!(waiver.reason(), AdjustmentReason::ExcusedAbsence);
    assert_eq!(waiver.client_text, request.client_text);
    assert_eq!(waiver.waived_by, "user_00000000000000000000000001");
    assert_eq!(app.read_session(&session).await, waived);
    assert_eq!(app.pending().await.sessions, std::slice::from_ref(&waived));
    let again = app.sessions().waive_session(request).await;
    assert_eq!(
        again.expect("again").into_inner().session,
        Some(waived.clone())
    );

    let undo = UnwaiveSessionRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        session_id: session.session_id.clone(),
    };
    let unwaived = app.sessions().unwaive_session(undo.clone()).await;
    let unwaived = unwaived
        .expect("unwaived")
        .into_inner()
        .session
        .expect("a session");
    assert_eq!(unwaived.waiver, None);
    let again = UnwaiveSessionRequest {
        request_id: request_id(),
        ..undo
    };
    let again = app.sessions().unwaive_session(again).await;
    assert_eq!(
        again.expect("nothing to do").into_inner().session,
        Some(unwaived)
    );
    let kinds: Vec<_> = app
        .changes(&session)
        .await
        .iter()
        .map(|change| change.kind())
        .collect();
    assert_eq!(
        kinds,
        [SessionChangeKind::Unwaived, SessionChangeKind::Waived]
    );
    for event in ["SessionWaived", "SessionUnwaived"] {
        let name = format!("evenkeel.billing.v1.{event}");
        assert_eq!(app.count_events(&name).await, 1, "{event}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r06_the_bill_of_a_waived_session_says_what_it_would_have_cost_and_that_it_is_free() {
    let app = TestApp::start().await;
    let session = app.missed(Outcome::NoShow).await;
    let request = app.waive_request(&session);
    app.sessions()
        .waive_session(request.clone())
        .await
        .expect("waived");
    let paid_for = app.missed(Outcome::Completed).await;
    let mut asked = app.bill_of(&session);
    asked.sessions.extend(app.bill_of(&paid_for).sessions);
    let issued = app.bills().issue_bill(asked).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    assert_eq!(
        (minor(&bill.total), minor(&bill.client_balance)),
        (30_000, 15_000)
    );
    let [adjustment] = &bill.adjustments[..] else {
        panic!("one adjustment: {:?}", bill.adjustments);
    };
    let reduction = adjustment.reduction.as_ref().expect("a reduction");
    assert_eq!(reduction.kind(), AdjustmentKind::Waiver);
    assert_eq!(reduction.reason(), AdjustmentReason::ExcusedAbsence);
    assert_eq!(reduction.client_text, request.client_text);
    assert_eq!(
        (reduction.line_number, minor(&adjustment.amount)),
        (1, 15_000)
    );

    app.cancel(&bill).await;
    let free = app.issue_of(&session).await;
    assert_eq!(
        (minor(&free.total), minor(&free.client_balance)),
        (15_000, 0)
    );
    assert_eq!(
        free.status(),
        BillStatus::Paid,
        "a waiver lasts until it is taken back"
    );
    app.finish().await;
}

#[tokio::test]
async fn r05_what_is_billed_or_costs_nothing_is_not_waived() {
    let app = TestApp::start().await;
    let session = app.missed(Outcome::NoShow).await;
    app.issue_of(&session).await;
    let late = app.waive_request(&session);
    let late = app.sessions().waive_session(late).await;
    assert_eq!(reason(late), "SESSION_ALREADY_BILLED");
    let undo = UnwaiveSessionRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        session_id: session.session_id.clone(),
    };
    assert_eq!(
        reason(app.sessions().unwaive_session(undo).await),
        "SESSION_ALREADY_BILLED"
    );
    let cancelled = app.missed(Outcome::CancelledByPractice).await;
    let nothing = app.waive_request(&cancelled);
    let nothing = app.sessions().waive_session(nothing).await;
    assert_eq!(reason(nothing), "SESSION_NOT_BILLABLE");
    app.finish().await;
}
