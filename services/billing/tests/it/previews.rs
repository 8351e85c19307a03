//! What a run would bill is shown before (R04).

use crate::app::{TestApp, minor, reason, usd};
use crate::automation::day;
use crate::terms::automatic;
use ids::{ClientId, PracticeId};
use proto::billing::v1::automation_service_client::AutomationServiceClient;
use proto::billing::v1::client_terms::ClientPart;
use proto::billing::v1::{
    AdjustmentReason, Automation, AutomationSkipReason, ClientTerms, PendingSessions,
    PracticeTerms, PreviewAutomationRequest, PreviewAutomationResponse, Responsibility,
    SetClientTermsRequest, WaiveSessionRequest,
};
use std::collections::BTreeMap;
use testkit::request_id;

impl TestApp {
    fn preview_request(&self) -> PreviewAutomationRequest {
        PreviewAutomationRequest {
            practice_id: self.practice.to_string(),
            ..PreviewAutomationRequest::default()
        }
    }

    async fn preview(&self, request: PreviewAutomationRequest) -> PreviewAutomationResponse {
        let shown = self.automation().preview_automation(request).await;
        shown.expect("shown").into_inner()
    }

    async fn terms_of(&self, client: ClientId, terms: ClientTerms) {
        let request = SetClientTermsRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: client.to_string(),
            terms: Some(terms),
        };
        self.terms().set_client_terms(request).await.expect("set");
    }

    async fn waive(&self, session_id: String) {
        let request = WaiveSessionRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            session_id,
            reason: AdjustmentReason::Courtesy.into(),
            client_text: "This one is free".to_owned(),
        };
        let waived = self.sessions().waive_session(request).await;
        waived.expect("waived");
    }
}

/// Client and reason of every session, in the order of reasons.
fn reasons(preview: &PreviewAutomationResponse) -> BTreeMap<AutomationSkipReason, Vec<String>> {
    let mut reasons = BTreeMap::<_, Vec<_>>::new();
    for client in &preview.clients {
        for session in &client.sessions {
            let clients = reasons.entry(session.skip_reason()).or_default();
            clients.push(client.client_id.clone());
        }
    }
    reasons
}

/// One client billed each night with a co-pay of $25, of whose two sessions one is waived; and two others, one by hand
/// and one monthly, with a session each.
async fn three_clients(app: &TestApp) -> Vec<String> {
    app.set_practice_terms(PracticeTerms {
        due_days: 10,
        ..automatic(Automation::Daily)
    })
    .await
    .expect("set");
    let mut others = Vec::new();
    for automation in [Automation::ByHand, Automation::MonthlyFirstDay] {
        let (client, _) = app.insured_client(app.practice).await;
        let terms = ClientTerms {
            automation: automation.into(),
            ..ClientTerms::default()
        };
        app.terms_of(client, terms).await;
        app.sessions_of(client, 1).await;
        others.push(client.to_string());
    }
    let insured = ClientTerms {
        responsibility: Responsibility::Insurance.into(),
        policy_id: app.policy.to_string(),
        client_part: Some(ClientPart::CoPay(usd(2_500))),
        ..ClientTerms::default()
    };
    app.set_client_terms(insured).await.expect("set");
    let sessions = app.sessions_of(app.client, 2).await;
    app.waive(sessions[0].to_string()).await;
    others
}

