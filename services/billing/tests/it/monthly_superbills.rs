//! Superbills make themselves when a month is over (R13).

use crate::app::{TestApp, reason};
use crate::documents::pdf;
use crate::terms::automatic;
use billing::work::automate_due;
use futures::future::join_all;
use ids::{ClientId, PracticeId};
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    AddClinicianRequest, Automation, ClientTerms, Clinician, DownloadMonthlySuperbillRequest,
    ListMonthlySuperbillsRequest, MonthlySuperbill, MonthlySuperbillMade, PendingSessions,
    PracticeTerms, SetClientTermsRequest, SetSharePolicyRequest, ShareContent, SharePolicy,
};
use proto::google::r#type::Date;
use rpc::{Claims, Role};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use testkit::{pdf_text, request_id};

const MARCH: Date = Date {
    year: 2026,
    month: 3,
    day: 1,
};

impl TestApp {
    /// Practice and clients lack nothing that insurers ask for.
    pub async fn complete(&self) {
        for complete in [
            "update billing.practices set npi = '1234567893', tax_id = '12-3456789'",
            "update billing.clients set birth_date = '1990-05-17'",
        ] {
            let completed = sqlx::query(complete).execute(self.db.owner_pool()).await;
            completed.expect("completed");
        }
    }

    /// A licensed clinician's hour of today, with all that a superbill says.
    pub async fn hour_of(&self, client: ClientId) {
        let clinician = AddClinicianRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            clinician: Some(Clinician {
                name: "Amara Okafor, LCSW".to_owned(),
                npi: "1588667638".to_owned(),
                licence: "LCSW-22841".to_owned(),
                ..Clinician::default()
            }),
        };
        let added = self.people().add_clinician(clinician).await.expect("added");
        let mut request = self.session_request().await;
        let session = request.session.as_mut().expect("a session");
        session.client_id = client.to_string();
        let clinician = added.into_inner().clinician.expect("a clinician");
        session.clinician_id = clinician.clinician_id;
        self.record(request).await;
    }

    pub async fn monthly(&self, terms: PracticeTerms) {
        let terms = PracticeTerms {
            monthly_superbills: true,
            ..terms
        };
        self.set_practice_terms(terms).await.expect("set");
    }

    pub async fn superbills(&self) -> Vec<MonthlySuperbill> {
        let request = ListMonthlySuperbillsRequest {
            practice_id: self.practice.to_string(),
            ..ListMonthlySuperbillsRequest::default()
        };
        let listed = self.documents().list_monthly_superbills(request).await;
        listed.expect("listed").into_inner().superbills
    }

    /// What a superbill that was made says.
    pub async fn superbill_text(&self, superbill: &MonthlySuperbill) -> String {
        let request = self.superbill_file(superbill);
        let answer = self.documents().download_monthly_superbill(request).await;
        pdf_text(&pdf(answer.expect("kept"), |answer| answer.body))
    }

    fn superbill_file(&self, superbill: &MonthlySuperbill) -> DownloadMonthlySuperbillRequest {
        DownloadMonthlySuperbillRequest {
            practice_id: self.practice.to_string(),
            document_id: superbill.document_id.clone(),
        }
    }

    /// What notifications is told.
    pub async fn superbills_told(&self) -> Vec<MonthlySuperbillMade> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "select payload from billing.outbox
            where event_type = 'evenkeel.billing.v1.MonthlySuperbillMade' order by practice_id, seq",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read");
        let decoded = payloads.iter().map(|payload| {
            <MonthlySuperbillMade as prost::Message>::decode(payload.as_slice()).expect("an event")
        });
        decoded.collect()
    }
}

