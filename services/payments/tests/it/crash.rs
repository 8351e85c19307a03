//! F1: the real program dies between two steps, is started again, and everything ends with one charge and one posting.

use crate::billing::{FakeBilling, bill_issued};
use crate::neighbours::{apply, gateway, register};
use crate::stage::{Client, VISA, sandbox, usd};
use crate::tokens;
use axum::routing::get;
use axum::{Json, Router};
use clock::Clock;
use ids::{BillId, ClientId, PracticeId};
use payments::work::Bills;
use payments::{MIGRATOR, SCHEMA};
use proto::billing::v1::PaymentKind;
use proto::payments::v1::*;
use proto::portal_auth::v1::sign_in_service_server::{SignInService, SignInServiceServer};
use proto::portal_auth::v1::{
    IssueServiceTokenRequest, IssueServiceTokenResponse, SignInGuestRequest, SignInGuestResponse,
    SignInStaffRequest, SignInStaffResponse,
};
use rpc::{Claims, Role, connect};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use testkit::{TestDatabase, eventually, request_id};
use tokio::process::{Child, Command};
use tonic::{Request, Response, Status};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program as a process of its own, and all it talks to.
pub struct Machine {
    pub db: TestDatabase,
    pub clock: Clock,
    pub practice: PracticeId,
    pub client: ClientId,
    pub billing: FakeBilling,
    sandbox: stripe_sandbox::Running,
    billing_server: testkit::Server,
    portal_auth: testkit::Server,
    jwks_url: String,
    port: u16,
    admin: u16,
}

impl Machine {
    pub async fn start() -> Self {
        let clock = Clock::system();
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let (practice, client) = (PracticeId::new(&clock), ClientId::new(&clock));
        register(db.pool(), practice).await;
        let billing = FakeBilling::new(clock.clone());
        let portal_auth = SignInServiceServer::new(FakePortalAuth(clock.clone()));
        let (port, admin) = (free_port(), free_port());
        let door = Arc::new(std::sync::OnceLock::new());
        door.set(format!("http://127.0.0.1:{port}"))
            .expect("the first");
        Self {
            db,
            practice,
            client,
            billing_server: billing.serve().await,
            billing,
            sandbox: sandbox(&clock, gateway(door).await).await,
            portal_auth: testkit::serve(tonic::service::Routes::new(portal_auth)).await,
            jwks_url: jwks().await,
            clock,
            port,
            admin,
        }
    }

    /// Starts payments, to die at a place or not at all.
    fn begin(&self, crash_at: Option<&str>) -> Child {
        let mut program = Command::new(env!("CARGO_BIN_EXE_payments"));
        program
            .env_clear()
            .env("DATABASE_URL", self.db.url())
            .env("PORTAL_AUTH_URL", self.portal_auth.url())
            .env("JWKS_URL", &self.jwks_url)
            .env("SERVICE_SECRET", "a secret of the story")
            .env("PAYMENTS_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("PAYMENTS_ADMIN", format!("127.0.0.1:{}", self.admin))
            .env("BILLING_URL", self.billing_server.url())
            .env("PAYMENTS_PROCESSOR_URL", self.sandbox.url())
            .env("PAYMENTS_PROCESSOR_KEY", "sk_test_sandbox")
            .env("PAYMENTS_WEBHOOK_SECRETS", crate::stage::WEBHOOK_SECRET)
            .env("PAYMENTS_PAGE_SECRET", "a page secret of the story")
            .env("PAYMENTS_RECONCILE_AFTER_MS", "300,300")
            .env("PAYMENTS_LEASE_MS", "600")
            .env("PAYMENTS_POLL_MS", "50")
            .env("DRAIN_NOTICE_MS", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(place) = crash_at {
            program.env("PAYMENTS_CRASH_AT", place);
        }
        program.spawn().expect("the program starts")
    }

    /// The same, and waits until it serves.
    pub async fn payments(&self, crash_at: Option<&str>) -> Child {
        let child = self.begin(crash_at);
        let ready = format!("http://127.0.0.1:{}/readyz", self.admin);
        eventually(PATIENCE, "payments is ready", || async {
            reqwest::get(&ready)
                .await
                .ok()?
                .status()
                .is_success()
                .then_some(())
        })
        .await;
        child
    }

    pub fn connection(&self) -> rpc::Connection {
        let practice = self.practice;
        let token = tokens::token(&self.clock, move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        });
        connect(&format!("http://127.0.0.1:{}", self.port), token).expect("a URL")
    }

    /// Accounts that are connected with the installation's.
    pub async fn accounts(&self) -> usize {
        let url = format!("{}/v1/accounts?limit=100", self.sandbox.url());
        let asked = reqwest::Client::new()
            .get(url)
            .bearer_auth("sk_test_sandbox");
        let page = asked.send().await.expect("an answer");
        let page: serde_json::Value = page.json().await.expect("JSON");
        page["data"].as_array().expect("a list").len()
    }

    fn owner(&self) -> Client {
        let practice = self.practice;
        let token = tokens::token(&self.clock, move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        });
        Client::new(connect(&format!("http://127.0.0.1:{}", self.port), token).expect("a URL"))
    }

