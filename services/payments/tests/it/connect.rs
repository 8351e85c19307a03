//! R30: a practice connects an account of its own at the processor.

use crate::stage::{Stage, VISA, reason};
use ids::BillId;
use prost::Message as _;
use proto::payments::v1::processor_account_service_client::ProcessorAccountServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection, Role};
use serde_json::json;
use testkit::request_id;
use tonic::{Code, Status};

impl Stage {
    pub fn connect_request(&self) -> ConnectProcessorAccountRequest {
        ConnectProcessorAccountRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            return_url: "https://office.example/settings".to_owned(),
            refresh_url: String::new(),
        }
    }

    pub async fn try_connect(
        &self,
        request: ConnectProcessorAccountRequest,
    ) -> Result<ConnectProcessorAccountResponse, Status> {
        let mut owner = self.accounts(Role::Owner);
        Ok(owner.connect_processor_account(request).await?.into_inner())
    }

    /// What the processor has told by now of accounts is taken in.
    pub async fn told_of_accounts(&self, kind: &str, count: i64) {
        self.webhooks_came(kind, count).await;
        self.process_webhooks().await;
    }

    /// How many times the processor has told of accounts that were changed.
    async fn updates(&self) -> i64 {
        sqlx::query_scalar(
            "select count(*) from payments.webhooks where event_kind = 'account.updated'",
        )
        .fetch_one(self.db.owner_pool())
        .await
        .expect("counted")
    }

    /// The processor looks at an account again.
    pub async fn judged(&self, account: &str, capability: serde_json::Value) {
        let before = self.updates().await;
        self.command(&format!("account?account={account}"), capability)
            .await;
        self.told_of_accounts("account.updated", before + 1).await;
    }

    /// An account of the practice's own that takes charges.
    pub async fn own_account(&self) -> String {
        let connected = self.try_connect(self.connect_request()).await;
        let account = connected.expect("connected").account.expect("an account");
        let before = self.updates().await;
        let account = account.processor_account;
        self.command(&format!("accounts/{account}/onboard"), json!({}))
            .await;
        self.told_of_accounts("account.updated", before + 1).await;
        account
    }

    /// The same while no webhook comes: somebody looks.
    pub async fn own_account_without_news(&self) -> String {
        let connected = self.try_connect(self.connect_request()).await;
        let account = connected.expect("connected").account.expect("an account");
        let account = account.processor_account;
        self.command(&format!("accounts/{account}/onboard"), json!({}))
            .await;
        let shown = self.account().await;
        assert_eq!(shown.charged_account, account);
        account
    }

    fn guests_accounts(&self) -> ProcessorAccountServiceClient<Connection> {
        let (practice, bill) = (self.practice, BillId::new(&self.clock));
        ProcessorAccountServiceClient::new(self.connection(move |claims| Claims {
            sub: format!("guest:{bill}"),
            role: Role::Guest,
            practice_id: Some(practice.to_string()),
            bill_id: Some(bill.to_string()),
            ..claims
        }))
    }

    /// What a payer's browser asks.
    pub async fn online(&self) -> (bool, String) {
        let request = GetOnlinePaymentsRequest {
            practice_id: self.practice.to_string(),
        };
        let answer = self.guests_accounts().get_online_payments(request).await;
        let online = answer.expect("read").into_inner();
        (online.enabled, online.processor_account)
    }

    /// Accounts at the processor that are connected with the installation's.
    pub async fn connected_accounts(&self) -> usize {
        let url = format!("{}/v1/accounts?limit=100", self.sandbox.url());
        let asked = reqwest::Client::new()
            .get(url)
            .bearer_auth("sk_test_sandbox");
        let page = asked.send().await.expect("an answer");
        let page: serde_json::Value = page.json().await.expect("JSON");
        page["data"].as_array().expect("a list").len()
    }
}

