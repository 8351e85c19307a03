use super::process::{Process, configured};
use crate::workshop::free_block;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use clock::Clock;
use evenkeel::verify::Schemas;
use ids::PracticeId;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::client_service_client::ClientServiceClient;
use proto::billing::v1::{AddClientRequest, Bill, Client, IssueBillRequest, ProductLine};
use proto::google::api::HttpBody;
use proto::money::v1::Money;
use proto::payments::v1::ReceiveStripeEventRequest;
use proto::payments::v1::webhook_service_client::WebhookServiceClient;
use proto::portal_auth::v1::practice_service_client::PracticeServiceClient;
use proto::portal_auth::v1::sign_in_service_client::SignInServiceClient;
use proto::portal_auth::v1::{
    IssueServiceTokenRequest, Practice, RegisterPracticeRequest, SignInStaffRequest,
};
use rpc::{Connection, ServiceToken, connect};
use serde_json::Value;
use std::time::Duration;
use testkit::{TestDatabase, eventually, request_id};
use tokio_util::sync::CancellationToken;

/// How long anything may take to come to rest.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// The same for what the services have to agree on, in seconds.
const AGREE: u32 = 20;
/// Between two looks.
const POLL: Duration = Duration::from_millis(30);
const SETUP_TOKEN: &str = "the operator's own setup token";
const PASSWORD: &str = "sturdy otter on a raft";
const SECRET: &str = "a secret of the story with more than 32 characters";
const WEBHOOK_SECRET: &str = "whsec_story";

/// Which service dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doomed {
    /// The ledger.
    Billing,
    /// Money from clients.
    Payments,
}

/// Three services, their databases and the sandbox; one of the services is a process that dies.
pub struct Machine {
    pub clock: Clock,
    pub payments_db: TestDatabase,
    pub billing_db: TestDatabase,
    pub sandbox: stripe_sandbox::Running,
    portal_auth_db: TestDatabase,
    schemas: Schemas,
    doomed: Doomed,
    ports: Ports,
    arguments: Vec<String>,
    process: Process,
    stop: CancellationToken,
}

/// gRPC and admin of each.
#[derive(Clone, Copy)]
struct Ports {
    portal_auth: (u16, u16),
    billing: (u16, u16),
    payments: (u16, u16),
    doomed: u16,
}

/// A practice, its owner, and a client of it.
pub struct Tenant {
    pub practice: PracticeId,
    pub owner: ServiceToken,
    pub client_id: String,
}

impl Machine {
    pub async fn start(doomed: Doomed) -> Self {
        let clock = Clock::system();
        let portal_auth_db = testkit::database(portal_auth::SCHEMA, &portal_auth::MIGRATOR).await;
        let billing_db = testkit::database(billing::SCHEMA, &billing::MIGRATOR).await;
        let payments_db = testkit::database(payments::SCHEMA, &payments::MIGRATOR).await;
        // Not of those that connections are made from: the dead service's port has to be free until it comes back.
        let first = free_block();
        let pair = |at: u16| (first + at, first + at + 1);
        let (portal_auth, billing, payments) = (pair(0), pair(2), pair(4));
        let ports = Ports {
            portal_auth,
            billing,
            payments,
            doomed: match doomed {
                Doomed::Billing => billing.1,
                Doomed::Payments => payments.1,
            },
        };
        let sandbox = sandbox(&clock, gateway(url(payments.0)).await).await;
        let stop = CancellationToken::new();
        let flags = ports.portal_auth(portal_auth_db.url());
        let stopped = stop.clone().cancelled_owned();
        beside(portal_auth::run(configured(&flags), clock.clone(), stopped));
        ready(portal_auth.1).await;
        let (billing, payments) = (
            ports.billing(billing_db.url()),
            ports.payments(payments_db.url(), &sandbox.url()),
        );
        let stopped = stop.clone().cancelled_owned();
        let arguments = match doomed {
            Doomed::Billing => {
                beside(payments::run(configured(&payments), clock.clone(), stopped));
                billing
            }
            Doomed::Payments => {
                beside(billing::run(configured(&billing), clock.clone(), stopped));
                payments
            }
        };
        let process = Process::start(&arguments);
        ready(ports.billing.1).await;
        ready(ports.payments.1).await;
        let schemas = Schemas::of(vec![
            ("billing", billing::SCHEMA, billing_db.pool().clone()),
            ("payments", payments::SCHEMA, payments_db.pool().clone()),
            (
                "portal-auth",
                portal_auth::SCHEMA,
                portal_auth_db.pool().clone(),
            ),
        ]);
        Self {
            schemas: schemas.await.expect("connections"),
            clock,
            payments_db,
            billing_db,
            sandbox,
            portal_auth_db,
            doomed,
            ports,
            arguments,
            process,
            stop,
        }
    }

