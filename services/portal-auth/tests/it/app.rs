use clock::Clock;
use ids::{BillId, PracticeId, Reference};
use pg::feed::Feed;
use portal_auth::secrets::{Secrets, digest};
use portal_auth::signing::{Grant, Signing, TOKEN_LIFETIME};
use portal_auth::{MIGRATOR, PortalAuth, SCHEMA};
use proto::feed::v1::event_feed_service_client::EventFeedServiceClient;
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use proto::portal_auth::v1::practice_service_client::PracticeServiceClient;
use proto::portal_auth::v1::sign_in_service_client::SignInServiceClient;
use proto::portal_auth::v1::{
    IssueAccessCodeRequest, IssueAccessCodeResponse, Practice, RegisterPracticeRequest,
    SignInGuestRequest, SignInGuestResponse,
};
use rpc::{Connection, Keys, Limits, Role, ServeConfig, ServiceToken, Verifier, connect};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::{TestDatabase, request_id};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

/// When every story begins: a Monday morning in New York, and the start of every window that attempts are counted in
/// but the day's.
const MORNING: &str = "2026-03-02T15:00:00Z";
pub const SETUP_TOKEN: &str = "the operator's own setup token";
pub const OWNER: &str = "dana@practice.example";
pub const PASSWORD: &str = "sturdy otter on a raft";
pub const BILLING_SECRET: &str = "billing's secret of at least 32 characters";

/// portal-auth in this process.
pub struct TestApp {
    pub db: TestDatabase,
    pub clock: Clock,
    pub portal: PortalAuth,
    anonymous: Connection,
    url: String,
    admin_url: String,
    stop: CancellationToken,
    server: JoinHandle<()>,
    addresses: AtomicU32,
}

/// A bill that can be shared, with its live code.
pub struct SharedBill {
    pub practice: PracticeId,
    pub bill: BillId,
    pub reference: String,
    pub code: IssueAccessCodeResponse,
}

impl TestApp {
    /// As it runs behind the gateway.
    pub async fn start() -> Self {
        Self::start_with(|config| config).await
    }

    pub async fn start_with(change: impl FnOnce(ServeConfig) -> ServeConfig) -> Self {
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let clock = Clock::fixed(MORNING.parse().expect("an instant"));
        let portal = portal(&db, &clock);
        portal.signing.load(&portal).await.expect("a key");
        let stop = CancellationToken::new();
        let feed = Feed::start(portal.db.clone(), SCHEMA, stop.clone());
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let limits = Limits {
            drain_notice: Duration::ZERO,
            ..Limits::default()
        };
        let config = ServeConfig {
            limits,
            ..ServeConfig::new("portal-auth", loopback, loopback)
        };
        let keys = Keys::fixed(&portal.signing.jwks());
        let bound = portal_auth::server(&portal, feed, keys)
            .bind(change(config))
            .await;
        let bound = bound.expect("free ports");
        let url = format!("http://{}", bound.address());
        let anonymous = connect(&url, ServiceToken::none()).expect("a URL");
        let admin_url = format!("http://{}", bound.admin_address());
        let stopped = stop.clone();
        let server = tokio::spawn(async move {
            bound
                .run(stopped.cancelled_owned())
                .await
                .expect("the server ends well");
        });
        Self {
            db,
            clock,
            portal,
            anonymous,
            url,
            admin_url,
            stop,
            server,
            addresses: AtomicU32::new(0),
        }
    }

    pub async fn finish(self) {
        self.stop.cancel();
        self.server.await.expect("the server's task ends");
    }

    /// Ends what the story started beside the server.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// By the keys that are published over HTTP.
    pub fn verifier(&self) -> Verifier {
        let keys = Keys::remote(&format!("{}/jwks.json", self.admin_url));
        Verifier::new(keys, self.clock.clone())
    }

    /// One connection for all, as from the gateway.
    pub fn anonymous(&self) -> Connection {
        self.anonymous.clone()
    }

    pub fn bearer(&self, token: &str) -> Connection {
        connect(&self.url, ServiceToken::fixed(token).expect("a header")).expect("a URL")
    }

    fn signed(&self, subject: &str, role: Role, practice: Option<PracticeId>) -> Connection {
        let grant = Grant {
            subject: subject.to_owned(),
            role,
            practice_id: practice,
            bill_id: (role == Role::Guest).then(|| BillId::new(&self.clock)),
            lifetime: TOKEN_LIFETIME,
        };
        let token = self.portal.signing.sign(grant, self.clock.now());
        self.bearer(&token.map_err(Status::from).expect("a token").text)
    }

    pub fn in_role(&self, role: Role, practice: PracticeId) -> Connection {
        self.signed("user_00000000000000000000000001", role, Some(practice))
    }

    pub fn service(&self, name: &str) -> Connection {
        self.signed(&format!("service:{name}"), Role::Service, None)
    }

    pub fn sign_in(&self) -> SignInServiceClient<Connection> {
        SignInServiceClient::new(self.anonymous())
    }

    pub fn practices(&self, caller: Connection) -> PracticeServiceClient<Connection> {
        PracticeServiceClient::new(caller)
    }

    pub fn access_codes(&self, service: &str) -> AccessCodeServiceClient<Connection> {
        AccessCodeServiceClient::new(self.service(service))
    }