#[tokio::test]
async fn r30_a_practice_connects_an_account_of_its_own_and_is_paid_on_it_once_it_takes_charges() {
    let stage = Stage::start().await;
    assert!(!stage.account().await.own);
    let request = stage.connect_request();
    let first = stage.try_connect(request.clone()).await.expect("connected");
    let account = first.account.clone().expect("an account");
    assert_eq!(account.state(), ProcessorAccountState::Onboarding);
    assert!(account.own && !account.charges_enabled && !account.details_submitted);
    assert!(!account.requirements_due.is_empty());
    // Until it takes charges the installation's does.
    assert_eq!(account.charged_account, "acct_1SandboxPlatform");
    assert_eq!(stage.online().await, (true, String::new()));
    let bill = stage.bill(1_000).await;
    let before = stage.pay(bill, 1_000, VISA).await;
    assert_eq!(before.processor_account, "");

    // Again is the same account with a fresh link, whoever asks.
    let again = stage.try_connect(request).await.expect("the same");
    let other = stage.try_connect(stage.connect_request()).await;
    let other = other.expect("the same");
    for repeat in [&again, &other] {
        assert_eq!(repeat.account, first.account);
        assert_ne!(repeat.onboarding_url, first.onboarding_url);
        assert!(repeat.expire_time.is_some());
    }
    assert_eq!(stage.connected_accounts().await, 1);

    // Its owner answers what the processor asks, on the processor's page.
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a browser");
    let click = browser.post(&other.onboarding_url);
    let back = click.form(&[("outcome", "finished")]).send().await;
    let back = back.expect("sent back");
    assert_eq!(
        back.headers()["location"],
        "https://office.example/settings"
    );
    stage.told_of_accounts("account.updated", 1).await;
    assert_eq!(
        stage.online().await,
        (true, account.processor_account.clone())
    );
    let shown = stage.account().await;
    assert_eq!(shown.state(), ProcessorAccountState::Active);
    assert_eq!(shown.charged_account, shown.processor_account);
    assert!(shown.payouts_enabled && shown.requirements_due.is_empty());

    let bill = stage.bill(2_000).await;
    let after = stage.pay(bill, 2_000, VISA).await;
    assert_eq!(after.processor_account, account.processor_account);
    let told = stage.announced("ProcessorAccountUpdated").await;
    let told = told.iter().map(|it| ProcessorAccountUpdated::decode(&**it));
    let states: Vec<_> = told.map(|it| it.expect("an event").state()).collect();
    assert_eq!(
        states,
        [
            ProcessorAccountState::Onboarding,
            ProcessorAccountState::Active
        ]
    );
    stage.finish().await;
}

#[tokio::test]
async fn r30_only_the_owner_connects_and_browsers_come_back_to_safe_pages_only() {
    let stage = Stage::start().await;
    let request = stage.connect_request();
    let client = stage.payer(stage.client, None);
    for mut others in [
        stage.accounts(Role::Biller),
        stage.guests_accounts(),
        ProcessorAccountServiceClient::new(client),
    ] {
        let refused = others.connect_processor_account(request.clone()).await;
        assert_eq!(refused.expect_err("refused").code(), Code::PermissionDenied);
    }
    for url in [
        "http://office.example/",
        "javascript:alert(1)",
        "https://a@office.example",
    ] {
        for (return_url, refresh_url) in [
            (url, "https://office.example"),
            ("https://office.example", url),
        ] {
            let unsafe_page = ConnectProcessorAccountRequest {
                return_url: return_url.to_owned(),
                refresh_url: refresh_url.to_owned(),
                ..stage.connect_request()
            };
            let refused = stage.try_connect(unsafe_page).await;
            assert_eq!(reason(refused), "INVALID_FIELD", "{url}");
        }
    }
    assert_eq!(stage.connected_accounts().await, 0);
    stage.try_connect(request.clone()).await.expect("connected");
    let elsewhere = ConnectProcessorAccountRequest {
        return_url: "http://localhost:5173/".to_owned(),
        ..request
    };
    let reused = stage.try_connect(elsewhere.clone()).await;
    assert_eq!(reason(reused), "REQUEST_ID_REUSED");
    let local = ConnectProcessorAccountRequest {
        request_id: request_id(),
        ..elsewhere
    };
    stage.try_connect(local).await.expect("the same machine");
    stage.finish().await;
}

#[tokio::test]
async fn r30_an_installation_may_demand_an_account_of_the_practices_own() {
    let stage = Stage::start_with(|payments| payments.own_account_required = true).await;
    assert_eq!(stage.online().await, (false, String::new()));
    let bill = stage.bill(4_000).await;
    let refused = stage.try_pay(stage.pay_request(bill, 4_000, VISA)).await;
    assert_eq!(reason(refused), "ACCOUNT_NOT_CONNECTED");
    let wallet = stage.wallet();
    let refused = wallet.begin(wallet.request()).await;
    assert_eq!(reason(refused), "ACCOUNT_NOT_CONNECTED");
    let mut owner = stage.accounts(Role::Owner);
    let on = owner.set_online_payments(stage.switch(true)).await;
    assert_eq!(reason(on), "ACCOUNT_NOT_CONNECTED");
    assert_eq!(stage.account().await.charged_account, "");

    let connected = stage.try_connect(stage.connect_request()).await;
    let account = connected.expect("connected").account.expect("an account");
    assert_eq!(account.charged_account, "");
    let refused = stage.try_pay(stage.pay_request(bill, 4_000, VISA)).await;
    assert_eq!(reason(refused), "CHARGES_NOT_ENABLED");
    let own = stage.own_account().await;
    assert_eq!(own, account.processor_account);
    let paid = stage.pay(bill, 4_000, VISA).await;
    assert_eq!(paid.processor_account, own);
    stage.finish().await;
}