    /// From now on the service dies before this effect.
    pub async fn die_before(&mut self, number: u32) {
        self.process.die_before(number).await;
    }

    /// Waits until all is at rest, or the service is dead; then starts it again, waits until all is at rest, and answers
    /// that it died.
    pub async fn rest_or_rise(&mut self, what: &str) -> bool {
        let died = self.rise_or_rest(what).await;
        if died {
            self.comes_to_rest(what).await;
        }
        died
    }

    /// The same without waiting after it was started again: whoever was told that it does not answer asks at once.
    pub async fn rise_or_rest(&mut self, what: &str) -> bool {
        let died = self.dead_or(what, Self::is_at_rest).await;
        if died {
            self.rise().await;
        }
        died
    }

    /// Waits until something has come true, or the service is dead, and answers whether it is.
    pub async fn dead_or(&mut self, what: &str, done: impl AsyncFn(&Self) -> bool) -> bool {
        let begun = std::time::Instant::now();
        let mut done_alive = false;
        while !self.process.is_dead() {
            if done_alive {
                return false;
            }
            // It may have died just now.
            done_alive = done(self).await && self.process.answers().await;
            assert!(begun.elapsed() < PATIENCE, "{what}: neither dead nor done");
            if !done_alive {
                tokio::time::sleep(POLL).await;
            }
        }
        println!("{what}: dead after {:?}", begun.elapsed());
        true
    }

