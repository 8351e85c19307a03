use crate::billing::Billing;
use clock::Clock;
use futures::StreamExt as _;
use ids::PracticeId;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::EncodePrivateKey as _;
use pg::PageKey;
use pg::feed::{
    Bucket, Event, EventSource, EventStream, Follow, Position, RemoteFeed, SourceError, follow,
};
use proto::google::r#type::Date;
use proto::money::v1::Money;
use proto::reporting::v1::report_service_client::ReportServiceClient;
use proto::reporting::v1::{
    GetAccountTotalsRequest, GetAccountTotalsResponse, GetRevenueByMonthRequest,
    ListPaymentsReportRequest, ListPaymentsReportResponse, RebuildProjectionsRequest, RevenueMonth,
};
use reporting::wire::head::BillingHead;
use reporting::work::Books;
use reporting::{BILLING, MIGRATOR, Reporting, SCHEMA};
use rpc::{
    AUDIENCE, Claims, Connection, ISSUER, Keys, Limits, Role, ServeConfig, Server, ServiceToken,
    Token, Verifier, connect,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use testkit::{TestDatabase, eventually, request_id};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic_types::StatusExt as _;

pub const SOON: Duration = Duration::from_secs(20);
const NOON: &str = "2026-03-31T16:00:00Z";

/// Reporting in this process, following a feed in which stories write what billing would.
pub struct TestApp {
    pub db: TestDatabase,
    pub clock: Clock,
    pub billing: Billing,
    pub practice: PracticeId,
    pub admin_url: String,
    url: String,
    stop: CancellationToken,
    server: JoinHandle<()>,
    books: JoinHandle<()>,
}

impl TestApp {
    pub async fn start() -> Self {
        let clock = Clock::fixed(NOON.parse().expect("an instant"));
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let billing = Billing::start(clock.clone()).await;
        let to_billing = connect(&billing.url(), ServiceToken::none()).expect("a URL");
        let reporting = Reporting {
            db: db.pool().clone(),
            clock: clock.clone(),
            page_key: PageKey::new(&[7; 32]),
            billing: BillingHead::new(to_billing.clone()),
        };
        let stop = CancellationToken::new();
        let books = tokio::spawn(follow(
            impatient(),
            reporting.db.clone(),
            Repeating(RemoteFeed::new(to_billing)),
            Books,
            stop.clone(),
        ));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let limits = Limits {
            drain_notice: Duration::ZERO,
            ..Limits::default()
        };
        let config = ServeConfig {
            limits,
            ..ServeConfig::new("reporting", loopback, loopback)
        };
        let keys = Keys::fixed(&JwkSet {
            keys: vec![public_key()],
        });
        let verifier = Arc::new(Verifier::new(keys, clock.clone()));
        let server = Server::new(reporting::routes(&reporting), verifier, clock.clone());
        let bound = server.bind(config).await.expect("free ports");
        let url = format!("http://{}", bound.address());
        let admin_url = format!("http://{}", bound.admin_address());
        let stopped = stop.clone();
        let server = tokio::spawn(async move {
            let ran = bound.run(stopped.cancelled_owned()).await;
            ran.expect("the server ends well");
        });
        let practice = PracticeId::new(&clock);
        Self {
            db,
            clock,
            billing,
            practice,
            admin_url,
            url,
            stop,
            server,
            books,
        }
    }

    /// Audits what is left and ends.
    pub async fn finish(self) {
        if self.billing.is_up() {
            let totals = self.current().await;
            assert_eq!(figures(&totals), self.billing.trial_balance(self.practice));
        }
        self.stop.cancel();
        self.server.await.expect("the server's task ends");
        self.books.await.expect("the follower ends");
    }

    pub fn reports_as(&self, role: Role, practice: PracticeId) -> ReportServiceClient<Connection> {
        let clock = self.clock.clone();
        let token = ServiceToken::fetched(clock.clone(), move || {
            let now = clock.now();
            let claims = Claims {
                iss: ISSUER.to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: "user_00000000000000000000000001".to_owned(),
                role,
                practice_id: Some(practice.to_string()),
                bill_id: None,
                client_ids: Vec::new(),
                contact_id: None,
                iat: now.as_second(),
                exp: now.as_second() + 600,
            };
            let expire_time = jiff::Timestamp::from_second(claims.exp).expect("an instant");
            let value = sign(&claims);
            async move { Ok(Token { value, expire_time }) }
        });
        ReportServiceClient::new(connect(&self.url, token).expect("a URL"))
    }

    pub fn reports(&self) -> ReportServiceClient<Connection> {
        self.reports_as(Role::Owner, self.practice)
    }

    /// The totals, once they have every event.
    pub async fn current(&self) -> GetAccountTotalsResponse {
        eventually(SOON, "the reports are current", || async {
            let totals = self.totals().await;
            (totals.events_behind == 0).then_some(totals)
        })
        .await
    }

    pub async fn totals(&self) -> GetAccountTotalsResponse {
        let request = GetAccountTotalsRequest {
            practice_id: self.practice.to_string(),
        };
        let answer = self.reports().get_account_totals(request).await;
        answer.expect("totals").into_inner()
    }

    pub fn report_request(&self) -> ListPaymentsReportRequest {
        ListPaymentsReportRequest {
            practice_id: self.practice.to_string(),
            ..ListPaymentsReportRequest::default()
        }
    }

    pub async fn report(&self, request: ListPaymentsReportRequest) -> ListPaymentsReportResponse {
        let answer = self.reports().list_payments_report(request).await;
        answer.expect("a page").into_inner()
    }

    pub async fn months(&self, from: Option<Date>, to: Option<Date>) -> Vec<RevenueMonth> {
        let request = GetRevenueByMonthRequest {
            practice_id: self.practice.to_string(),
            from_date: from,
            to_date: to,
        };
        let answer = self.reports().get_revenue_by_month(request).await;
        answer.expect("months").into_inner().months
    }

    pub async fn rebuild(&self) -> RebuildProjectionsRequest {
        let request = RebuildProjectionsRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
        };
        let answer = self.reports().rebuild_projections(request.clone()).await;
        answer.expect("it begins");
        request
    }

    /// Every row of every projection of the practice, as text.
    pub async fn projections(&self) -> Vec<String> {
        projections(&self.db, self.practice).await
    }
}

