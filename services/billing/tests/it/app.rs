use billing::{Billing, MIGRATOR, Postings, SCHEMA};
use clock::Clock;
use ids::{BillId, ClientId, PaymentId, PolicyId, PracticeId, RefundId};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::EncodePrivateKey as _;
use pg::feed::Feed;
use pg::{PageKey, PgConfig, Pool};
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::{
    Allocation, Bill, BillStatus, GetBillRequest, GetClientBalanceRequest,
    GetClientBalanceResponse, IssueBillRequest, LineTerms, PaymentKind, PlaceHoldRequest,
    PostPaymentRequest, PostPaymentResponse, PostRefundRequest, PostRefundResponse, ProductLine,
    SessionToBill, VerifyBooksRequest, Violation,
};
use proto::google::r#type::Date;
use proto::money::v1::Money;
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use rpc::{
    AUDIENCE, Claims, Connection, ISSUER, Keys, Limits, Role, ServeConfig, Server, ServiceToken,
    Token, Verifier, connect,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use testkit::{TestDatabase, request_id};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic_types::StatusExt as _;

/// When every story begins: a Monday morning in New York.
const MORNING: &str = "2026-03-02T15:00:00Z";

pub const TODAY: Date = Date {
    year: 2026,
    month: 3,
    day: 2,
};

/// Billing in this process with one practice and one insured client.
pub struct TestApp {
    pub db: TestDatabase,
    pub clock: Clock,
    pub billing: Billing,
    pub practice: PracticeId,
    pub client: ClientId,
    pub policy: PolicyId,
    url: String,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_beside("http://127.0.0.1:1").await
    }

    /// The same with a portal-auth at this address.
    pub async fn start_beside(portal_auth: &str) -> Self {
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let clock = Clock::fixed(MORNING.parse().expect("an instant"));
        let portal_auth = connect(portal_auth, ServiceToken::none()).expect("a URL");
        let billing = Billing {
            db: db.pool().clone(),
            clock: clock.clone(),
            page_key: PageKey::new(&[7; 32]),
            access_codes: AccessCodeServiceClient::new(portal_auth),
            typesetter: billing::documents::typesetter().expect("the templates"),
            postings: Postings::default(),
            pay_page_url: "https://pay.example".to_owned(),
        };
        let stop = CancellationToken::new();
        let (url, server) = serve(&billing, stop.clone()).await;
        let practice = PracticeId::new(&clock);
        let mut app = Self {
            db,
            practice,
            client: ClientId::new(&clock),
            policy: PolicyId::new(&clock),
            clock,
            billing,
            url,
            stop,
            server,
        };
        app.register(practice).await;
        (app.client, app.policy) = app.insured_client(practice).await;
        app
    }

    /// Another process of billing on the same database, with connections of its own, which share transactions in this
    /// group.
    pub async fn replica(&self, postings: Postings) -> Replica {
        let config = PgConfig::new(self.db.url());
        let db = pg::connect(&config, SCHEMA).await.expect("connections");
        let billing = Billing {
            db: db.clone(),
            postings,
            ..self.billing.clone()
        };
        let stop = CancellationToken::new();
        let (url, server) = serve(&billing, stop.clone()).await;
        Replica {
            ledger: LedgerServiceClient::new(self.connection_to(&url, as_payments)),
            billing,
            db,
            stop,
            server,
        }
    }

    /// Audits the books of the app's practice and ends.
    pub async fn finish(self) {
        let violations = self.violations().await;
        assert_eq!(violations, [], "the books are honest");
        self.stop.cancel();
        self.server.await.expect("the server's task ends");
    }

    pub async fn violations(&self) -> Vec<Violation> {
        let request = VerifyBooksRequest {
            practice_id: self.practice.to_string(),
        };
        self.ledger()
            .verify_books(request)
            .await
            .expect("verified")
            .into_inner()
            .violations
    }

    /// A caller with these claims, whose token is renewed as the clock goes.
    pub fn connection(
        &self,
        claims: impl Fn(Claims) -> Claims + Send + Sync + 'static,
    ) -> Connection {
        self.connection_to(&self.url, claims)
    }

    fn connection_to(
        &self,
        url: &str,
        claims: impl Fn(Claims) -> Claims + Send + Sync + 'static,
    ) -> Connection {
        let clock = self.clock.clone();
        let token = ServiceToken::fetched(clock.clone(), move || {
            let now = clock.now();
            let claims = claims(Claims {
                iss: ISSUER.to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: "user_00000000000000000000000001".to_owned(),
                role: Role::Owner,
                practice_id: None,
                bill_id: None,
                client_ids: Vec::new(),
                contact_id: None,
                iat: now.as_second(),
                exp: now.as_second() + 600,
            });
            let expire_time = jiff::Timestamp::from_second(claims.exp).expect("an instant");
            let token = Token {
                value: sign(&claims),
                expire_time,
            };
            async move { Ok(token) }
        });
        connect(url, token).expect("a URL")
    }

    pub fn owner_of(&self, practice: PracticeId) -> Connection {
        self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        })
    }

    pub fn bills(&self) -> BillServiceClient<Connection> {
        BillServiceClient::new(self.owner_of(self.practice))
    }

    pub fn ledger(&self) -> LedgerServiceClient<Connection> {
        LedgerServiceClient::new(self.owner_of(self.practice))
    }

    /// The ledger as the service payments calls it.
    pub fn as_payments(&self) -> LedgerServiceClient<Connection> {
        LedgerServiceClient::new(self.connection(as_payments))
    }

    pub fn guest(&self, bill: &Bill) -> BillServiceClient<Connection> {
        let (bill, practice) = (bill.bill_id.clone(), self.practice.to_string());
        BillServiceClient::new(self.connection(move |claims| Claims {
            sub: format!("guest:{bill}"),
            role: Role::Guest,
            practice_id: Some(practice.clone()),
            bill_id: Some(bill.clone()),
            ..claims
        }))
    }

    /// A request for a bill of a fresh session with these shares.
    pub async fn bill_request(&self, client: i64, insurance: i64) -> IssueBillRequest {
        let session = self
            .session(self.practice, self.client, client + insurance)
            .await;
        let terms = LineTerms {
            line_number: 1,
            insurance_share: Some(usd(insurance)),
            ..LineTerms::default()
        };
        IssueBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            sessions: vec![SessionToBill {
                session_id: session.to_string(),
                line_terms: vec![terms],
                client_part: None,
            }],
            policy_id: if insurance > 0 {
                self.policy.to_string()
            } else {
                String::new()
            },
            ..IssueBillRequest::default()
        }
    }

    /// A request for a bill of something sold.
    pub fn product_request(&self, price: i64) -> IssueBillRequest {
        IssueBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            products: vec![ProductLine {
                name: "Workbook".to_owned(),
                price: Some(usd(price)),
            }],
            ..IssueBillRequest::default()
        }
    }

    pub async fn issue(&self, client: i64, insurance: i64) -> Bill {
        let request = self.bill_request(client, insurance).await;
        self.bills()
            .issue_bill(request)
            .await
            .expect("issued")
            .into_inner()
            .bill
            .expect("a bill")
    }

    pub async fn bill(&self, bill: &Bill) -> Bill {
        let request = GetBillRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
        };
        self.bills()
            .get_bill(request)
            .await
            .expect("read")
            .into_inner()
            .bill
            .expect("a bill")
    }

    /// A payment by card of this amount, meant for these bills.
    pub fn payment(&self, amount: i64, wanted: &[(&Bill, i64)]) -> PostPaymentRequest {
        let wanted = wanted.iter();
        PostPaymentRequest {
            practice_id: self.practice.to_string(),
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            kind: PaymentKind::Card.into(),
            amount: Some(usd(amount)),
            receive_date: Some(TODAY),
            allocations: wanted
                .map(|(bill, amount)| Allocation {
                    bill_id: bill.bill_id.clone(),
                    amount: Some(usd(*amount)),
                })
                .collect(),
            method_text: "Visa ending in 4242".to_owned(),
            paid_by: None,
        }
    }

    pub async fn post(&self, payment: &PostPaymentRequest) -> PostPaymentResponse {
        self.as_payments()
            .post_payment(payment.clone())
            .await
            .expect("money is never refused")
            .into_inner()
    }

    pub fn refund_request(&self, payment: &PostPaymentRequest, amount: i64) -> PostRefundRequest {
        PostRefundRequest {
            practice_id: self.practice.to_string(),
            refund_id: RefundId::new(&self.clock).to_string(),
            payment_id: payment.payment_id.clone(),
            amount: Some(usd(amount)),
            refund_date: Some(TODAY),
            to_credit: false,
        }
    }

    pub async fn refund(&self, payment: &PostPaymentRequest, amount: i64) -> PostRefundResponse {
        let request = self.refund_request(payment, amount);
        self.as_payments()
            .post_refund(request)
            .await
            .expect("booked")
            .into_inner()
    }

    pub fn hold(&self, bill: &Bill, amount: i64) -> PlaceHoldRequest {
        PlaceHoldRequest {
            practice_id: self.practice.to_string(),
            payment_id: PaymentId::new(&self.clock).to_string(),
            bill_id: bill.bill_id.clone(),
            amount: Some(usd(amount)),
            ..PlaceHoldRequest::default()
        }
    }

    /// A hold of parts of several bills.
    pub fn hold_of(&self, wanted: &[(&Bill, i64)]) -> PlaceHoldRequest {
        let payment = self.payment(1, wanted);
        PlaceHoldRequest {
            practice_id: payment.practice_id,
            payment_id: payment.payment_id,
            parts: payment.allocations,
            ..PlaceHoldRequest::default()
        }
    }

    pub async fn balance(&self) -> GetClientBalanceResponse {
        let request = GetClientBalanceRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
        };
        self.ledger()
            .get_client_balance(request)
            .await
            .expect("read")
            .into_inner()
    }

    pub async fn credit(&self) -> i64 {
        minor(&self.balance().await.credit)
    }
}