    pub fn methods(&self) -> crate::wallet::Methods {
        let practice = self.practice;
        let token = tokens::token(&self.clock, move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        });
        let url = format!("http://127.0.0.1:{}", self.port);
        crate::wallet::Methods::new(connect(&url, token).expect("a URL"))
    }

    /// What the payer's browser does.
    pub async fn give(&self, client_secret: &str) {
        let (intent, _) = client_secret.split_once("_secret_").expect("a secret");
        let url = format!("{}/v1/setup_intents/{intent}/confirm", self.sandbox.url());
        let answer = reqwest::Client::new()
            .post(url)
            .bearer_auth("sk_test_sandbox")
            .header("idempotency-key", request_id())
            .form(&[("payment_method", VISA)])
            .send()
            .await;
        assert!(answer.expect("an answer").status().is_success());
    }

    /// Customers that the processor has.
    pub async fn customers(&self) -> i64 {
        let url = format!("{}/v1/customers?limit=100", self.sandbox.url());
        let asked = reqwest::Client::new()
            .get(url)
            .bearer_auth("sk_test_sandbox");
        let page = asked.send().await.expect("an answer");
        let page: serde_json::Value = page.json().await.expect("JSON");
        let count = page["data"].as_array().expect("a list").len();
        i64::try_from(count).expect("few")
    }

    async fn bill(&self, balance: i64) -> BillId {
        let bill = BillId::new(&self.clock);
        self.billing.issue(bill, self.client, balance);
        apply(
            self.db.pool(),
            &Bills,
            self.practice,
            &bill_issued(bill, self.client, balance),
        )
        .await;
        bill
    }

    fn pay_request(&self, bill: BillId) -> PayBillRequest {
        PayBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.to_string(),
            amount: Some(usd(4_000)),
            processor_method: VISA.to_owned(),
            ..PayBillRequest::default()
        }
    }

    /// A card of the client is on file and AutoPay is on, also for what is owed already.
    async fn card_on_file(&self) {
        let payments = crate::autopay_stage::Door {
            db: self.db.pool().clone(),
            clock: self.clock.clone(),
            processor: crate::stage::processor_at(&self.sandbox.url()),
        };
        let payer = payments::domain::payer::Payer::Client(self.client);
        let whose = (payer, self.client);
        crate::autopay_stage::on_file(&payments, self.practice, whose, VISA).await;
        self.change(
            "insert into payments.autopay_enrolments (
                practice_id, client_id, payer_kind, payer_id, turn_on_time, turned_on_by
            ) values ($1, $2, 'client', $2, $3::timestamptz, 'story')",
            &[self.client.uuid()],
        )
        .await;
    }

    /// Changes what is written, as the passing of days would: $1 is the practice, the last parameter is now.
    async fn change(&self, statement: &'static str, parameters: &[uuid::Uuid]) {
        let mut query = sqlx::query(statement).bind(self.practice.uuid());
        for parameter in parameters {
            query = query.bind(*parameter);
        }
        query
            .bind(self.clock.now().to_string())
            .execute(self.db.owner_pool())
            .await
            .expect("changed");
    }

    /// It is the hour of the practice's night.
    async fn night_comes(&self) {
        self.change(
            "insert into payments.autopay_settings (
                practice_id, enabled, run_hour, clients_may_turn_on, notice_days, move_window_days, move_reach_days,
                announce_all, update_time
            ) values ($1, true, 0, true, 3, 16, 16, false, $2::timestamptz)
            on conflict do nothing",
            &[],
        )
        .await;
        self.change(
            "insert into payments.autopay_queue (practice_id, run_date, due_time)
            values ($1, '2020-01-01', $2::timestamptz)
            on conflict on constraint autopay_queue_pkey do update
            set run_date = excluded.run_date, due_time = excluded.due_time",
            &[],
        )
        .await;
    }

    /// What was charged for these bills.
    async fn charged(&self, bills: &[BillId]) -> i64 {
        let ids: Vec<uuid::Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
        sqlx::query_scalar(
            "select coalesce(sum(part.amount_minor), 0)::bigint
            from payments.payment_allocations part
            join payments.payments payment on payment.payment_id = part.payment_id
            where payment.state = 'succeeded' and part.bill_id = any($1)",
        )
        .bind(ids)
        .fetch_one(self.db.owner_pool())
        .await
        .expect("summed")
    }

    /// Whoever had the night is known to be dead.
    async fn lease_ends(&self) {
        self.change(
            "update payments.autopay_queue set due_time = $2::timestamptz where practice_id = $1",
            &[],
        )
        .await;
    }

    async fn night_ends(&self) {
        eventually(PATIENCE, "the night is done", || async {
            let open: i64 = sqlx::query_scalar(
                "select count(*) from payments.autopay_runs where end_time is null",
            )
            .fetch_one(self.db.owner_pool())
            .await
            .expect("counted");
            (open == 0).then_some(())
        })
        .await;
    }

    /// The next one is another night of the same day: what was is put a year back, and billing's feed has come.
    async fn forget_night(&self) {
        self.change(
            "with moved as (
                insert into payments.autopay_runs (
                    practice_id, run_date, start_time, select_time, end_time, currency
                )
                select practice_id, (run_date - (interval '1 year' + (
                    select count(*) from payments.autopay_runs
                ) * interval '1 day'))::date, start_time, select_time, end_time, currency
                from payments.autopay_runs
                where practice_id = $1 and end_time > $2::timestamptz - interval '1 hour'
                order by run_date desc
                limit 1
                returning run_date
            )
            select run_date from moved",
            &[],
        )
        .await;
        self.change(
            "update payments.autopay_items item
            set run_date = (select min(run_date) from payments.autopay_runs)
            where practice_id = $1 and run_date = (select max(run_date) from payments.autopay_runs)
                and $2::timestamptz is not null",
            &[],
        )
        .await;
        self.change(
            "delete from payments.autopay_runs
            where practice_id = $1 and run_date = (select max(run_date) from payments.autopay_runs)
                and $2::timestamptz is not null",
            &[],
        )
        .await;
        self.change(
            "update payments.bills set status = 'paid', client_balance_minor = 0
            where practice_id = $1 and $2::timestamptz is not null",
            &[],
        )
        .await;
        self.change(
            "update payments.payments set posted = true
            where practice_id = $1 and $2::timestamptz is not null",
            &[],
        )
        .await;
    }

    /// Waits until nothing is on its way any more.
    pub async fn settled(&self) {
        eventually(PATIENCE, "everything is settled", || async {
            let count: i64 = sqlx::query_scalar("select count(*) from payments.unsettled")
                .fetch_one(self.db.owner_pool())
                .await
                .expect("counted");
            (count == 0).then_some(())
        })
        .await;
    }

    pub async fn finish(self) {
        let book = asked(&self.sandbox, "book").await;
        let requests = asked(&self.sandbox, "requests").await;
        crate::audit::audit(&self.db, &self.billing, &book, &requests).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_crash_at_any_step_of_a_charge_ends_with_one_charge_and_one_posting() {
    let machine = Machine::start().await;
    for place in [
        "after_intent",
        "after_hold",
        "before_create",
        "after_create",
        "after_create_commit",
        "before_confirm",
        "after_confirm",
        "after_settle",
    ] {
        let bill = machine.bill(4_000).await;
        let mut doomed = machine.payments(Some(place)).await;
        let request = machine.pay_request(bill);
        let lost = machine.owner().pay_bill(request.clone()).await;
        assert!(lost.is_err(), "{place}: it died");
        let status = doomed.wait().await.expect("it ends");
        assert!(!status.success(), "{place}: {status}");

        let mut reborn = machine.payments(None).await;
        machine.settled().await;
        let again = machine
            .owner()
            .pay_bill(request)
            .await
            .expect("the same payment")
            .into_inner();
        assert_eq!(
            again.payment.expect("a payment").state(),
            PaymentState::Succeeded,
            "{place}"
        );
        reborn.kill().await.expect("it is ended");
    }
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_crash_while_a_card_comes_on_file_ends_with_one_charge_and_one_card() {
    let machine = Machine::start().await;
    machine.billing.add_client(machine.client, &[]);
    for place in [
        "after_hold",
        "before_customer",
        "after_customer",
        "after_create",
        "after_confirm",
        "after_settle",
    ] {
        let (one, two) = (machine.bill(1_500).await, machine.bill(2_500).await);
        let mut doomed = machine.payments(Some(place)).await;
        let request = PayBalanceRequest {
            practice_id: machine.practice.to_string(),
            request_id: request_id(),
            client_id: machine.client.to_string(),
            amount: Some(usd(4_000)),
            bill_ids: vec![one.to_string(), two.to_string()],
            processor_method: VISA.to_owned(),
            save_method: true,
            ..PayBalanceRequest::default()
        };
        let lost = machine.owner().pay_balance(request.clone()).await;
        assert!(lost.is_err(), "{place}: it died");
        let status = doomed.wait().await.expect("it ends");
        assert!(!status.success(), "{place}: {status}");
        let mut reborn = machine.payments(None).await;
        machine.settled().await;
        let again = machine.owner().pay_balance(request).await;
        let again = again.expect("the same payment").into_inner().payment;
        let again = again.expect("a payment");
        assert_eq!(again.state(), PaymentState::Succeeded, "{place}");
        assert!(!again.method_id.is_empty(), "{place}: it is on file");
        // Who died before telling billing leaves that to the feed, which nobody follows here.
        let left = if place == "after_settle" {
            [1_500, 2_500]
        } else {
            [0, 0]
        };
        let balances = [one, two].map(|bill| machine.billing.balance(bill));
        assert_eq!(balances, left, "{place}");
        reborn.kill().await.expect("it is ended");
    }
    let cards: i64 = sqlx::query_scalar("select count(*) from payments.methods")
        .fetch_one(machine.db.owner_pool())
        .await
        .expect("counted");
    assert_eq!(cards, 1, "the same card each time");
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_payer_who_asks_again_after_a_crash_is_charged_once() {
    let machine = Machine::start().await;
    for place in ["after_create", "after_confirm"] {
        let bill = machine.bill(4_000).await;
        let mut doomed = machine.payments(Some(place)).await;
        let request = machine.pay_request(bill);
        machine
            .owner()
            .pay_bill(request.clone())
            .await
            .expect_err("it died");
        doomed.wait().await.expect("it ends");
        let mut reborn = machine.payments(None).await;
        let paid = eventually(PATIENCE, "the payment succeeds", || async {
            let answer = machine.owner().pay_bill(request.clone()).await.ok()?;
            answer
                .into_inner()
                .payment
                .filter(|paid| paid.state() == PaymentState::Succeeded)
        });
        paid.await;
        machine.settled().await;
        reborn.kill().await.expect("it is ended");
    }
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_crash_around_a_refund_gives_back_once() {
    let machine = Machine::start().await;
    for place in [
        "after_refund_intent",
        "before_refund",
        "after_refund",
        "after_settle_refund",
    ] {
        let bill = machine.bill(4_000).await;
        let mut doomed = machine.payments(Some(place)).await;
        let paid = machine
            .owner()
            .pay_bill(machine.pay_request(bill))
            .await
            .expect("paid")
            .into_inner();
        let request = RefundPaymentRequest {
            practice_id: machine.practice.to_string(),
            request_id: request_id(),
            payment_id: paid.payment.expect("a payment").payment_id,
            amount: Some(usd(1_000)),
            reason: "paid twice".to_owned(),
            to_credit: false,
        };
        machine
            .owner()
            .refund_payment(request.clone())
            .await
            .expect_err("it died");
        doomed.wait().await.expect("it ends");
        let mut reborn = machine.payments(None).await;
        machine.settled().await;
        let again = machine
            .owner()
            .refund_payment(request)
            .await
            .expect("the same refund")
            .into_inner();
        assert_eq!(
            again.refund.expect("a refund").state(),
            RefundState::Succeeded,
            "{place}"
        );
        reborn.kill().await.expect("it is ended");
    }
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_an_offline_payment_survives_a_crash_before_it_is_booked() {
    let machine = Machine::start().await;
    let bill = machine.bill(4_000).await;
    let mut doomed = machine.payments(Some("after_record")).await;
    let request = RecordPaymentRequest {
        practice_id: machine.practice.to_string(),
        request_id: request_id(),
        client_id: machine.client.to_string(),
        kind: PaymentKind::Check.into(),
        check_number: "1042".to_owned(),
        amount: Some(usd(4_000)),
        allocations: vec![proto::billing::v1::Allocation {
            bill_id: bill.to_string(),
            amount: Some(usd(4_000)),
        }],
        ..RecordPaymentRequest::default()
    };
    machine
        .owner()
        .record_payment(request.clone())
        .await
        .expect_err("it died");
    doomed.wait().await.expect("it ends");
    assert_eq!(machine.billing.balance(bill), 4_000, "nobody told billing");
    let mut reborn = machine.payments(None).await;
    machine
        .owner()
        .record_payment(request)
        .await
        .expect("the same payment");
    reborn.kill().await.expect("it is ended");
    // The feed has it: `finish` posts from there, as billing does.
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_night_of_autopay_that_dies_anywhere_charges_each_bill_once() {
    let machine = Machine::start().await;
    machine.card_on_file().await;
    for place in [
        "autopay_selected",
        "autopay_credit_asked",
        "autopay_credited",
        "autopay_started",
        "after_hold",
        "before_create",
        "after_create",
        "after_create_commit",
        "before_confirm",
        "after_confirm",
        "after_settle",
        "autopay_charged",
    ] {
        let mut bills = Vec::new();
        for _ in 0..3 {
            bills.push(machine.bill(4_000).await);
        }
        // Enough for a bill and a half.
        machine.billing.books().credit = 6_000;
        machine.night_comes().await;
        // It may die before it serves.
        let mut doomed = machine.begin(Some(place));
        let status = tokio::time::timeout(PATIENCE, doomed.wait()).await;
        let status = status
            .unwrap_or_else(|_| panic!("{place}: it dies"))
            .expect("it ends");
        assert!(!status.success(), "{place}: {status}");

        machine.lease_ends().await;
        let mut reborn = machine.payments(None).await;
        machine.night_ends().await;
        machine.settled().await;
        // What was settled right before the death is booked by the feed: `finish` does what billing does with it.
        let charged = machine.charged(&bills).await;
        assert_eq!(
            charged,
            3 * 4_000 - 6_000,
            "{place}: once each, and no more"
        );
        let credit = machine.billing.books().credit;
        assert_eq!(
            credit, 0,
            "{place}: credit was used, and no payment was too much"
        );
        reborn.kill().await.expect("it is ended");
        machine.forget_night().await;
    }
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f02_a_night_stays_below_the_processors_rate() {
    let machine = Machine::start().await;
    machine.card_on_file().await;
    let mut bills = Vec::new();
    for _ in 0..45 {
        bills.push(machine.bill(4_000).await);
    }
    machine.night_comes().await;
    let mut first = machine.payments(None).await;
    eventually(Duration::from_secs(60), "all are paid", || async {
        let left: i64 = bills
            .iter()
            .map(|bill| machine.billing.balance(*bill))
            .sum();
        (left == 0).then_some(())
    })
    .await;
    machine.settled().await;
    first.kill().await.expect("it is ended");
    let requests = asked(&machine.sandbox, "requests").await;
    let mut seconds = std::collections::BTreeMap::new();
    for request in requests["requests"].as_array().expect("requests") {
        let path = request["path"].as_str().unwrap_or_default();
        if path.starts_with("/v1/payment_intents") {
            *seconds.entry(request["time"].as_i64()).or_insert(0) += 1;
        }
    }
    let most = seconds.values().max().copied().unwrap_or(0);
    assert!((1..=25).contains(&most), "{seconds:?}");
    machine.finish().await;
}

/// Killed while many payments share transactions: what was acknowledged is there, and what was not is wholly there or
/// not at all; asked again, each is recorded once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "a story from its beginning to its end"
)]
async fn f01_payments_that_shared_a_transaction_survive_kill_9_when_they_were_acknowledged() {
    let machine = Machine::start().await;
    let bill = machine.bill(1_000_000).await;
    let cash = |amount: i64| RecordPaymentRequest {
        practice_id: machine.practice.to_string(),
        request_id: request_id(),
        client_id: machine.client.to_string(),
        kind: PaymentKind::Cash.into(),
        amount: Some(usd(amount)),
        allocations: vec![proto::billing::v1::Allocation {
            bill_id: bill.to_string(),
            amount: Some(usd(amount)),
        }],
        ..RecordPaymentRequest::default()
    };
    let mut asked = Vec::new();
    let mut acknowledged = std::collections::BTreeMap::new();
    for round in 1..=4_u64 {
        let mut doomed = machine.payments(None).await;
        let owner = machine.owner();
        let mut callers = tokio::task::JoinSet::new();
        for at in 0..150 {
            let request = cash(100 + at);
            asked.push(request.clone());
            let mut owner = owner.clone();
            callers.spawn(async move {
                let id = request.request_id.clone();
                (id, owner.record_payment(request).await)
            });
        }
        // As many answers as the round says, then the power is gone.
        let mut answers = Vec::new();
        for _ in 0..round * 12 {
            answers.extend(callers.join_next().await);
        }
        doomed.kill().await.expect("killed");
        while let Some(answer) = callers.join_next().await {
            answers.push(answer);
        }
        for answer in answers {
            let (id, answer) = answer.expect("a task");
            if let Ok(answer) = answer {
                let paid = answer.into_inner().payment.expect("a payment");
                acknowledged.insert(id, paid.payment_id);
            }
        }
    }
    assert!(acknowledged.len() < asked.len(), "it died in the middle");
    let shared: i64 =
        sqlx::query_scalar("select count(*) - count(distinct xmin::text) from payments.payments")
            .fetch_one(machine.db.owner_pool())
            .await
            .expect("counted");
    assert!(shared > 0, "some shared a transaction");

    let mut reborn = machine.payments(None).await;
    let mut ids = std::collections::BTreeSet::new();
    for request in asked {
        let id = request.request_id.clone();
        let again = machine.owner().record_payment(request).await;
        let paid = again.expect("recorded").into_inner().payment;
        let paid = paid.expect("a payment").payment_id;
        if let Some(first) = acknowledged.get(&id) {
            assert_eq!(*first, paid, "an acknowledged payment is the same");
        }
        ids.insert(paid);
    }
    assert_eq!(ids.len(), 600);
    let count: i64 = sqlx::query_scalar("select count(*) from payments.payments")
        .fetch_one(machine.db.owner_pool())
        .await
        .expect("counted");
    assert_eq!(count, 600);
    reborn.kill().await.expect("it is ended");
    machine.finish().await;
}

/// Gives tokens to whoever asks.
struct FakePortalAuth(Clock);

#[tonic::async_trait]
impl SignInService for FakePortalAuth {
    async fn issue_service_token(
        &self,
        _: Request<IssueServiceTokenRequest>,
    ) -> Result<Response<IssueServiceTokenResponse>, Status> {
        let claims = tokens::claims(&self.0);
        let end = jiff::Timestamp::from_second(claims.exp).expect("an instant");
        let claims = Claims {
            sub: "service:payments".to_owned(),
            role: Role::Service,
            ..claims
        };
        Ok(Response::new(IssueServiceTokenResponse {
            access_token: tokens::sign(&claims),
            expire_time: Some(rpc::wire::time(end)),
        }))
    }

    async fn sign_in_staff(
        &self,
        _: Request<SignInStaffRequest>,
    ) -> Result<Response<SignInStaffResponse>, Status> {
        Err(Status::unimplemented("payments does not call this"))
    }

    async fn sign_in_guest(
        &self,
        _: Request<SignInGuestRequest>,
    ) -> Result<Response<SignInGuestResponse>, Status> {
        Err(Status::unimplemented("payments does not call this"))
    }
}

async fn jwks() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/jwks.json", listener.local_addr().expect("bound"));
    let router = Router::new().route("/jwks.json", get(|| async { Json(tokens::keys()) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn asked(sandbox: &stripe_sandbox::Running, path: &str) -> serde_json::Value {
    let url = format!("{}/_sandbox/{path}", sandbox.url());
    reqwest::get(url)
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON")
}

/// Below those that the system gives to connections: nobody's connection takes the port of a program that has died before
/// it is born again.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 9_000).unwrap_or(0);
    let mut ports =
        (0..500).map(|_| 10_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_000);
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(free).expect("a free port")
}