/// Every row of every projection of a practice but for whose it is, as text.
pub async fn projections(db: &TestDatabase, practice: PracticeId) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["payments", "refunds", "revenue_days", "account_totals"] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select '{table} ' || (to_jsonb(row) - 'practice_id')::text
            from reporting.{table} as row
            where practice_id = $1
            order by 1"
        )))
        .bind(practice)
        .fetch_all(db.owner_pool())
        .await
        .expect("rows");
        all.extend(rows);
    }
    all
}

/// So that stories need not be patient.
fn impatient() -> Follow {
    Follow {
        buckets: 2,
        attempts: 2,
        shortest_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(100),
        lease: Duration::from_millis(400),
        ..Follow::new(SCHEMA, BILLING, Clock::system())
    }
}

/// billing's feed over a bad line: every event comes twice, and the one before it again.
struct Repeating<S>(S);

impl<S: EventSource> EventSource for Repeating<S> {
    async fn subscribe(
        &self,
        bucket: Bucket,
        after: Vec<Position>,
    ) -> Result<EventStream, SourceError> {
        let mut last: Option<Event> = None;
        let stream = self.0.subscribe(bucket, after).await?;
        Ok(stream
            .flat_map(move |item| {
                let items = match item {
                    Ok(Some(event)) => {
                        let before = last.replace(event.clone());
                        let mut again = vec![Ok(Some(event.clone())), Ok(Some(event))];
                        again.extend(before.map(|event| Ok(Some(event))));
                        again
                    }
                    other => vec![other],
                };
                futures::stream::iter(items)
            })
            .boxed())
    }

    async fn list(&self, after: Position, limit: u16) -> Result<Vec<Event>, SourceError> {
        self.0.list(after, limit).await
    }
}

/// Kind, debits, credits.
pub fn figures(totals: &GetAccountTotalsResponse) -> Vec<(i32, i64, i64)> {
    let totals = totals.totals.iter();
    let mut figures: Vec<_> = totals
        .map(|it| (it.account_kind, minor(&it.debits), minor(&it.credits)))
        .collect();
    figures.sort();
    figures
}

pub fn usd(minor_units: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        minor_units,
    }
}

pub fn minor(money: &Option<Money>) -> i64 {
    money.as_ref().expect("an amount").minor_units
}

/// A day of 2026.
pub fn day(month: i32, day: i32) -> Date {
    Date {
        year: 2026,
        month,
        day,
    }
}

/// What programs go by.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("a refusal");
    status.get_details_error_info().expect("ErrorInfo").reason
}

fn key() -> EncodingKey {
    let secret = p256::SecretKey::from_slice(&[9; 32]).expect("a scalar");
    EncodingKey::from_ec_der(secret.to_pkcs8_der().expect("PKCS 8").as_bytes())
}

fn public_key() -> Jwk {
    let mut public = Jwk::from_encoding_key(&key(), Algorithm::ES256).expect("a key");
    public.common.key_id = Some("story".to_owned());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    public
}

fn sign(claims: &Claims) -> String {
    let header = Header {
        kid: Some("story".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    jsonwebtoken::encode(&header, claims, &key()).expect("a token")
}