#[tokio::test]
async fn r13_when_a_month_is_over_its_superbill_is_made_once_and_kept_as_it_was_sent() {
    let app = TestApp::start().await;
    app.complete().await;
    app.monthly(automatic(Automation::Daily)).await;
    app.hour_of(app.client).await;
    app.until("2026-03-31T12:00:00Z").await;
    app.hour_of(app.client).await;
    assert_eq!(app.superbills().await, [], "the month is not over");
    app.until("2026-04-01T04:00:00Z").await;
    let superbills = app.superbills().await;
    assert_eq!(superbills.len(), 1);
    let superbill = &superbills[0];
    assert_eq!(
        (superbill.client_id.as_str(), superbill.month),
        (app.client.to_string().as_str(), Some(MARCH))
    );
    assert!(superbill.attached);
    assert_eq!(superbill.missing, Vec::<String>::new());
    assert_eq!(superbill.file_name, "Superbill-2026-03-01-2026-03-31.pdf");
    let notifications = app.connection(|claims| Claims {
        sub: "service:notifications".to_owned(),
        role: Role::Service,
        ..claims
    });
    let mut notifications = DocumentServiceClient::new(notifications);
    let request = app.superbill_file(superbill);
    let sent = notifications
        .download_monthly_superbill(request.clone())
        .await;
    let sent = pdf(sent.expect("kept"), |answer| answer.body);
    let hash: String = Sha256::digest(&sent)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(superbill.sha256, hash);
    let text = pdf_text(&sent);
    assert!(text.contains("LCSW-22841"), "{text}");
    for day in ["Mar 2, 2026", "Mar 31, 2026"] {
        assert!(text.contains(day), "also the last day's: {text}");
    }
    let told = app.superbills_told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].document_id, superbill.document_id);
    assert_eq!((told[0].month, told[0].without_pdf), (Some(MARCH), false));

    // Later nights and another month change nothing of it.
    app.until("2026-05-02T12:00:00Z").await;
    assert_eq!(app.superbills().await, superbills, "nothing in April");
    let again = app.documents().download_monthly_superbill(request).await;
    assert_eq!(pdf(again.expect("kept"), |answer| answer.body), sent);
    app.finish().await;
}

#[tokio::test]
async fn r13_who_wants_monthly_superbills_the_client_or_else_the_practice_says() {
    let app = TestApp::start().await;
    let (without, _) = app.insured_client(app.practice).await;
    let (with, _) = app.insured_client(app.practice).await;
    app.complete().await;
    let own = |client: ClientId, wanted| SetClientTermsRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: client.to_string(),
        terms: Some(ClientTerms {
            monthly_superbills: Some(wanted),
            ..ClientTerms::default()
        }),
    };
    // Nobody but one client wants them, and the practice bills by hand.
    let set = app.terms().set_client_terms(own(with, true)).await;
    let set = set.expect("set").into_inner().terms.expect("terms");
    assert_eq!(set.monthly_superbills, Some(true));
    for client in [app.client, without, with] {
        app.hour_of(client).await;
    }
    let all = app.pending_request(PendingSessions::default());
    let begun = app.automation().bill_pending_sessions(all).await;
    begun.expect("begun");
    app.until("2026-04-01T04:00:00Z").await;
    let clients = |superbills: Vec<MonthlySuperbill>| {
        let mut clients: Vec<_> = superbills.into_iter().map(|it| it.client_id).collect();
        clients.sort_unstable();
        clients
    };
    assert_eq!(clients(app.superbills().await), [with.to_string()]);
    assert_eq!(
        app.runs().await.len(),
        1,
        "the run by hand; no night billed"
    );

    // The practice wants them, one client does not.
    let no = app.terms().set_client_terms(own(without, false)).await;
    no.expect("set");
    app.monthly(automatic(Automation::ByHand)).await;
    for client in [app.client, without, with] {
        app.hour_of(client).await;
    }
    let all = app.pending_request(PendingSessions::default());
    let begun = app.automation().bill_pending_sessions(all).await;
    begun.expect("begun");
    app.until("2026-05-01T04:00:00Z").await;
    let mut expected = vec![app.client.to_string(), with.to_string(), with.to_string()];
    expected.sort_unstable();
    assert_eq!(clients(app.superbills().await), expected);
    app.finish().await;
}

