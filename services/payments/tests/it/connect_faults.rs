//! F1, F2 and F4 around practices' own accounts: one account whatever happens, and what is said of one account changes
//! nothing of another.

use crate::crash::Machine;
use crate::neighbours::{deliver, register};
use crate::stage::{Stage, VISA, WEBHOOK_SECRET};
use futures::future::join_all;
use ids::PracticeId;
use proto::payments::v1::processor_account_service_client::ProcessorAccountServiceClient;
use proto::payments::v1::*;
use testkit::request_id;

impl Stage {
    /// The processor says that something happened on an account.
    async fn signed_event(&self, account: &str, kind: &str, object: (&str, &str)) {
        let (object_kind, object) = object;
        let body = format!(
            r#"{{"id":"evt_{}","object":"event","type":"{kind}","created":1772463600,"account":"{account}",
            "livemode":false,"data":{{"object":{{"id":"{object}","object":"{object_kind}"}}}}}}"#,
            request_id().replace('-', "")
        );
        let now = self.clock.now().as_second();
        let signature = stripe_sandbox::sign(WEBHOOK_SECRET, now, body.as_bytes());
        deliver(&self.url, "platform", &signature, body.as_bytes())
            .await
            .expect("received");
    }

    async fn forget_webhooks(&self) {
        sqlx::query("delete from payments.webhooks")
            .execute(self.db.owner_pool())
            .await
            .expect("none has come");
    }
}

#[tokio::test]
async fn f04_an_event_of_one_account_about_an_object_of_another_changes_nothing() {
    let mut stage = Stage::start().await;
    let first = stage.practice;
    let ones = stage.own_account().await;
    let second = PracticeId::new(&stage.clock);
    register(stage.db.pool(), second).await;
    stage.practice = second;
    let others = stage.own_account().await;
    stage.practice = first;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let unknown = stage.pay(bill, 4_000, VISA).await;
    assert_eq!(unknown.state(), PaymentState::Unknown);
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    stage.forget_webhooks().await;
    let intent = stage.intent_of(&unknown).await;
    let (kind, object) = ("payment_intent.succeeded", ("payment_intent", &*intent));
    stage.signed_event(&others, kind, object).await;
    stage.signed_event("acct_1Nobodys", kind, object).await;
    stage.process_webhooks().await;
    let after = stage.payment(&unknown).await;
    assert_eq!(after.state(), PaymentState::Unknown);
    assert_eq!(stage.webhooks_waiting().await, 0, "it is done with");
    stage.signed_event(&ones, kind, object).await;
    stage.process_webhooks().await;
    let after = stage.payment(&unknown).await;
    assert_eq!(after.state(), PaymentState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn f04_that_an_account_was_taken_away_is_asked_of_the_processor_first() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    let (kind, object) = (
        "account.application.deauthorized",
        ("application", "ca_1SandboxPlatform"),
    );
    stage.signed_event(&own, kind, object).await;
    stage.process_webhooks().await;
    let account = stage.account().await;
    assert_eq!(account.state(), ProcessorAccountState::Active);
    // Twenty at once of what is true are one.
    stage
        .command(
            &format!("accounts/{own}/deauthorize"),
            serde_json::json!({}),
        )
        .await;
    for _ in 0..20 {
        stage.signed_event(&own, kind, object).await;
    }
    stage.process_webhooks().await;
    let account = stage.account().await;
    assert_eq!(account.state(), ProcessorAccountState::Disconnected);
    // One about what the account may do, late, changes nothing any more.
    stage
        .signed_event(&own, "account.updated", ("account", &own))
        .await;
    stage.process_webhooks().await;
    let account = stage.account().await;
    assert_eq!(account.state(), ProcessorAccountState::Disconnected);
    let told = stage.announced("ProcessorAccountUpdated").await.len();
    assert_eq!(told, 3, "onboarding, active, disconnected");
    stage.finish().await;
}

#[tokio::test]
async fn f05_an_account_that_no_webhook_told_of_is_read_when_somebody_looks() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", serde_json::json!({ "plan": "drop" }))
        .await;
    let connected = stage.try_connect(stage.connect_request()).await;
    let account = connected.expect("connected").account.expect("an account");
    let own = account.processor_account;
    stage
        .command(&format!("accounts/{own}/onboard"), serde_json::json!({}))
        .await;
    assert_eq!(stage.online().await, (true, String::new()));
    let account = stage.account().await;
    assert_eq!(account.state(), ProcessorAccountState::Active);
    assert_eq!(stage.online().await, (true, own));
    stage.finish().await;
}

#[tokio::test]
async fn f02_whatever_happens_to_the_call_that_makes_an_account_there_is_one() {
    for fault in [
        "timeout",
        "timeout_after_work",
        "reset",
        "reset_after_work",
        "status=500",
        "status_after_work=500",
        "status=503",
        "status=409",
        "status=429",
        "garbage",
    ] {
        for pause in [1, 25 * 60] {
            let stage = Stage::start().await;
            stage.fault("/v1/accounts", fault).await;
            let request = stage.connect_request();
            let first = stage.try_connect(request.clone()).await;
            // The processor forgets keys after a day.
            stage.minutes(pause);
            let again = stage.try_connect(request).await.expect("connected");
            let another = stage.try_connect(stage.connect_request()).await;
            let another = another.expect("the same");
            assert_eq!(again.account, another.account, "{fault}");
            if let Ok(first) = first {
                assert_eq!(first.account, again.account, "{fault}");
            }
            assert_eq!(stage.connected_accounts().await, 1, "{fault} {pause}");
            stage.finish().await;
        }
    }
}

#[tokio::test]
async fn f06_whoever_connects_at_once_connects_one_account() {
    let stage = Stage::start().await;
    let asked = (0..8).map(|_| stage.try_connect(stage.connect_request()));
    let mut accounts: Vec<String> = join_all(asked)
        .await
        .into_iter()
        .map(|it| it.expect("connected").account.expect("an account"))
        .map(|it| it.processor_account)
        .collect();
    accounts.dedup();
    assert_eq!(accounts.len(), 1);
    assert_eq!(stage.connected_accounts().await, 1);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_crash_around_the_making_of_an_account_never_makes_two() {
    for place in [
        "after_connection",
        "before_create_account",
        "after_create_account",
        "after_create_account_commit",
    ] {
        let machine = Machine::start().await;
        let request = ConnectProcessorAccountRequest {
            practice_id: machine.practice.to_string(),
            request_id: request_id(),
            return_url: "https://office.example/settings".to_owned(),
            refresh_url: String::new(),
        };
        let mut doomed = machine.payments(Some(place)).await;
        let mut owner = ProcessorAccountServiceClient::new(machine.connection());
        let lost = owner.connect_processor_account(request.clone()).await;
        assert!(lost.is_err(), "{place}: it died");
        let status = doomed.wait().await.expect("it ends");
        assert!(!status.success(), "{place}: {status}");
        let mut reborn = machine.payments(None).await;
        let mut owner = ProcessorAccountServiceClient::new(machine.connection());
        let again = owner.connect_processor_account(request).await;
        let again = again.expect("connected").into_inner();
        assert!(!again.onboarding_url.is_empty(), "{place}");
        assert_eq!(machine.accounts().await, 1, "{place}");
        reborn.kill().await.expect("it is ended");
        machine.finish().await;
    }
}
