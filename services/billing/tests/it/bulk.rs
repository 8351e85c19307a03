use crate::app::{TestApp, minor, reason, usd};
use crate::people::NOBODYS;
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::{self, BoxStream};
use proto::billing::v1::session_result::Outcome;
use proto::billing::v1::{
    RecordSessionRequest, RecordSessionsRequest, RecordSessionsResponse, Session, SessionRefusal,
};
use std::collections::BTreeMap;
use std::time::Duration;
use testkit::request_id;
use tonic::Status;

/// What became of each item by its index, and the last totals: received, accepted, failed.
#[derive(Debug, Default, PartialEq)]
struct Told {
    outcomes: BTreeMap<i32, Result<String, SessionRefusal>>,
    totals: (i32, i32, i32),
}

impl Told {
    fn hear(&mut self, response: RecordSessionsResponse) {
        for result in response.results {
            let outcome = match result.outcome.expect("an outcome") {
                Outcome::SessionId(session) => Ok(session),
                Outcome::Refusal(refusal) => Err(refusal),
            };
            let twice = self.outcomes.insert(result.index, outcome);
            assert_eq!(twice, None, "index {} has one result", result.index);
        }
        let totals = (response.received, response.accepted, response.failed);
        assert_eq!(totals.0, totals.1 + totals.2);
        assert_eq!(totals.0 as usize, self.outcomes.len());
        self.totals = totals;
    }

    fn refused(&self, index: i32) -> &str {
        &self.outcomes[&index].as_ref().expect_err("refused").reason
    }
}

impl TestApp {
    async fn items(&self, count: usize) -> Vec<RecordSessionsRequest> {
        let first = self.session_request().await;
        let item = |at: usize| RecordSessionsRequest {
            practice_id: if at == 0 {
                self.practice.to_string()
            } else {
                String::new()
            },
            request_id: request_id(),
            session: first.session.clone().map(|session| Session {
                external_reference: format!("ENC-{at}"),
                ..session
            }),
        };
        (0..count).map(item).collect()
    }

    async fn send(&self, items: BoxStream<'static, RecordSessionsRequest>) -> Result<Told, Status> {
        let mut results = self.sessions().record_sessions(items).await?.into_inner();
        let mut told = Told::default();
        while let Some(response) = results.message().await? {
            told.hear(response);
        }
        Ok(told)
    }

    async fn send_all(&self, items: &[RecordSessionsRequest]) -> Told {
        let told = self.send(stream::iter(items.to_vec()).boxed()).await;
        told.expect("the stream ends well")
    }

    async fn count_sessions(&self) -> i64 {
        sqlx::query_scalar("select count(*) from billing.sessions where practice_id = $1")
            .bind(self.practice.uuid())
            .fetch_one(self.db.owner_pool())
            .await
            .expect("counted")
    }
}

