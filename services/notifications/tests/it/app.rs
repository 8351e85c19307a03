use crate::fake_feed::FakeFeed;
use crate::fake_suite::FakeSuite;
use clock::Clock;
use ids::{BillId, ClientId, EventId, PracticeId};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mail_sink::MailSink;
use notifications::letter::Templates;
use notifications::ops::record_outcome::Outcomes;
use notifications::work::{Bills, Payments, Portal, Smtp, deliver_messages};
use notifications::{DeliveryConfig, MIGRATOR, Notifications, SCHEMA};
use p256::pkcs8::EncodePrivateKey as _;
use pg::feed::{Feed, Follow, Handler, follow};
use pg::{Announcement, PageKey};
use proto::billing::v1::{Bill, BillLine, BillStatus, Client, GetClientResponse};
use proto::google::r#type::Date;
use proto::money::v1::Money;
use proto::notifications::v1::message_service_client::MessageServiceClient;
use proto::notifications::v1::{ListMessagesRequest, Message, MessageState};
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use rpc::{
    AUDIENCE, Claims, Connection, ISSUER, Keys, Limits, Role, ServeConfig, Server, ServiceToken,
    Token, Verifier, connect,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use testkit::{TestDatabase, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const MORNING: &str = "2026-03-02T15:00:00Z";
pub const TODAY: Date = Date {
    year: 2026,
    month: 3,
    day: 2,
};
pub const DUE: Date = Date {
    year: 2026,
    month: 3,
    day: 31,
};
pub const SOON: Duration = Duration::from_secs(20);

/// Notifications in this process, with one practice, one client and one open bill of $40.
pub struct TestApp {
    pub db: TestDatabase,
    pub clock: Clock,
    pub notifications: Notifications,
    pub suite: FakeSuite,
    pub sink: MailSink,
    pub mails: tempfile::TempDir,
    pub practice: PracticeId,
    pub client: ClientId,
    pub bill: BillId,
    pub portal_auth: FakeFeed,
    pub billing: FakeFeed,
    pub payments: FakeFeed,
    url: String,
    stop: CancellationToken,
    _suite_server: testkit::Server,
}

impl TestApp {
    /// With a worker that sends.
    pub async fn start() -> Self {
        let app = Self::start_without_worker().await;
        app.start_worker();
        app
    }

    pub async fn start_without_worker() -> Self {
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let clock = Clock::fixed(MORNING.parse().expect("an instant"));
        let suite = FakeSuite::default();
        let suite_server = testkit::serve(suite.routes()).await;
        let mails = tempfile::tempdir().expect("a folder");
        let sink = mail_sink::start(loopback(), mails.path())
            .await
            .expect("a free port");
        let delivery = DeliveryConfig {
            poll_ms: 20,
            ..DeliveryConfig::default()
        };
        let others = connect(&suite_server.url(), ServiceToken::none()).expect("a URL");
        let notifications = Notifications {
            db: db.pool().clone(),
            clock: clock.clone(),
            page_key: PageKey::new(&[7; 32]),
            billing: others.clone(),
            portal_auth: others,
            smtp: Smtp::new(&sink.url(), &delivery).expect("a URL"),
            templates: Arc::new(Templates::load().expect("the templates")),
            pay_page_url: "https://pay.evenkeel.example".to_owned(),
            outcomes: Outcomes::default(),
            delivery,
        };
        let stop = CancellationToken::new();
        let url = serve(&notifications, &clock, &stop).await;
        let app = Self {
            practice: PracticeId::new(&clock),
            client: ClientId::new(&clock),
            bill: BillId::new(&clock),
            db,
            clock,
            notifications,
            suite,
            sink,
            mails,
            portal_auth: FakeFeed::default(),
            billing: FakeFeed::default(),
            payments: FakeFeed::default(),
            url,
            stop,
            _suite_server: suite_server,
        };
        app.follow("portal-auth", &app.portal_auth, Portal(app.clock.clone()));
        app.follow("billing", &app.billing, Bills(app.clock.clone()));
        app.follow("payments", &app.payments, Payments(app.clock.clone()));
        app.register(app.practice, practice());
        app.until_registered().await;
        app.add_client(app.client, "alex@client.example");
        app.add_bill(app.bill, "K7M2-9QXD", 4_000);
        app
    }

    async fn until_registered(&self) {
        eventually(SOON, "the practice is known", || async {
            let known: i64 = sqlx::query_scalar("select count(*) from notifications.practices")
                .fetch_one(self.db.owner_pool())
                .await
                .expect("a count");
            (known > 0).then_some(())
        })
        .await;
    }

    fn follow(&self, source: &'static str, feed: &FakeFeed, handler: impl Handler) {
        let follows = Follow {
            buckets: 1,
            shortest_pause: Duration::from_millis(5),
            ..Follow::new(SCHEMA, source, self.clock.clone())
        };
        let pool = self.notifications.db.clone();
        tokio::spawn(follow(
            follows,
            pool,
            feed.clone(),
            handler,
            self.stop.clone(),
        ));
    }

    /// A worker; aborted, it is like one that was killed.
    pub fn start_worker(&self) -> JoinHandle<()> {
        tokio::spawn(deliver_messages(
            self.notifications.clone(),
            self.stop.clone(),
        ))
    }

    pub fn register(&self, practice_id: PracticeId, practice: Practice) {
        let practice = Practice {
            practice_id: practice_id.to_string(),
            ..practice
        };
        let event = PracticeRegistered {
            practice: Some(practice),
        };
        let announcement = Announcement::of(EventId::new(&self.clock), &event);
        self.portal_auth
            .announce(&self.clock, practice_id, announcement);
    }

    pub fn add_client(&self, client: ClientId, email: &str) {
        let client = Client {
            client_id: client.to_string(),
            given_name: "CANARY-given".to_owned(),
            family_name: "CANARY-family".to_owned(),
            email: email.to_owned(),
            ..Client::default()
        };
        let id = client.client_id.clone();
        let found = GetClientResponse {
            client: Some(client),
            ..GetClientResponse::default()
        };
        self.suite.books().clients.insert(id, found);
    }

    pub fn add_bill(&self, bill: BillId, reference: &str, due_minor: i64) {
        let line = BillLine {
            description: "CANARY-service".to_owned(),
            service_code: "CANARY-90837".to_owned(),
            clinician_name: "CANARY-clinician".to_owned(),
            ..BillLine::default()
        };
        let bill = Bill {
            bill_id: bill.to_string(),
            client_id: self.client.to_string(),
            number: 41,
            reference: reference.to_owned(),
            status: BillStatus::Open.into(),
            due_date: Some(DUE),
            lines: vec![line],
            total: Some(usd(15_000)),
            client_owes: Some(usd(due_minor)),
            client_balance: Some(usd(due_minor)),
            insurance_balance: Some(usd(0)),
            comments: "CANARY-comment".to_owned(),
            ..Bill::default()
        };
        self.suite.books().bills.insert(bill.bill_id.clone(), bill);
    }

    /// The client pays the bill, somewhere else.
    pub fn settle_bill(&self) {
        let mut books = self.suite.books();
        let bill = books
            .bills
            .get_mut(&self.bill.to_string())
            .expect("the bill");
        bill.client_balance = Some(usd(0));
        bill.set_status(BillStatus::Paid);
    }

    /// All mails that the mail server has, oldest first, as bytes.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(self.mails.path()).expect("the folder");
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        paths.sort();
        paths
            .iter()
            .map(|path| std::fs::read(path).expect("a mail"))
            .collect()
    }

    pub async fn list(&self, request: ListMessagesRequest) -> Vec<Message> {
        let request = ListMessagesRequest {
            practice_id: self.practice.to_string(),
            ..request
        };
        let mut client = self.owner_of(self.practice);
        client
            .list_messages(request)
            .await
            .expect("listed")
            .into_inner()
            .messages
    }

    pub async fn messages(&self) -> Vec<Message> {
        self.list(ListMessagesRequest::default()).await
    }

    /// Waits until so many mails stand so, and answers them, newest first.
    pub async fn until(&self, count: usize, state: MessageState) -> Vec<Message> {
        eventually(SOON, &format!("{count} mails are {state:?}"), || async {
            let mut messages = self.messages().await;
            messages.retain(|message| message.state() == state);
            (messages.len() == count).then_some(messages)
        })
        .await
    }

    /// Waits until the one mail was tried so often and waits again.
    pub async fn until_postponed(&self, attempts: i32) -> Message {
        eventually(SOON, &format!("{attempts} attempts"), || async {
            let message = self.messages().await.into_iter().next()?;
            (message.attempts == attempts && message.state() == MessageState::Queued)
                .then_some(message)
        })
        .await
    }

    /// Time for what should not happen.
    pub async fn a_while(&self) {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }

    pub fn owner_of(&self, practice: PracticeId) -> MessageServiceClient<Connection> {
        let clock = self.clock.clone();
        let token = ServiceToken::fetched(clock.clone(), move || {
            let now = clock.now().as_second();
            let claims = Claims {
                iss: ISSUER.to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: "user_00000000000000000000000001".to_owned(),
                role: Role::Owner,
                practice_id: Some(practice.to_string()),
                bill_id: None,
                client_ids: Vec::new(),
                contact_id: None,
                iat: now,
                exp: now + 600,
            };
            let expire_time = jiff::Timestamp::from_second(claims.exp).expect("an instant");
            let token = Token {
                value: sign(&claims),
                expire_time,
            };
            async move { Ok(token) }
        });
        MessageServiceClient::new(connect(&self.url, token).expect("a URL"))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(notifications: &Notifications, clock: &Clock, stop: &CancellationToken) -> String {
    let feed = Feed::start(notifications.db.clone(), SCHEMA, stop.clone());
    let limits = Limits {
        drain_notice: Duration::ZERO,
        ..Limits::default()
    };
    let config = ServeConfig {
        limits,
        ..ServeConfig::new(SCHEMA, loopback(), loopback())
    };
    let keys = Keys::fixed(&JwkSet {
        keys: vec![public_key()],
    });
    let verifier = Arc::new(Verifier::new(keys, clock.clone()));
    let routes = notifications::routes(notifications, feed);
    let bound = Server::new(routes, verifier, clock.clone())
        .bind(config)
        .await;
    let bound = bound.expect("free ports");
    let url = format!("http://{}", bound.address());
    tokio::spawn(bound.run(stop.clone().cancelled_owned()));
    url
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub fn practice() -> Practice {
    Practice {
        name: "Harbor Light Counseling".to_owned(),
        time_zone: "America/New_York".to_owned(),
        currency_code: "USD".to_owned(),
        address_lines: vec!["12 Wharf Street".to_owned(), "Boston, MA 02110".to_owned()],
        phone: "(617) 555-0142".to_owned(),
        email: "billing@harborlight.example".to_owned(),
        ..Practice::default()
    }
}

pub fn usd(minor_units: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        minor_units,
    }
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