#[tokio::test]
async fn r13_a_superbill_that_insurers_would_send_back_is_withheld_and_says_why() {
    let app = TestApp::start().await;
    app.monthly(automatic(Automation::Daily)).await;
    app.hour_of(app.client).await;
    app.until("2026-04-01T04:00:00Z").await;
    let superbills = app.superbills().await;
    assert_eq!(superbills.len(), 1);
    assert_eq!(
        superbills[0].missing,
        [
            "The practice's NPI is missing.",
            "The practice's tax id is missing.",
            "The client's date of birth is missing."
        ]
    );
    assert_eq!(app.superbills_told().await, [], "nobody is sent it");
    let request = app.superbill_file(&superbills[0]);
    assert_eq!(
        reason(app.documents().download_monthly_superbill(request).await),
        "SUPERBILL_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r13_f30_f31_workers_at_once_after_months_down_make_one_superbill_a_client_and_month() {
    let app = TestApp::start().await;
    app.monthly(automatic(Automation::Daily)).await;
    let policy = SetSharePolicyRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        policy: Some(SharePolicy {
            automatic: false,
            delay_minutes: 60,
            content: ShareContent::PortalOnly.into(),
        }),
    };
    app.shares().set_share_policy(policy).await.expect("set");
    let mut clients = vec![app.client];
    for _ in 0..4 {
        clients.push(app.insured_client(app.practice).await.0);
    }
    app.complete().await;
    for at in ["2026-03-10T15:00:00Z", "2026-04-10T15:00:00Z"] {
        app.clock.set(at.parse().expect("an instant"));
        for client in &clients {
            app.hour_of(*client).await;
        }
    }
    app.clock
        .set("2026-05-20T15:00:00Z".parse().expect("an instant"));
    let due = "update billing.automation_queue set due_time = '-infinity'";
    for pause in [5, 40, 120] {
        // A worker that is dropped at this moment is one that died.
        let night = automate_due(&app.billing);
        let _ = tokio::time::timeout(Duration::from_millis(pause), night).await;
        let again = sqlx::query(due).execute(app.db.owner_pool()).await;
        again.expect("due");
    }
    let workers = (0..3).map(|_| async {
        for _ in 0..30 {
            automate_due(&app.billing).await.expect("run");
            let again = sqlx::query(due).execute(app.db.owner_pool()).await;
            again.expect("due");
        }
    });
    join_all(workers).await;
    app.until("2026-05-20T15:30:00Z").await;
    let superbills = app.superbills().await;
    let mut of: Vec<_> = superbills
        .iter()
        .map(|it| (it.client_id.clone(), it.month.map(|month| month.month)))
        .collect();
    of.sort_unstable();
    let mut expected: Vec<_> = clients
        .iter()
        .flat_map(|client| [3, 4].map(|month| (client.to_string(), Some(month))))
        .collect();
    expected.sort_unstable();
    assert_eq!(of, expected);
    assert!(superbills.iter().all(|superbill| !superbill.attached));
    let told = app.superbills_told().await;
    assert_eq!(told.len(), 10, "each is sent once");
    assert!(told.iter().all(|told| told.without_pdf), "by the policy");
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_monthly_superbills_are_not_there() {
    let app = TestApp::start().await;
    app.complete().await;
    app.monthly(automatic(Automation::Daily)).await;
    app.hour_of(app.client).await;
    app.until("2026-04-01T04:00:00Z").await;
    let superbill = app.superbills().await.remove(0);
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = DocumentServiceClient::new(app.owner_of(stranger));
    let own = DownloadMonthlySuperbillRequest {
        practice_id: stranger.to_string(),
        ..app.superbill_file(&superbill)
    };
    assert_eq!(
        reason(theirs.download_monthly_superbill(own).await),
        "SUPERBILL_NOT_FOUND"
    );
    let of_client = ListMonthlySuperbillsRequest {
        practice_id: stranger.to_string(),
        client_id: app.client.to_string(),
        ..ListMonthlySuperbillsRequest::default()
    };
    assert_eq!(
        reason(theirs.list_monthly_superbills(of_client).await),
        "CLIENT_NOT_FOUND"
    );
    app.finish().await;
}