    /// Starts the dead service again. What it had leased is free: it is known to be dead.
    pub async fn rise(&mut self) {
        let (database, leases) = match self.doomed {
            Doomed::Billing => (&self.billing_db, "billing.leases"),
            Doomed::Payments => (&self.payments_db, "payments.leases"),
        };
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "update {leases} set expire_time = '-infinity'"
        )))
        .execute(database.owner_pool())
        .await
        .expect("changed");
        self.process = Process::start(&self.arguments);
        ready(self.ports.doomed).await;
    }

    pub async fn comes_to_rest(&self, what: &str) {
        let begun = std::time::Instant::now();
        let text = format!("{what} comes to rest");
        eventually(PATIENCE, &text, || async {
            self.time_passes().await;
            self.is_at_rest().await.then_some(())
        })
        .await;
        println!("{text} after {:?}", begun.elapsed());
    }

    /// Webhooks that could not be taken in wait for longer and longer; here nobody has so much time.
    async fn time_passes(&self) {
        sqlx::query(
            "update payments.webhooks set due_time = clock_timestamp()
            where process_time is null and due_time > clock_timestamp()",
        )
        .execute(self.payments_db.owner_pool())
        .await
        .expect("changed");
    }

    /// Nothing is on its way, no webhook waits, no night is under way, and both have applied what the other announced.
    async fn is_at_rest(&self) -> bool {
        // In the order in which one leads to the next, so that nothing slips by between two looks.
        let deliveries = self.asked("deliveries").await;
        let deliveries = deliveries["deliveries"].as_array().expect("deliveries");
        if deliveries.iter().any(|row| row["state"] == "pending") {
            return false;
        }
        let open: i64 = sqlx::query_scalar(
            "select (select count(*) from payments.unsettled)
                + (select count(*) from payments.webhooks where process_time is null)
                + (select count(*) from payments.autopay_runs where end_time is null)
                + (select count(*) from payments.autopay_queue where due_time < clock_timestamp())",
        )
        .fetch_one(self.payments_db.owner_pool())
        .await
        .expect("counted");
        if open > 0 {
            return false;
        }
        let (payments, billing) = (
            (&self.payments_db, "payments", "payments"),
            (&self.billing_db, "billing", "billing"),
        );
        let portal_auth = (&self.portal_auth_db, "portal_auth", "portal-auth");
        for (follower, source) in [
            (billing, payments),
            (payments, billing),
            (payments, portal_auth),
            (billing, portal_auth),
        ] {
            if !applied(follower, source).await {
                return false;
            }
        }
        true
    }

    /// Every invariant of the practice holds, and the processor's book is ours.
    pub async fn all_holds(&self, tenant: &Tenant, what: &str) {
        let checked = self
            .schemas
            .check(tenant.practice, &self.clock, AGREE)
            .await;
        let checked = checked.expect("checked");
        assert_eq!(checked.count(), 0, "{what}:\n{}", checked.text());
        super::book::is_ours(self, what).await;
    }

    pub async fn finish(self) {
        self.stop.cancel();
    }

    pub fn to_payments(&self, token: &ServiceToken) -> Connection {
        connect(&url(self.ports.payments.0), token.clone()).expect("a URL")
    }

    pub fn to_billing(&self, token: &ServiceToken) -> Connection {
        connect(&url(self.ports.billing.0), token.clone()).expect("a URL")
    }

    pub fn to_portal_auth(&self, token: &ServiceToken) -> Connection {
        connect(&url(self.ports.portal_auth.0), token.clone()).expect("a URL")
    }

    pub async fn asked(&self, path: &str) -> Value {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        let answer = reqwest::get(url).await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    pub async fn command(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        let answer = reqwest::Client::new().post(url).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// A practice in New York with a client, which both services know.
    pub async fn tenant(&self) -> Tenant {
        let email = format!("owner-{}@practice.example", request_id());
        let nobody = self.to_portal_auth(&ServiceToken::none());
        let request = RegisterPracticeRequest {
            practice: Some(Practice {
                name: "Lakeside Therapy".to_owned(),
                time_zone: "America/New_York".to_owned(),
                currency_code: "USD".to_owned(),
                ..Practice::default()
            }),
            request_id: request_id(),
            setup_token: SETUP_TOKEN.to_owned(),
            owner_email: email.clone(),
            owner_password: PASSWORD.to_owned(),
        };
        let mut practices = PracticeServiceClient::new(nobody.clone());
        let registered = practices.register_practice(request).await;
        let registered = registered.expect("registered").into_inner().practice;
        let practice_id = registered.expect("a practice").practice_id;
        let request = SignInStaffRequest {
            email,
            password: PASSWORD.to_owned(),
        };
        let signed_in = SignInServiceClient::new(nobody)
            .sign_in_staff(request)
            .await;
        let token = signed_in.expect("signed in").into_inner().access_token;
        let owner = ServiceToken::fixed(&token).expect("a token");
        let clients = ClientServiceClient::new(self.to_billing(&owner));
        let client = Client {
            given_name: "Ada".to_owned(),
            family_name: "Lovelace".to_owned(),
            ..Client::default()
        };
        let request = AddClientRequest {
            practice_id: practice_id.clone(),
            request_id: request_id(),
            client: Some(client),
        };
        // billing hears of the practice by the feed.
        let added = eventually(PATIENCE, "billing knows the practice", || async {
            clients.clone().add_client(request.clone()).await.ok()
        });
        let client_id = added.await.into_inner().client.expect("a client").client_id;
        self.comes_to_rest("a new practice").await;
        Tenant {
            practice: practice_id.parse().expect("an id"),
            owner,
            client_id,
        }
    }

    /// A bill that is due today.
    pub async fn bill(&self, tenant: &Tenant, amount: i64) -> Bill {
        let today = self
            .clock
            .now()
            .to_zoned(jiff::tz::TimeZone::get("America/New_York").expect("a zone"));
        let request = IssueBillRequest {
            practice_id: tenant.practice.to_string(),
            request_id: request_id(),
            client_id: tenant.client_id.clone(),
            products: vec![ProductLine {
                name: "A workbook".to_owned(),
                price: Some(usd(amount)),
            }],
            due_date: Some(rpc::wire::date(today.date())),
            ..IssueBillRequest::default()
        };
        let mut bills = BillServiceClient::new(self.to_billing(&tenant.owner));
        let issued = bills.issue_bill(request).await.expect("issued");
        issued.into_inner().bill.expect("a bill")
    }

    /// A token of a service of the suite.
    pub async fn as_service(&self, name: &str) -> ServiceToken {
        let nobody = self.to_portal_auth(&ServiceToken::none());
        let request = IssueServiceTokenRequest {
            client_id: name.to_owned(),
            client_secret: SECRET.to_owned(),
        };
        let issued = SignInServiceClient::new(nobody)
            .issue_service_token(request)
            .await;
        let token = issued.expect("a token").into_inner().access_token;
        ServiceToken::fixed(&token).expect("a token")
    }
}

impl Ports {
    fn portal_auth(&self, database: &str) -> Vec<String> {
        let secrets = format!("billing={SECRET},payments={SECRET},notifications={SECRET}");
        flags(
            "portal-auth",
            self.portal_auth,
            &[
                ("database-url", database),
                ("master-key", &"5a".repeat(32)),
                ("setup-token", SETUP_TOKEN),
                ("service-secrets", &secrets),
                ("billing-url", &url(self.billing.0)),
            ],
        )
    }

    fn billing(&self, database: &str) -> Vec<String> {
        flags(
            "billing",
            self.billing,
            &[
                ("database-url", database),
                ("portal-auth-url", &url(self.portal_auth.0)),
                ("jwks-url", &self.jwks()),
                ("service-secret", SECRET),
                ("payments-url", &url(self.payments.0)),
                ("page-secret", "a page secret of the story"),
                ("verify-practices", "0"),
            ],
        )
    }

    fn payments(&self, database: &str, processor: &str) -> Vec<String> {
        flags(
            "payments",
            self.payments,
            &[
                ("database-url", database),
                ("portal-auth-url", &url(self.portal_auth.0)),
                ("jwks-url", &self.jwks()),
                ("service-secret", SECRET),
                ("billing-url", &url(self.billing.0)),
                ("processor-url", processor),
                ("processor-key", "sk_test_sandbox"),
                ("webhook-secrets", WEBHOOK_SECRET),
                ("page-secret", "a page secret of the story"),
                ("reconcile-after-ms", "300,300"),
                ("lease-ms", "600"),
                ("poll-ms", "50"),
                ("verify-practices", "0"),
            ],
        )
    }

    fn jwks(&self) -> String {
        format!("{}/jwks.json", url(self.portal_auth.1))
    }
}

fn flags(name: &str, (port, admin): (u16, u16), more: &[(&str, &str)]) -> Vec<String> {
    let here = |port: u16| format!("127.0.0.1:{port}");
    let mut flags = vec![name.to_owned()];
    flags.push(format!("--listen={}", here(port)));
    flags.push(format!("--admin={}", here(admin)));
    flags.push("--drain-notice-ms=0".to_owned());
    flags.extend(more.iter().map(|(flag, value)| format!("--{flag}={value}")));
    flags
}

/// Runs a service that does not die in this process.
fn beside(running: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
    tokio::spawn(async move { running.await.expect("it runs until the story ends") });
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

async fn ready(admin: u16) {
    let url = format!("{}/readyz", url(admin));
    eventually(PATIENCE, "the service is ready", || async {
        let answer = reqwest::get(&url).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}

/// A service's database, schema and name.
type Service<'a> = (&'a TestDatabase, &'a str, &'a str);

/// Whether a follower has applied all that a source has announced.
async fn applied(
    (follower, schema, _): Service<'_>,
    (source, announced, name): Service<'_>,
) -> bool {
    let applied: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "select coalesce(sum(applied), 0)::bigint from {schema}.cursors where source = '{name}'"
    )))
    .fetch_one(follower.owner_pool())
    .await
    .expect("read");
    let head: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "select coalesce(sum(head), 0)::bigint from {announced}.streams"
    )))
    .fetch_one(source.owner_pool())
    .await
    .expect("read");
    applied == head
}