#[tokio::test]
async fn r04_a_preview_shows_what_the_next_night_bills_and_why_it_leaves_out_the_rest() {
    let app = TestApp::start().await;
    let others = three_clients(&app).await;
    let preview = app.preview(app.preview_request()).await;
    assert_eq!(preview.run_date, Some(day(3, 3)));
    assert_eq!((preview.client_count, preview.session_count), (1, 2));
    assert_eq!(minor(&preview.total), 30_000);
    let own = app.client.to_string();
    let expected = [
        (
            AutomationSkipReason::Unspecified,
            vec![own.clone(), own.clone()],
        ),
        (AutomationSkipReason::ByHand, vec![others[0].clone()]),
        (AutomationSkipReason::NotToday, vec![others[1].clone()]),
    ];
    assert_eq!(reasons(&preview), expected.into_iter().collect());
    let shown = preview
        .clients
        .iter()
        .find(|client| client.client_id == own)
        .expect("the client");
    assert_eq!(
        (
            minor(&shown.total),
            minor(&shown.client_owes),
            minor(&shown.insurance_owes)
        ),
        (30_000, 2_500, 25_000),
        "one co-pay is waived"
    );
    assert_eq!(
        (shown.issue_date, shown.due_date),
        (Some(day(3, 3)), Some(day(3, 13)))
    );
    let mut counts: Vec<_> = preview
        .skip_counts
        .iter()
        .map(|count| (count.reason(), count.session_count))
        .collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            (AutomationSkipReason::ByHand, 1),
            (AutomationSkipReason::NotToday, 1)
        ]
    );
    assert_eq!(app.all_bills().await, [], "nothing was billed");

    // The night does what was shown.
    app.until("2026-03-03T05:00:00Z").await;
    let bills = app.all_bills().await;
    assert_eq!(bills.len(), 1);
    assert_eq!(
        (
            minor(&bills[0].client_owes),
            minor(&bills[0].insurance_owes)
        ),
        (2_500, 25_000)
    );
    assert_eq!(bills[0].due_date, shown.due_date);
    app.finish().await;
}

#[tokio::test]
async fn r04_a_preview_of_a_run_by_hand_and_of_another_night_show_theirs() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::MonthlyFirstDay))
        .await
        .expect("set");
    app.sessions_of(app.client, 2).await;
    let (other, _) = app.insured_client(app.practice).await;
    app.sessions_of(other, 1).await;
    let tonight = app.preview(app.preview_request()).await;
    assert_eq!((tonight.client_count, tonight.session_count), (0, 0));
    let first = app
        .preview(PreviewAutomationRequest {
            run_date: Some(day(4, 1)),
            ..app.preview_request()
        })
        .await;
    assert_eq!((first.client_count, first.session_count), (2, 3));
    let by_hand = PreviewAutomationRequest {
        by_hand: Some(PendingSessions {
            client_ids: vec![other.to_string()],
            through_date: Some(day(3, 2)),
        }),
        ..app.preview_request()
    };
    let shown = app.preview(by_hand.clone()).await;
    assert_eq!((shown.client_count, shown.session_count), (1, 1));
    assert_eq!(shown.clients[0].issue_date, Some(day(3, 2)));
    for refused in [
        PreviewAutomationRequest {
            run_date: Some(day(3, 3)),
            ..by_hand
        },
        PreviewAutomationRequest {
            run_date: Some(day(3, 1)),
            ..app.preview_request()
        },
    ] {
        assert_eq!(
            reason(app.automation().preview_automation(refused).await),
            "INVALID_FIELD"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn r04_a_preview_comes_page_by_page_with_the_sums_of_the_whole() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    let mut expected = Vec::new();
    for count in [2, 1, 3] {
        let (client, _) = app.insured_client(app.practice).await;
        app.sessions_of(client, count).await;
        expected.push((client.to_string(), count));
    }
    expected.sort_unstable();
    let (mut request, mut shown) = (app.preview_request(), Vec::new());
    request.page_size = 1;
    loop {
        let page = app.preview(request.clone()).await;
        assert_eq!((page.client_count, page.session_count), (3, 6));
        assert_eq!(minor(&page.total), 90_000);
        let clients = page.clients.iter();
        shown.extend(clients.map(|client| (client.client_id.clone(), client.sessions.len())));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(shown, expected);
    let foreign = PreviewAutomationRequest {
        run_date: Some(day(3, 9)),
        ..request
    };
    assert_eq!(
        reason(app.automation().preview_automation(foreign).await),
        "PAGE_TOKEN_INVALID"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_preview_is_not_there() {
    let app = TestApp::start().await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = AutomationServiceClient::new(app.owner_of(stranger));
    let refused = theirs.preview_automation(app.preview_request()).await;
    assert_eq!(refused.expect_err("refused").code(), tonic::Code::NotFound);
    app.finish().await;
}