    pub fn feed(&self, service: &str) -> EventFeedServiceClient<Connection> {
        EventFeedServiceClient::new(self.service(service))
    }

    pub async fn register(&self, request: RegisterPracticeRequest) -> Result<Practice, Status> {
        let registered = self
            .practices(self.anonymous())
            .register_practice(request)
            .await?;
        Ok(registered.into_inner().practice.expect("a practice"))
    }

    /// An address that nobody has called from, for a request through the gateway.
    pub fn fresh_address(&self) -> String {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed);
        Ipv4Addr::from(u32::from(Ipv4Addr::new(203, 0, 0, 0)) + number).to_string()
    }

    /// A bill of a practice that needs no registration to have codes.
    pub async fn share(&self) -> SharedBill {
        self.share_at(PracticeId::new(&self.clock)).await
    }

    pub async fn share_at(&self, practice: PracticeId) -> SharedBill {
        let bill = BillId::new(&self.clock);
        let reference = Reference::new(&self.clock).to_string();
        let code = self.issue(practice, bill, &reference).await;
        SharedBill {
            practice,
            bill,
            reference,
            code,
        }
    }

    pub async fn issue(
        &self,
        practice: PracticeId,
        bill: BillId,
        reference: &str,
    ) -> IssueAccessCodeResponse {
        let request = issue_request(practice, bill, reference);
        let issued = self
            .access_codes("billing")
            .issue_access_code(request)
            .await;
        issued.expect("a code").into_inner()
    }

    /// A guess from an address of its own.
    pub async fn guess(&self, reference: &str, code: &str) -> Result<SignInGuestResponse, Status> {
        self.guess_with(self.fresh_address(), guess(reference, code))
            .await
    }

    pub async fn guess_with(
        &self,
        address: String,
        guess: SignInGuestRequest,
    ) -> Result<SignInGuestResponse, Status> {
        self.sign_in()
            .sign_in_guest(from(&address, guess))
            .await
            .map(tonic::Response::into_inner)
    }

    /// Wrong in a row, life, locked, burned: as the database keeps it.
    pub async fn standing(&self, shared: &SharedBill) -> (i32, i32, bool, bool) {
        sqlx::query_as(
            "select failures_in_row, failures_in_life, lock_end_time is not null, burn_time is not null
            from portal_auth.access_codes where practice_id = $1 and bill_id = $2",
        )
        .bind(shared.practice.uuid())
        .bind(shared.bill.uuid())
        .fetch_one(self.db.owner_pool())
        .await
        .expect("a code")
    }
}

/// The service over a test's database, with keys of its own when its clock has.
pub fn portal(db: &TestDatabase, clock: &Clock) -> PortalAuth {
    PortalAuth {
        db: db.pool().clone(),
        clock: clock.clone(),
        secrets: Arc::new(Secrets::new(&"07".repeat(32), clock).expect("a key")),
        signing: Signing::default(),
        setup_token_digest: Some(digest(SETUP_TOKEN)),
        service_secret_digests: Arc::new(HashMap::from([(
            "billing".to_owned(),
            digest(BILLING_SECRET),
        )])),
        hashing: Arc::new(Semaphore::new(2)),
    }
}

/// A registration that can be.
pub fn registration() -> RegisterPracticeRequest {
    RegisterPracticeRequest {
        practice: Some(Practice {
            name: "Riverside Therapy".to_owned(),
            time_zone: "America/New_York".to_owned(),
            currency_code: "USD".to_owned(),
            address_lines: vec!["12 River Street".to_owned(), "Albany, NY 12207".to_owned()],
            phone: "(518) 555-0100".to_owned(),
            email: "office@practice.example".to_owned(),
            tax_id: "12-3456789".to_owned(),
            npi: "1234567893".to_owned(),
            ..Practice::default()
        }),
        request_id: request_id(),
        setup_token: SETUP_TOKEN.to_owned(),
        owner_email: OWNER.to_owned(),
        owner_password: PASSWORD.to_owned(),
    }
}

pub fn issue_request(
    practice: PracticeId,
    bill: BillId,
    reference: &str,
) -> IssueAccessCodeRequest {
    IssueAccessCodeRequest {
        practice_id: practice.to_string(),
        bill_id: bill.to_string(),
        reference: reference.to_owned(),
    }
}

pub fn guess(reference: &str, code: &str) -> SignInGuestRequest {
    SignInGuestRequest {
        reference: reference.to_owned(),
        access_code: code.to_owned(),
        link_token: String::new(),
    }
}

/// A request as the gateway passes it on from an address.
pub fn from<T>(address: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("x-client-address", address.parse().expect("ASCII"));
    request
}

/// A code that is not this one.
pub fn other_code(code: &str) -> String {
    let number: u32 = code.parse().expect("6 digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

/// What programs go by.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("a refusal");
    status.get_details_error_info().expect("ErrorInfo").reason
}

/// All that a caller sees of a refusal.
pub fn seen<T: std::fmt::Debug>(answer: Result<T, Status>) -> (tonic::Code, String, Vec<u8>) {
    let status = answer.expect_err("a refusal");
    (
        status.code(),
        status.message().to_owned(),
        status.details().to_vec(),
    )
}
