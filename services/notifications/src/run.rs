use crate::letter::Templates;
use crate::ops::record_outcome::Outcomes;
use crate::work::{Bills, Payments, Portal, Smtp, deliver_messages};
use crate::{Config, Notifications, SCHEMA};
use ::rpc::{Caller, Connection, Denied, Routes, ServeConfig, Server, connect};
use anyhow::Context as _;
use clock::Clock;
use ids::PracticeId;
use pg::PageKey;
use pg::feed::{Feed, FeedService, Follow, Handler, RemoteFeed, follow};
use proto::notifications::v1::message_service_server::MessageServiceServer;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
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
        .token(SCHEMA, &clock)
        .context("portal-auth's address")?;
    let portal_auth =
        connect(&config.suite.portal_auth_url, token.clone()).context("portal-auth's address")?;
    let billing = connect(&config.billing_url, token.clone()).context("billing's address")?;
    let payments = connect(&config.payments_url, token).context("payments' address")?;
    let notifications = Notifications {
        db: pg::connect(&config.pg, SCHEMA)
            .await
            .context("notifications' database")?,
        clock: clock.clone(),
        page_key: PageKey::new(&Sha256::digest(config.page_secret.expose_secret()).into()),
        billing: billing.clone(),
        portal_auth: portal_auth.clone(),
        smtp: Smtp::new(config.smtp_url.expose_secret(), &config.delivery)?,
        templates: Arc::new(Templates::load().context("the letters' templates")?),
        pay_page_url: config.pay_page_url.trim_end_matches('/').to_owned(),
        outcomes: Outcomes::default(),
        delivery: config.delivery.clone(),
    };
    let stop = CancellationToken::new();
    let feed = Feed::start(notifications.db.clone(), SCHEMA, stop.clone());
    let followers = [
        following(
            &notifications,
            ("portal-auth", portal_auth),
            Portal(clock.clone()),
            &stop,
        ),
        following(
            &notifications,
            ("billing", billing),
            Bills(clock.clone()),
            &stop,
        ),
        following(
            &notifications,
            ("payments", payments),
            Payments(clock.clone()),
            &stop,
        ),
        tokio::spawn(deliver_messages(notifications.clone(), stop.clone())),
    ];
    let served = serve(&config, &notifications, feed, shutdown).await;
    stop.cancel();
    for follower in followers {
        if let Err(error) = follower.await {
            tracing::error!(%error, "a loop of notifications died");
        }
    }
    served
}

fn following(
    notifications: &Notifications,
    (source, connection): (&'static str, Connection),
    handler: impl Handler,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(follow(
        Follow::new(SCHEMA, source, notifications.clock.clone()),
        notifications.db.clone(),
        RemoteFeed::new(connection),
        handler,
        stop.clone(),
    ))
}

async fn serve(
    config: &Config,
    notifications: &Notifications,
    feed: Feed,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let (clock, db) = (notifications.clock.clone(), notifications.db.clone());
    let verifier = config.suite.verifier(&clock);
    let server = Server::new(routes(notifications, feed), verifier, clock).ready_when(move || {
        let db = db.clone();
        async move {
            pg::ready(&db)
                .await
                .map_err(|error| format!("database: {error}"))
        }
    });
    let mut serving = ServeConfig::new(SCHEMA, config.listen, config.admin);
    serving.limits.drain_notice = Duration::from_millis(config.drain_notice_ms);
    ::rpc::serve(serving, server, shutdown)
        .await
        .context("notifications' server")
}

/// The gRPC services, the feed included; also for tests that serve them in process.
#[must_use]
pub fn routes(notifications: &Notifications, feed: Feed) -> Routes {
    Routes::new()
        .offer(MessageServiceServer::new(notifications.clone()))
        .offer(FeedService::server(feed, may_read))
}

fn may_read(extensions: &Extensions, practice: PracticeId) -> Result<(), Status> {
    let caller = extensions
        .get::<Caller>()
        .ok_or_else(|| Denied::not_found("practice", practice))?;
    Ok(caller.within(practice)?)
}
