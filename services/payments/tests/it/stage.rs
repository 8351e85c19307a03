use crate::billing::{FakeBilling, bill_issued};
use crate::neighbours::{apply, gateway, register};
use crate::tokens;
use clock::Clock;
use ids::{BillId, ClientId, ContactId, PracticeId};
use payments::ops::Recordings;
use payments::rpc::billing::Billing;
use payments::work::{Bills, process_webhooks_due, reconcile_due};
use payments::{MIGRATOR, Payments, SCHEMA, Timing, routes};
use pg::PageKey;
use pg::feed::Feed;
use processor::Processor;
use proto::money::v1::Money;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::*;
use rpc::{
    Claims, Connection, Keys, Limits, Role, ServeConfig, Server, ServiceToken, Verifier, connect,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use testkit::{TestDatabase, eventually, request_id};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic_types::StatusExt as _;

/// When every story begins: a Monday morning in New York.
const MORNING: &str = "2026-03-02T15:00:00Z";
pub const VISA: &str = "pm_card_visa";
pub const WEBHOOK_SECRET: &str = "whsec_story";
/// Being replaced; the processor still signs with the other.
pub const NEXT_WEBHOOK_SECRET: &str = "whsec_next";

pub type Client = PaymentServiceClient<Connection>;

/// Another process of payments, and somebody who calls it.
pub struct Replica {
    pub owner: Client,
    pub stop: CancellationToken,
    pub server: JoinHandle<()>,
}

/// payments in this process with one practice; the sandbox and billing's stand-in beside it.
pub struct Stage {
    pub db: TestDatabase,
    pub clock: Clock,
    pub practice: PracticeId,
    pub client: ClientId,
    pub billing: FakeBilling,
    pub payments: Payments,
    pub url: String,
    pub sandbox: stripe_sandbox::Running,
    _billing_server: testkit::Server,
    stop: CancellationToken,
}

impl Stage {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With other settings.
    pub async fn start_with(change: impl FnOnce(&mut Payments)) -> Self {
        let clock = Clock::fixed(MORNING.parse().expect("an instant"));
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let billing = FakeBilling::new(clock.clone());
        let billing_server = billing.serve().await;
        let door = Arc::new(OnceLock::new());
        let sandbox = sandbox(&clock, gateway(door.clone()).await).await;
        let mut payments = Payments {
            db: db.pool().clone(),
            clock: clock.clone(),
            page_key: PageKey::new(&[7; 32]),
            processor: processor_at(&sandbox.url()),
            own_account_required: false,
            recordings: Recordings::default(),
            billing: Billing::new(
                connect(&billing_server.url(), ServiceToken::none()).expect("a URL"),
            ),
            webhook_secrets: [NEXT_WEBHOOK_SECRET, WEBHOOK_SECRET]
                .map(SecretString::from)
                .into(),
            dashboard_url: "https://dashboard.stripe.com/test/payments/".into(),
            timing: Timing::default(),
            webhook_came: Arc::default(),
        };
        change(&mut payments);
        let stop = CancellationToken::new();
        let (url, _) = serve(&payments, stop.clone()).await;
        door.set(url.clone()).expect("the first");
        let practice = PracticeId::new(&clock);
        let client = ClientId::new(&clock);
        register(db.pool(), practice).await;
        Self {
            db,
            clock,
            practice,
            client,
            billing,
            payments,
            url,
            sandbox,
            _billing_server: billing_server,
            stop,
        }
    }

    /// Another process of payments on the same database, with connections of its own.
    pub async fn replica(&self) -> Replica {
        let config = pg::PgConfig::new(self.db.url());
        let payments = Payments {
            db: pg::connect(&config, SCHEMA).await.expect("connections"),
            recordings: Recordings::default(),
            ..self.payments.clone()
        };
        let stop = self.stop.child_token();
        let (url, server) = serve(&payments, stop.clone()).await;
        let practice = self.practice;
        let token = tokens::token(&self.clock, move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        });
        Replica {
            owner: Client::new(connect(&url, token).expect("a URL")),
            stop,
            server,
        }
    }

    /// A bill of the stage's client, which billing's feed has told of.
    pub async fn bill(&self, balance: i64) -> BillId {
        let bill = self.untold_bill(balance);
        let issued = bill_issued(bill, self.client, balance);
        apply(self.db.pool(), &Bills, self.practice, &issued).await;
        bill
    }

    /// A bill that billing's feed has not told of yet.
    pub fn untold_bill(&self, balance: i64) -> BillId {
        let bill = BillId::new(&self.clock);
        self.billing.issue(bill, self.client, balance);
        bill
    }

    pub fn connection(
        &self,
        change: impl Fn(Claims) -> Claims + Send + Sync + 'static,
    ) -> Connection {
        connect(&self.url, tokens::token(&self.clock, change)).expect("a URL")
    }

    pub fn owner(&self) -> Client {
        self.owner_of(self.practice)
    }

    pub fn owner_of(&self, practice: PracticeId) -> Client {
        Client::new(self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    /// The client, or a contact of theirs, signed in.
    pub fn payer(&self, client: ClientId, contact: Option<ContactId>) -> Connection {
        let practice = self.practice;
        self.connection(move |claims| Claims {
            role: if contact.is_some() {
                Role::Contact
            } else {
                Role::Client
            },
            practice_id: Some(practice.to_string()),
            client_ids: vec![client.to_string()],
            contact_id: contact.map(|id| id.to_string()),
            ..claims
        })
    }

    pub fn guest(&self, bill: BillId) -> Client {
        let practice = self.practice;
        Client::new(self.connection(move |claims| Claims {
            sub: format!("guest:{bill}"),
            role: Role::Guest,
            practice_id: Some(practice.to_string()),
            bill_id: Some(bill.to_string()),
            ..claims
        }))
    }

    pub fn pay_request(&self, bill: BillId, amount: i64, method: &str) -> PayBillRequest {
        PayBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.to_string(),
            amount: Some(usd(amount)),
            processor_method: method.to_owned(),
            ..PayBillRequest::default()
        }
    }

    /// billing knows the stage's client, who has no contacts unless a story has said so.
    pub fn known_client(&self) {
        let mut books = self.billing.books();
        books.people.entry(self.client.to_string()).or_default();
    }

    /// Signed in to the portal: the client, or a contact, who sees the stage's client.
    pub fn portal(&self, role: Role) -> Client {
        let (practice, client) = (self.practice, self.client);
        Client::new(self.connection(move |claims| Claims {
            role,
            practice_id: Some(practice.to_string()),
            client_ids: vec![client.to_string()],
            ..claims
        }))
    }

    pub fn balance_request(&self, amount: i64, method: &str) -> PayBalanceRequest {
        PayBalanceRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            amount: Some(usd(amount)),
            processor_method: method.to_owned(),
            ..PayBalanceRequest::default()
        }
    }

    pub async fn try_pay_balance(&self, request: PayBalanceRequest) -> Result<Payment, Status> {
        let answer = self.portal(Role::Client).pay_balance(request).await?;
        Ok(answer.into_inner().payment.expect("a payment"))
    }

    /// A bill of the stage's client that is due on this day of March.
    pub fn bill_due(&self, balance: i64, day: i32) -> BillId {
        let bill = BillId::new(&self.clock);
        self.billing.issue_due(bill, self.client, (balance, day));
        bill
    }

    pub async fn try_pay(&self, request: PayBillRequest) -> Result<Payment, Status> {
        let bill = request.bill_id.parse().expect("a bill's id");
        let answer = self.guest(bill).pay_bill(request).await?;
        Ok(answer.into_inner().payment.expect("a payment"))
    }

    pub async fn pay(&self, bill: BillId, amount: i64, method: &str) -> Payment {
        self.try_pay(self.pay_request(bill, amount, method))
            .await
            .expect("an answer")
    }

    pub async fn payment(&self, payment: &Payment) -> Payment {
        let request = GetPaymentRequest {
            practice_id: self.practice.to_string(),
            payment_id: payment.payment_id.clone(),
        };
        let answer = self.owner().get_payment(request).await.expect("read");
        answer.into_inner().payment.expect("a payment")
    }

    pub async fn refund(
        &self,
        payment: &Payment,
        amount: i64,
        to_credit: bool,
    ) -> Result<RefundPaymentResponse, Status> {
        let request = RefundPaymentRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            payment_id: payment.payment_id.clone(),
            amount: Some(usd(amount)),
            reason: "paid twice".to_owned(),
            to_credit,
        };
        Ok(self.owner().refund_payment(request).await?.into_inner())
    }

    /// The processor's object, as the dashboard's address names it to the practice.
    pub async fn intent_of(&self, payment: &Payment) -> String {
        let seen = self.payment(payment).await;
        let intent = seen.processor_url.rsplit('/').next();
        intent.expect("an id").to_owned()
    }

    /// Lets time pass.
    pub fn minutes(&self, minutes: i64) {
        self.clock.advance(jiff::SignedDuration::from_mins(minutes));
    }

    pub async fn reconcile(&self) -> usize {
        reconcile_due(&self.payments)
            .await
            .expect("the queue is read")
    }

    pub async fn process_webhooks(&self) -> usize {
        process_webhooks_due(&self.payments)
            .await
            .expect("the inbox is read")
    }

    /// Waits until so many webhooks of this kind are in the inbox.
    pub async fn webhooks_came(&self, kind: &str, count: i64) {
        let what = format!("{count} × {kind}");
        eventually(Duration::from_secs(10), &what, || async {
            let found: i64 =
                sqlx::query_scalar("select count(*) from payments.webhooks where event_kind = $1")
                    .bind(kind)
                    .fetch_one(self.db.owner_pool())
                    .await
                    .expect("counted");
            (found >= count).then_some(())
        })
        .await;
    }

    pub async fn webhooks_waiting(&self) -> i64 {
        sqlx::query_scalar("select count(*) from payments.webhooks where process_time is null")
            .fetch_one(self.db.owner_pool())
            .await
            .expect("counted")
    }

    /// Makes the next request whose path fits fail; the words are the sandbox's.
    pub async fn fault(&self, path: &str, kind: &str) {
        let rule = json!({ "match": { "method": "POST", "path": path }, "kind": kind });
        self.command("faults", rule).await;
    }

    pub async fn command(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        let answer = reqwest::Client::new()
            .post(url)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn asked(&self, path: &str) -> Value {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        reqwest::get(url)
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }

    /// Holds everything against everything, and ends.
    pub async fn finish(self) {
        self.finish_despite_key("").await;
    }

    /// The same, when the story itself sent something else under this key.
    pub async fn finish_despite_key(self, key: &str) {
        let book = self.asked("book").await;
        let mut requests = self.asked("requests").await;
        let log = requests["requests"].as_array_mut().expect("requests");
        log.retain(|request| request["idempotency_key"] != key);
        crate::audit::audit(&self.db, &self.billing, &book, &requests).await;
        self.stop.cancel();
    }
}

