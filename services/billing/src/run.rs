use crate::work::{Payments, Practices, automate, share_scheduled, verify_all};
use crate::{Billing, Config, Postings, SCHEMA, documents, rpc::routes};
use ::rpc::{Caller, Denied, Routes, ServeConfig, Server, connect};
use anyhow::Context as _;
use clock::Clock;
use ids::PracticeId;
use pg::PageKey;
use pg::feed::{Feed, FeedService, Follow, RemoteFeed, follow};
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::{Extensions, Status};

/// Serves until `shutdown`, then drains.
///
/// # Errors
/// A wrong setting, no database, a taken port.
pub async fn run(
    config: Config,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let token = config
        .suite
        .token("billing", &clock)
        .context("portal-auth's address")?;
    let portal_auth =
        connect(&config.suite.portal_auth_url, token.clone()).context("portal-auth's address")?;
    let payments = connect(&config.payments_url, token).context("payments' address")?;
    let billing = Billing {
        db: pg::connect(&config.pg, SCHEMA)
            .await
            .context("billing's database")?,
        page_key: PageKey::new(&Sha256::digest(config.page_secret.expose_secret()).into()),
        access_codes: AccessCodeServiceClient::new(portal_auth.clone()),
        typesetter: documents::typesetter().context("the documents' templates")?,
        postings: Postings::default(),
        pay_page_url: config.pay_page_url,
        clock: clock.clone(),
    };
    let stop = CancellationToken::new();
    let feed = Feed::start(billing.db.clone(), SCHEMA, stop.clone());
    let practices = tokio::spawn(follow(
        Follow::new(SCHEMA, "portal-auth", clock.clone()),
        billing.db.clone(),
        RemoteFeed::new(portal_auth),
        Practices,
        stop.clone(),
    ));
    let money = tokio::spawn(follow(
        Follow::new(SCHEMA, "payments", clock.clone()),
        billing.db.clone(),
        RemoteFeed::new(payments),
        Payments(billing.clone()),
        stop.clone(),
    ));
    let sharing = tokio::spawn(share_scheduled(billing.clone(), stop.clone()));
    let nights = tokio::spawn(automate(billing.clone(), stop.clone()));
    let verifying = tokio::spawn(verify_all(billing.clone(), config.verify, stop.clone()));

    let verifier = config.suite.verifier(&clock);
    let db = billing.db.clone();
    let server = Server::new(service(&billing, feed), verifier, clock).ready_when(move || {
        let db = db.clone();
        async move {
            pg::ready(&db)
                .await
                .map_err(|error| format!("database: {error}"))
        }
    });
    let mut serving = ServeConfig::new("billing", config.listen, config.admin);
    serving.limits.drain_notice = Duration::from_millis(config.drain_notice_ms);
    let served = ::rpc::serve(serving, server, shutdown).await;
    stop.cancel();
    let _ = tokio::join!(practices, money, sharing, nights, verifying);
    served.context("billing's server")
}

/// Every gRPC service of billing, its feed included; also for tests that serve them in process.
#[must_use]
pub fn service(billing: &Billing, feed: Feed) -> Routes {
    routes(billing).offer(FeedService::server(feed, may_read))
}

fn may_read(extensions: &Extensions, practice: PracticeId) -> Result<(), Status> {
    let caller = extensions
        .get::<Caller>()
        .ok_or_else(|| Denied::not_found("practice", practice))?;
    Ok(caller.within(practice)?)
}
