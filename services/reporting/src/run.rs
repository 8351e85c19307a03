use crate::wire::head::BillingHead;
use crate::work::Books;
use crate::{BILLING, Config, Reporting, SCHEMA};
use ::rpc::{Limits, Routes, ServeConfig, Server, connect};
use anyhow::Context as _;
use clock::Clock;
use pg::PageKey;
use pg::feed::{Follow, RemoteFeed, follow};
use proto::reporting::v1::report_service_server::ReportServiceServer;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
        .token("reporting", &clock)
        .context("portal-auth's address")?;
    let billing = connect(&config.billing_url, token).context("billing's address")?;
    let reporting = Reporting {
        db: pg::connect(&config.pg, SCHEMA)
            .await
            .context("reporting's database")?,
        page_key: PageKey::new(&Sha256::digest(config.page_secret.expose_secret()).into()),
        billing: BillingHead::new(billing.clone()),
        clock: clock.clone(),
    };
    let stop = CancellationToken::new();
    let books = tokio::spawn(follow(
        Follow::new(SCHEMA, BILLING, clock.clone()),
        reporting.db.clone(),
        RemoteFeed::new(billing),
        Books,
        stop.clone(),
    ));

    let verifier = config.suite.verifier(&clock);
    let db = reporting.db.clone();
    let server = Server::new(routes(&reporting), verifier, clock).ready_when(move || {
        let db = db.clone();
        async move {
            pg::ready(&db)
                .await
                .map_err(|error| format!("database: {error}"))
        }
    });
    let serve = ServeConfig {
        limits: Limits {
            drain_notice: Duration::from_millis(config.drain_notice_ms),
            ..Limits::default()
        },
        ..ServeConfig::new("reporting", config.listen, config.admin)
    };
    let served = ::rpc::serve(serve, server, shutdown).await;
    stop.cancel();
    let _ = books.await;
    served.context("reporting's server")
}

/// The gRPC services, also for tests that serve them in process. There is no feed among them: reporting says nothing
/// that billing has not said.
#[must_use]
pub fn routes(reporting: &Reporting) -> Routes {
    Routes::new().offer(ReportServiceServer::new(reporting.clone()))
}