pub fn usd(minor_units: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        minor_units,
    }
}

async fn sandbox(clock: &Clock, webhook_url: String) -> stripe_sandbox::Running {
    let config = stripe_sandbox::Config {
        webhook: Some(stripe_sandbox::Webhook {
            url: webhook_url,
            secret: WEBHOOK_SECRET.to_owned(),
        }),
        webhook_backoff: vec![Duration::from_millis(200); 300],
        settle_after: None,
        ..stripe_sandbox::Config::new(clock.clone())
    };
    stripe_sandbox::start(config).await.expect("a sandbox")
}

/// What the gateway does for webhooks: HTTP in, the same bytes and header as gRPC out.
async fn gateway(payments: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let path = "/v1/webhooks/stripe/platform";
    let here = listener.local_addr().expect("bound");
    let router = Router::new()
        .route(path, post(forward))
        .with_state(payments);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{here}{path}")
}

async fn forward(State(payments): State<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut request = tonic::Request::new(ReceiveStripeEventRequest {
        endpoint_id: "platform".to_owned(),
        body: Some(HttpBody {
            content_type: "application/json".to_owned(),
            data: body.to_vec().into(),
            extensions: Vec::new(),
        }),
    });
    let signature = headers.get("stripe-signature");
    let signature = signature.and_then(|value| value.to_str().ok());
    let header = signature.unwrap_or_default().parse().expect("a header");
    request.metadata_mut().insert("stripe-signature", header);
    let nobody = connect(&payments, ServiceToken::none()).expect("a URL");
    match WebhookServiceClient::new(nobody)
        .receive_stripe_event(request)
        .await
    {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