fn content(item: &mut RecordSessionsRequest) -> &mut Session {
    item.session.as_mut().expect("a session")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r01_ten_thousand_sessions_in_one_stream_are_each_recorded_or_refused_once() {
    let app = TestApp::start().await;
    let mut items = app.items(10_000).await;
    content(&mut items[7]).client_id = NOBODYS.to_owned();
    content(&mut items[300]).lines[0].units = 0;
    content(&mut items[301]).diagnosis_codes = vec!["41.1".to_owned()];
    content(&mut items[5_000]).external_reference = "ENC-4999".to_owned();
    content(&mut items[9_000]).external_reference = "ENC-1".to_owned();
    items[9_998].request_id = "tomorrow".to_owned();
    items[9_999].request_id = items[9_997].request_id.clone();
    let told = app.send_all(&items).await;
    assert_eq!(told.totals, (10_000, 9_993, 7));
    for (index, expected) in [
        (7, "CLIENT_NOT_FOUND"),
        (300, "INVALID_FIELD"),
        (301, "INVALID_FIELD"),
        (5_000, "EXTERNAL_REFERENCE_TAKEN"),
        (9_000, "EXTERNAL_REFERENCE_TAKEN"),
        (9_998, "INVALID_FIELD"),
        (9_999, "REQUEST_ID_REUSED"),
    ] {
        assert_eq!(told.refused(index), expected, "{index}");
    }
    let units = told.outcomes[&300].as_ref().expect_err("refused");
    assert_eq!(units.fields, ["session.lines[0].units"]);
    assert_eq!(units.code, i32::from(tonic::Code::InvalidArgument));
    let pending = app.pending().await;
    assert_eq!(pending.total_count, 9_993);
    assert_eq!(minor(&pending.total_amount), 9_993 * 15_000);
    let events = app.count_events("evenkeel.billing.v1.SessionRecorded");
    assert_eq!(events.await, 9_993);

    assert_eq!(app.send_all(&items).await, told, "again is the same");
    assert_eq!(app.count_sessions().await, 9_993);
    let events = app.count_events("evenkeel.billing.v1.SessionRecorded");
    assert_eq!(events.await, 9_993);
    app.finish().await;
}

#[tokio::test]
async fn r01_an_item_of_a_stream_and_the_same_request_alone_are_one_session() {
    let app = TestApp::start().await;
    let mut items = app.items(3).await;
    let alone = |item: &RecordSessionsRequest| RecordSessionRequest {
        practice_id: app.practice.to_string(),
        request_id: item.request_id.clone(),
        session: item.session.clone(),
    };
    let first = app.record(alone(&items[0])).await;
    let told = app.send_all(&items).await;
    assert_eq!(told.outcomes[&0].as_ref(), Ok(&first.session_id));
    let last = app.record(alone(&items[2])).await;
    assert_eq!(told.outcomes[&2].as_ref(), Ok(&last.session_id));

    // An item that was refused has left nothing, also not its id.
    let mut fourth = items[0].clone();
    fourth.request_id = request_id();
    content(&mut fourth).external_reference = "ENC-1".to_owned();
    items.push(fourth);
    assert_eq!(
        app.send_all(&items).await.refused(3),
        "EXTERNAL_REFERENCE_TAKEN"
    );
    content(&mut items[3]).external_reference = "ENC-3".to_owned();
    assert_eq!(app.send_all(&items).await.totals, (4, 4, 0));

    content(&mut items[1]).lines[0].unit_price = Some(usd(1));
    assert_eq!(app.send_all(&items).await.refused(1), "REQUEST_ID_REUSED");
    assert_eq!(app.count_sessions().await, 4);
    app.finish().await;
}

/// F12: what was acknowledged stays, the rest is wholly there or wholly absent, and the same stream again ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_stream_cut_in_the_middle_loses_nothing_it_acknowledged() {
    let app = TestApp::start().await;
    let items = app.items(3_000).await;
    let endless = stream::iter(items[..2_000].to_vec())
        .chain(stream::pending())
        .boxed();
    let mut told = Told::default();
    let mut results = app
        .sessions()
        .record_sessions(endless)
        .await
        .expect("begun")
        .into_inner();
    while told.totals.0 < 1_000 {
        let response = results.message().await.expect("goes on").expect("more");
        told.hear(response);
    }
    drop(results);
    // What is under way when the client goes ends by itself.
    let mut before = -1;
    while app.count_sessions().await != before {
        before = app.count_sessions().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(app.count_sessions().await >= i64::from(told.totals.1));

    let again = app.send_all(&items).await;
    assert_eq!(again.totals, (3_000, 3_000, 0));
    for (index, outcome) in &told.outcomes {
        assert_eq!(outcome, &again.outcomes[index], "{index} was acknowledged");
    }
    assert_eq!(app.count_sessions().await, 3_000);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r01_streams_of_the_same_items_at_once_make_each_session_once() {
    let app = TestApp::start().await;
    let items = app.items(1_500).await;
    let mut shuffled = items.clone();
    // Other batches, in another order.
    shuffled[1..].reverse();
    let mut later = items[100..].to_vec();
    later[0].practice_id = app.practice.to_string();
    let told = join_all([&items, &shuffled, &later].map(|items| app.send_all(items))).await;
    for told in &told {
        assert_eq!(told.totals.2, 0, "none is refused");
    }
    let by_request = |items: &[RecordSessionsRequest], told: &Told| {
        let ids = items.iter().map(|item| item.request_id.clone());
        let sessions = told
            .outcomes
            .values()
            .map(|outcome| outcome.clone().expect("recorded"));
        ids.zip(sessions).collect::<BTreeMap<_, _>>()
    };
    let all = by_request(&items, &told[0]);
    assert_eq!(by_request(&shuffled, &told[1]), all);
    for (id, session) in by_request(&later, &told[2]) {
        assert_eq!(all[&id], session);
    }
    assert_eq!(app.count_sessions().await, 1_500);
    app.finish().await;
}

#[tokio::test]
async fn r01_a_stream_is_of_one_practice_and_has_an_end() {
    let app = TestApp::start().await;
    let mut items = app.items(3).await;
    items[0].practice_id = String::new();
    let nowhere = app.send(stream::iter(items.clone()).boxed()).await;
    assert_eq!(reason(nowhere), "INVALID_FIELD");
    items[0].practice_id = "prac_01j2jv5gymfay8vvr14d2pf2db".to_owned();
    let elsewhere = app.send(stream::iter(items.clone()).boxed()).await;
    assert_eq!(reason(elsewhere), "PRACTICE_UNKNOWN");
    items[0].practice_id = app.practice.to_string();
    items[2].practice_id = "prac_01j2jv5gymfay8vvr14d2pf2db".to_owned();
    let mixed = app.send(stream::iter(items.clone()).boxed()).await;
    assert_eq!(reason(mixed), "INVALID_FIELD");
    assert_eq!(
        app.count_sessions().await,
        2,
        "what came before it is recorded"
    );

    let none = app.send(stream::empty().boxed()).await.expect("nothing");
    assert_eq!(none, Told::default());
    items.truncate(1);
    items[0].session = None;
    let endless = stream::iter(items).cycle().take(100_001).boxed();
    assert_eq!(reason(app.send(endless).await), "TOO_MANY_ITEMS");
    assert_eq!(app.count_sessions().await, 2);
    app.finish().await;
}
