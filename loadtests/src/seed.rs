//! Practices with clients and large bills, made through gRPC as a practice would.

use crate::progress;
use crate::session::Session;
use crate::stage::Stage;
use anyhow::{Context as _, Result};
use clock::Clock;
use futures::{StreamExt as _, TryStreamExt as _};
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::client_service_client::ClientServiceClient;
use proto::billing::v1::{
    AddClientRequest, AddClinicianRequest, Client, Clinician, IssueBillRequest, ProductLine,
};
use proto::money::v1::Money;
use proto::portal_auth::v1::practice_service_client::PracticeServiceClient;
use proto::portal_auth::v1::{Practice, RegisterPracticeRequest, SignInStaffRequest};
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// Clients of each practice.
pub const CLIENTS: usize = 64;
/// Of the clinician; the example number of those who give them out.
pub const NPI: &str = "1234567893";
/// Bills of each practice, spread over its clients.
pub const BILLS: usize = 500;
/// What each bill asks for, in cents: no scenario pays one in full.
pub const BILL_MINOR: i64 = 100_000_000;

const AT_ONCE: usize = 16;
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a practice may take to become known everywhere.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);

/// A practice of the scenario.
#[derive(Debug)]
pub struct Seeded {
    /// `prac_…`.
    pub practice_id: String,
    /// Its owner.
    pub owner: Session,
    /// Its bills.
    pub bills: Vec<Bill>,
}

/// A bill to pay.
#[derive(Debug, Clone)]
pub struct Bill {
    /// `bill_…`.
    pub bill_id: String,
    /// `cli_…`.
    pub client_id: String,
}

/// Registers `count` practices and fills them.
///
/// # Errors
/// A service refuses.
pub async fn practices(stage: &Stage, count: u32, clock: &Clock) -> Result<Vec<Seeded>> {
    let calls = u64::from(count) * u64::try_from(1 + CLIENTS + BILLS)?;
    let bar = progress::counted("seeding", calls);
    let portal_auth = connect(&stage.suite.ports.url("portal-auth")).await?;
    let billing = connect(&stage.suite.ports.url("billing")).await?;
    let mut practices = Vec::new();
    for _ in 0..count {
        let (practice_id, owner) =
            register(portal_auth.clone(), &stage.suite.secrets.setup_token, clock).await?;
        bar.inc(1);
        let add = |_| async {
            let client = add_client(&billing, &owner, &practice_id, clock).await?;
            bar.inc(1);
            anyhow::Ok(client)
        };
        let clients: Vec<String> = futures::stream::iter(0..CLIENTS)
            .map(add)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let issue = |client_id: String| async {
            let bill = issue_bill(
                &billing,
                &owner,
                &practice_id,
                (client_id, clock.uuid().to_string()),
                &[BILL_MINOR],
            )
            .await?;
            bar.inc(1);
            anyhow::Ok(bill)
        };
        let owing = clients.iter().cycle().take(BILLS).cloned();
        let bills = futures::stream::iter(owing)
            .map(issue)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        practices.push(Seeded {
            practice_id,
            owner,
            bills,
        });
    }
    bar.finish_and_clear();
    Ok(practices)
}

/// Registers a practice with a bill of so many lines for each of its clients.
///
/// # Errors
/// A service refuses.
pub async fn practice(stage: &Stage, lines: usize, clock: &Clock) -> Result<Seeded> {
    let people = people(stage, clock).await?;
    let billing = connect(&stage.suite.ports.url("billing")).await?;
    let prices = vec![BILL_MINOR; lines];
    let issue = |client_id| {
        let of = (client_id, clock.uuid().to_string());
        issue_bill(&billing, &people.owner, &people.practice_id, of, &prices)
    };
    let bills = futures::stream::iter(people.clients)
        .map(issue)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Seeded {
        practice_id: people.practice_id.clone(),
        owner: people.owner.clone(),
        bills,
    })
}

/// A practice with somebody to treat, and nothing recorded yet.
#[derive(Debug)]
pub struct People {
    /// `prac_…`.
    pub practice_id: String,
    /// Its owner.
    pub owner: Session,
    /// `cli_…`, each.
    pub clients: Vec<String>,
    /// `cln_…`.
    pub clinician_id: String,
}