pub fn processor_at(url: &str) -> Processor {
    let key = SecretString::from("sk_test_sandbox");
    let processor = Processor::new(Some(url), &key, None).expect("a configuration");
    processor.with_timeout(Duration::from_millis(700))
}

pub async fn sandbox(clock: &Clock, webhook_url: String) -> stripe_sandbox::Running {
    let config = stripe_sandbox::Config {
        webhook: Some(stripe_sandbox::Webhook {
            url: webhook_url,
            secret: WEBHOOK_SECRET.to_owned(),
        }),
        settle_after: None,
        ..stripe_sandbox::Config::new(clock.clone())
    };
    stripe_sandbox::start(config).await.expect("a sandbox")
}

async fn serve(payments: &Payments, stop: CancellationToken) -> (String, JoinHandle<()>) {
    let feed = Feed::start(payments.db.clone(), SCHEMA, stop.clone());
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits {
        drain_notice: Duration::ZERO,
        ..Limits::default()
    };
    let config = ServeConfig {
        limits,
        ..ServeConfig::new("payments", loopback, loopback)
    };
    let verifier = Arc::new(Verifier::new(
        Keys::fixed(&tokens::keys()),
        payments.clock.clone(),
    ));
    let server = Server::new(routes(payments, feed), verifier, payments.clock.clone());
    let bound = server.bind(config).await.expect("free ports");
    let url = format!("http://{}", bound.address());
    let server = tokio::spawn(async move {
        bound
            .run(stop.cancelled_owned())
            .await
            .expect("the server ends well");
    });
    (url, server)
}

pub fn usd(minor_units: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        minor_units,
    }
}

/// What programs go by.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("a refusal");
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_else(|| status.to_string())
}