/// Another process of billing.
pub struct Replica {
    pub ledger: LedgerServiceClient<Connection>,
    pub billing: Billing,
    db: Pool,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Replica {
    pub async fn stop(self) {
        self.stop.cancel();
        self.server.await.expect("the server's task ends");
        self.db.close().await;
    }
}

fn as_payments(claims: Claims) -> Claims {
    Claims {
        sub: "service:payments".to_owned(),
        role: Role::Service,
        ..claims
    }
}

/// Serves until it is stopped; answers where.
async fn serve(billing: &Billing, stop: CancellationToken) -> (String, JoinHandle<()>) {
    let clock = billing.clock.clone();
    let feed = Feed::start(billing.db.clone(), SCHEMA, stop.clone());
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits {
        drain_notice: Duration::ZERO,
        ..Limits::default()
    };
    let config = ServeConfig {
        limits,
        ..ServeConfig::new("billing", loopback, loopback)
    };
    let keys = Keys::fixed(&JwkSet {
        keys: vec![public_key()],
    });
    let verifier = Arc::new(Verifier::new(keys, clock.clone()));
    let server = Server::new(billing::service(billing, feed), verifier, clock);
    let bound = server.bind(config).await.expect("free ports");
    let url = format!("http://{}", bound.address());
    let running = async move {
        bound
            .run(stop.cancelled_owned())
            .await
            .expect("the server ends well");
    };
    (url, tokio::spawn(running))
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

/// Client balance, insurance balance, status.
pub fn due(bill: &Bill) -> (i64, i64, BillStatus) {
    (
        minor(&bill.client_balance),
        minor(&bill.insurance_balance),
        bill.status(),
    )
}

/// What programs go by.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("a refusal");
    status.get_details_error_info().expect("ErrorInfo").reason
}

pub fn bill_id(bill: &Bill) -> BillId {
    bill.bill_id.parse().expect("a bill's id")
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