#[tokio::test]
async fn r30_what_the_processor_forbids_an_account_is_refused_until_it_allows_it_again() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    stage.card_on_file_of(&own).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    let forbidden = json!({
        "charges_enabled": false, "requirements_due": ["external_account"], "disabled_reason": "requirements.past_due"
    });
    stage.judged(&own, forbidden).await;
    let shown = stage.account().await;
    assert_eq!(shown.state(), ProcessorAccountState::Restricted);
    assert_eq!(shown.disabled_reason, "requirements.past_due");
    assert!(shown.online_payments, "the practice's own switch stays");
    assert_eq!(stage.online().await, (false, String::new()));
    let refused = stage.try_pay(stage.pay_request(bill, 4_000, VISA)).await;
    assert_eq!(reason(refused), "CHARGES_NOT_ENABLED");
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, bill).await,
        (AutoPayOutcome::Skipped, AutoPaySkipReason::NoAccount)
    );
    let mut owner = stage.accounts(Role::Owner);
    owner
        .set_online_payments(stage.switch(false))
        .await
        .expect("off");
    let on = owner.set_online_payments(stage.switch(true)).await;
    assert_eq!(reason(on), "CHARGES_NOT_ENABLED");
    let told = stage.announced("ProcessorAccountUpdated").await;
    let told = ProcessorAccountUpdated::decode(&**told.last().expect("one")).expect("an event");
    assert_eq!(
        (told.previous_state(), told.state(), told.method_count),
        (
            ProcessorAccountState::Active,
            ProcessorAccountState::Restricted,
            1
        )
    );
    stage.judged(&own, json!({})).await;
    owner
        .set_online_payments(stage.switch(true))
        .await
        .expect("on");
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, bill).await.0,
        AutoPayOutcome::Charged,
        "it is as before"
    );
    stage.finish().await;
}

#[tokio::test]
async fn r30_from_an_account_that_was_taken_away_nothing_is_charged_and_another_takes_its_place() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    let (paid_bill, debited) = (stage.bill(4_000).await, stage.bill(3_000).await);
    let paid = stage.pay(paid_bill, 4_000, VISA).await;
    let debit = stage
        .pay(debited, 3_000, "pm_usBankAccount_processing")
        .await;
    assert_eq!(debit.state(), PaymentState::Processing);
    let wallet = stage.wallet();
    let setup = wallet.begin(wallet.request()).await.expect("begun");
    stage
        .command(&format!("accounts/{own}/deauthorize"), json!({}))
        .await;
    stage
        .told_of_accounts("account.application.deauthorized", 1)
        .await;
    let shown = stage.account().await;
    assert_eq!(shown.state(), ProcessorAccountState::Disconnected);
    assert_eq!((shown.left_open_count, &*shown.charged_account), (1, ""));
    assert_eq!(stage.online().await, (false, String::new()));
    let bill = stage.bill(1_000).await;
    let refused = stage.try_pay(stage.pay_request(bill, 1_000, VISA)).await;
    assert_eq!(reason(refused), "ACCOUNT_DISCONNECTED");
    let refused = stage.refund(&paid, 500, false).await;
    assert_eq!(reason(refused), "ACCOUNT_DISCONNECTED");
    stage.refund(&paid, 500, true).await.expect("as credit");
    let over = wallet.finish(&setup).await.expect("as it stands");
    assert_eq!(over.state(), MethodSetupState::Cancelled);
    // What is under way there is not known to have ended: people have to look.
    stage.minutes(60);
    stage.reconcile().await;
    let left = stage.payment(&debit).await;
    assert_eq!(left.state(), PaymentState::Processing);

    let next = stage.own_account().await;
    assert_ne!(next, own);
    let paid = stage.pay(bill, 1_000, VISA).await;
    assert_eq!(paid.processor_account, next);
    let shown = stage.account().await;
    assert_eq!(
        (shown.state(), shown.processor_account),
        (ProcessorAccountState::Active, next)
    );
    stage.finish().await;
}