/// Registers a practice with its clients and a clinician.
///
/// # Errors
/// A service refuses.
pub async fn people(stage: &Stage, clock: &Clock) -> Result<People> {
    let portal_auth = connect(&stage.suite.ports.url("portal-auth")).await?;
    let billing = connect(&stage.suite.ports.url("billing")).await?;
    let (practice_id, owner) =
        register(portal_auth, &stage.suite.secrets.setup_token, clock).await?;
    let clients = futures::stream::iter(0..CLIENTS)
        .map(|_| add_client(&billing, &owner, &practice_id, clock))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let message = AddClinicianRequest {
        practice_id: practice_id.clone(),
        request_id: clock.uuid().to_string(),
        clinician: Some(Clinician {
            name: "Dr. Load Test".to_owned(),
            npi: NPI.to_owned(),
            ..Clinician::default()
        }),
    };
    let added = ClientServiceClient::new(billing)
        .add_clinician(owner.request(message, TIMEOUT))
        .await
        .context("adding a clinician")?;
    let clinician = added.into_inner().clinician.context("no clinician")?;
    Ok(People {
        practice_id,
        owner,
        clients,
        clinician_id: clinician.clinician_id,
    })
}

/// A connection of its own.
///
/// # Errors
/// Nobody listens there.
pub async fn connect(url: &str) -> Result<Channel> {
    let endpoint = Channel::from_shared(url.to_owned())?
        .tcp_nodelay(true)
        .connect_timeout(TIMEOUT);
    endpoint.connect().await.with_context(|| url.to_owned())
}

async fn register(
    portal_auth: Channel,
    setup_token: &str,
    clock: &Clock,
) -> Result<(String, Session)> {
    let unique = clock.uuid();
    let sign_in = SignInStaffRequest {
        email: format!("owner-{unique}@load.example"),
        password: format!("load-test-{unique}"),
    };
    let request = RegisterPracticeRequest {
        practice: Some(Practice {
            name: "Load Test Practice".to_owned(),
            time_zone: "America/New_York".to_owned(),
            currency_code: "USD".to_owned(),
            ..Practice::default()
        }),
        request_id: unique.to_string(),
        setup_token: setup_token.to_owned(),
        owner_email: sign_in.email.clone(),
        owner_password: sign_in.password.clone(),
    };
    let registered = PracticeServiceClient::new(portal_auth.clone())
        .register_practice(request)
        .await;
    let practice = registered
        .context("registering a practice")?
        .into_inner()
        .practice
        .context("no practice")?;
    Ok((
        practice.practice_id,
        Session::open(portal_auth, sign_in).await?,
    ))
}

async fn add_client(
    billing: &Channel,
    owner: &Session,
    practice_id: &str,
    clock: &Clock,
) -> Result<String> {
    let message = AddClientRequest {
        practice_id: practice_id.to_owned(),
        request_id: clock.uuid().to_string(),
        // Without an address: nobody gets mail.
        client: Some(Client {
            given_name: "Load".to_owned(),
            family_name: "Test".to_owned(),
            ..Client::default()
        }),
    };
    let client = ClientServiceClient::new(billing.clone());
    let added = patiently(|| {
        let mut client = client.clone();
        let request = owner.request(message.clone(), TIMEOUT);
        async move { client.add_client(request).await }
    })
    .await
    .context("adding a client")?;
    Ok(added.into_inner().client.context("no client")?.client_id)
}

async fn issue_bill(
    billing: &Channel,
    owner: &Session,
    practice_id: &str,
    (client_id, request_id): (String, String),
    prices_minor: &[i64],
) -> Result<Bill> {
    let product = |price_minor: &i64| ProductLine {
        name: "Load test".to_owned(),
        price: Some(dollars(*price_minor)),
    };
    let message = IssueBillRequest {
        practice_id: practice_id.to_owned(),
        request_id,
        client_id: client_id.clone(),
        products: prices_minor.iter().map(product).collect(),
        ..IssueBillRequest::default()
    };
    let bills = BillServiceClient::new(billing.clone());
    let issued = patiently(|| {
        let mut bills = bills.clone();
        let request = owner.request(message.clone(), TIMEOUT);
        async move { bills.issue_bill(request).await }
    })
    .await
    .context("issuing a bill")?;
    Ok(Bill {
        bill_id: issued.into_inner().bill.context("no bill")?.bill_id,
        client_id,
    })
}

/// An amount in US dollars.
pub fn dollars(minor_units: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        minor_units,
    }
}

/// Calls again while the answer is UNAVAILABLE: a practice that was just registered reaches the services by a feed.
///
/// # Errors
/// The last answer, when it is another or comes too late.
pub async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let end = tokio::time::Instant::now() + KNOWN_WITHIN;
    loop {
        match call().await {
            Err(status)
                if status.code() == Code::Unavailable && tokio::time::Instant::now() < end =>
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answer => return answer,
        }
    }
}
