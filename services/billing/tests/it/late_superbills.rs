//! Superbills of a month that was not billed, or not complete, when it was over (R13).

use crate::app::TestApp;
use crate::terms::automatic;
use ids::ClientId;
use proto::billing::v1::{Automation, ListSessionsRequest, PendingSessions, Session};

impl TestApp {
    /// Bills of these clients' pending sessions, when the next worker looks.
    async fn bill_by_hand(&self, clients: &[ClientId]) {
        let sessions = PendingSessions {
            client_ids: clients.iter().map(ToString::to_string).collect(),
            ..PendingSessions::default()
        };
        let request = self.pending_request(sessions);
        let begun = self.automation().bill_pending_sessions(request).await;
        begun.expect("begun");
    }

    /// One of the client's pending sessions gets a bill of its own.
    async fn bill_one_of(&self, client: ClientId) {
        let request = ListSessionsRequest {
            practice_id: self.practice.to_string(),
            client_id: client.to_string(),
            ..ListSessionsRequest::default()
        };
        let listed = self.sessions().list_sessions(request).await;
        let sessions: Vec<Session> = listed.expect("listed").into_inner().sessions;
        self.issue_of(sessions.last().expect("a session")).await;
    }

    /// Whose superbills were told of, and how many days each has.
    async fn mailed_superbills(&self) -> Vec<(String, usize)> {
        let mut told = Vec::new();
        for made in self.superbills_told().await {
            let kept = self.superbills().await;
            let kept = kept.iter().find(|it| it.document_id == made.document_id);
            let text = self.superbill_text(kept.expect("listed")).await;
            told.push((made.client_id, text.matches("90837").count()));
        }
        told
    }
}

#[tokio::test]
async fn r13_what_is_billed_by_hand_after_the_first_gets_its_superbill_in_the_night_after() {
    let app = TestApp::start().await;
    app.complete().await;
    app.monthly(automatic(Automation::ByHand)).await;
    app.hour_of(app.client).await;
    app.until("2026-04-03T12:00:00Z").await;
    assert_eq!(app.superbills().await, [], "nothing is billed");
    app.bill_by_hand(&[]).await;
    app.until("2026-04-04T03:59:00Z").await;
    assert_eq!(app.superbills().await, [], "the night is to come");
    app.until("2026-04-04T04:00:00Z").await;
    assert_eq!(app.mailed_superbills().await, [(app.client.to_string(), 1)]);
    let made = app.superbills().await;
    app.until("2026-05-03T12:00:00Z").await;
    assert_eq!(app.superbills().await, made, "once");
    assert_eq!(app.mailed_superbills().await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn r13_a_withheld_superbill_is_made_in_the_night_after_nothing_is_missing_any_more() {
    let app = TestApp::start().await;
    app.monthly(automatic(Automation::Daily)).await;
    app.hour_of(app.client).await;
    app.until("2026-04-01T04:00:00Z").await;
    let withheld = app.superbills().await;
    assert_eq!(withheld[0].missing.len(), 3);
    app.until("2026-04-02T12:00:00Z").await;
    assert_eq!(app.superbills().await, withheld, "it lacks the same");
    let birth = "update billing.clients set birth_date = '1990-05-17'";
    let known = sqlx::query(birth).execute(app.db.owner_pool()).await;
    known.expect("known");
    app.until("2026-04-03T12:00:00Z").await;
    let less = app.superbills().await;
    assert_eq!(
        (less.len(), less[0].missing.len()),
        (1, 2),
        "says what it lacks now"
    );
    assert_eq!(app.mailed_superbills().await, [], "nobody is sent it");
    app.complete().await;
    app.until("2026-04-04T12:00:00Z").await;
    let made = app.superbills().await;
    assert_eq!((made.len(), made[0].missing.len()), (1, 0), "in its place");
    assert_eq!(app.mailed_superbills().await, [(app.client.to_string(), 1)]);
    app.until("2026-04-20T12:00:00Z").await;
    assert_eq!(app.superbills().await, made);
    assert_eq!(app.mailed_superbills().await.len(), 1, "once");
    app.finish().await;
}

#[tokio::test]
async fn r13_a_month_that_is_billed_in_part_waits_for_the_rest_until_the_tenth() {
    let app = TestApp::start().await;
    let (patient, _) = app.insured_client(app.practice).await;
    app.complete().await;
    app.monthly(automatic(Automation::ByHand)).await;
    for client in [app.client, patient] {
        app.hour_of(client).await;
        app.hour_of(client).await;
        app.bill_one_of(client).await;
    }
    app.until("2026-04-05T12:00:00Z").await;
    assert_eq!(app.superbills().await, [], "half of it is not billed");
    app.bill_by_hand(&[app.client]).await;
    app.until("2026-04-05T13:00:00Z").await;
    app.until("2026-04-06T12:00:00Z").await;
    let whole = (app.client.to_string(), 2);
    assert_eq!(app.mailed_superbills().await, std::slice::from_ref(&whole));
    app.until("2026-04-09T12:00:00Z").await;
    assert_eq!(
        app.mailed_superbills().await.len(),
        1,
        "the other one waits"
    );
    app.until("2026-04-10T12:00:00Z").await;
    assert_eq!(
        app.mailed_superbills().await,
        [whole, (patient.to_string(), 1)]
    );
    // What is billed later is for a superbill by hand.
    app.bill_by_hand(&[]).await;
    app.until("2026-04-30T12:00:00Z").await;
    assert_eq!(app.mailed_superbills().await.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn r13_turning_superbills_on_sends_nobody_those_of_a_month_that_was_over() {
    let app = TestApp::start().await;
    app.complete().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.hour_of(app.client).await;
    app.until("2026-04-02T12:00:00Z").await;
    app.monthly(automatic(Automation::Daily)).await;
    app.until("2026-04-20T12:00:00Z").await;
    app.monthly(automatic(Automation::Daily)).await;
    app.hour_of(app.client).await;
    app.until("2026-04-30T12:00:00Z").await;
    assert_eq!(app.superbills().await, [], "March was over");
    app.until("2026-05-01T04:00:00Z").await;
    assert_eq!(
        app.mailed_superbills().await,
        [(app.client.to_string(), 1)],
        "April's"
    );
    app.finish().await;
}
