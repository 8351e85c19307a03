use crate::ops::Recordings;
use crate::rpc::billing::Billing;
use crate::work::{
    Bills, Practices, ask_for_cards, compare, process_webhooks, reconcile, run_nights, verify_all,
    watch_expiry,
};
use crate::{Config, Payments, SCHEMA};
use ::rpc::{Caller, Connection, Denied, Limits, Routes, ServeConfig, Server, connect};
use anyhow::Context as _;
use clock::Clock;
use ids::PracticeId;
use pg::PageKey;
use pg::feed::{Feed, FeedService, Follow, RemoteFeed, follow};
use processor::Processor;
use proto::payments::v1::auto_pay_service_server::AutoPayServiceServer;
use proto::payments::v1::card_authorization_service_server::CardAuthorizationServiceServer;
use proto::payments::v1::comparison_service_server::ComparisonServiceServer;
use proto::payments::v1::dispute_service_server::DisputeServiceServer;
use proto::payments::v1::method_service_server::MethodServiceServer;
use proto::payments::v1::payment_service_server::PaymentServiceServer;
use proto::payments::v1::payout_service_server::PayoutServiceServer;
use proto::payments::v1::processor_account_service_server::ProcessorAccountServiceServer;
use proto::payments::v1::upcoming_charge_service_server::UpcomingChargeServiceServer;
use proto::payments::v1::webhook_service_server::WebhookServiceServer;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{Extensions, Status};

const STRIPE_DASHBOARD: &str = "https://dashboard.stripe.com/payments/";
const STRIPE_TEST_DASHBOARD: &str = "https://dashboard.stripe.com/test/payments/";

/// Serves until `shutdown`, then drains.
///
/// # Errors
/// A wrong setting, no database, a taken port.
pub async fn run(
    config: Config,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let suite = &config.suite;
    let token = suite
        .token("payments", &clock)
        .context("portal-auth's address")?;
    let portal_auth =
        connect(&suite.portal_auth_url, token.clone()).context("portal-auth's address")?;
    let billing = connect(&config.billing_url, token).context("billing's address")?;
    let payments = build(&config, &clock, billing.clone()).await?;

    let stop = CancellationToken::new();
    let feed = Feed::start(payments.db.clone(), SCHEMA, stop.clone());
    let practices = tokio::spawn(follow(
        Follow::new(SCHEMA, "portal-auth", clock.clone()),
        payments.db.clone(),
        RemoteFeed::new(portal_auth),
        Practices,
        stop.clone(),
    ));
    let bills = tokio::spawn(follow(
        Follow::new(SCHEMA, "billing", clock.clone()),
        payments.db.clone(),
        RemoteFeed::new(billing),
        Bills,
        stop.clone(),
    ));
    let until_stop = || stop.clone();
    let mut loops = JoinSet::new();
    loops.spawn(until_stop().run_until_cancelled_owned(process_webhooks(payments.clone())));
    loops.spawn(until_stop().run_until_cancelled_owned(reconcile(payments.clone())));
    loops.spawn(until_stop().run_until_cancelled_owned(run_nights(payments.clone())));
    loops.spawn(until_stop().run_until_cancelled_owned(watch_expiry(payments.clone())));
    loops.spawn(until_stop().run_until_cancelled_owned(compare(payments.clone())));
    loops.spawn(until_stop().run_until_cancelled_owned(ask_for_cards(payments.clone())));

    let verifying = tokio::spawn(verify_all(payments.clone(), config.verify, until_stop()));

    let verifier = suite.verifier(&clock);
    let db = payments.db.clone();
    let server = Server::new(routes(&payments, feed), verifier, clock).ready_when(move || {
        let db = db.clone();
        async move {
            let ready = pg::ready(&db).await;
            ready.map_err(|error| format!("database: {error}"))
        }
    });
    let limits = Limits {
        drain_notice: Duration::from_millis(config.drain_notice_ms),
        ..Limits::default()
    };
    let serving = ServeConfig {
        limits,
        ..ServeConfig::new("payments", config.listen, config.admin)
    };
    let served = ::rpc::serve(serving, server, shutdown).await;
    stop.cancel();
    let _ = tokio::join!(practices, bills, verifying, loops.join_all());
    served.context("payments' server")
}

/// The service with its connections, before it serves.
async fn build(config: &Config, clock: &Clock, billing: Connection) -> anyhow::Result<Payments> {
    let processor = Processor::new(config.processor_url.as_deref(), &config.processor_key, None)
        .context("the processor's settings")?
        .with_timeout(Duration::from_millis(config.timing.call_timeout_ms));
    anyhow::ensure!(
        !config.webhook_secrets.is_empty(),
        "without a webhook secret the processor cannot report: set PAYMENTS_WEBHOOK_SECRETS"
    );
    let test_key = config.processor_key.expose_secret().contains("_test_");
    let dashboard = match &config.dashboard_url {
        Some(url) => url,
        None if test_key => STRIPE_TEST_DASHBOARD,
        None => STRIPE_DASHBOARD,
    };
    Ok(Payments {
        db: pg::connect(&config.pg, SCHEMA)
            .await
            .context("payments' database")?,
        clock: clock.clone(),
        page_key: PageKey::new(&Sha256::digest(config.page_secret.expose_secret()).into()),
        processor,
        own_account_required: config.connect_required,
        recordings: Recordings::default(),
        billing: Billing::new(billing),
        webhook_secrets: config.webhook_secrets.as_slice().into(),
        dashboard_url: Arc::from(dashboard),
        timing: config.timing.clone(),
        webhook_came: Arc::new(Notify::new()),
    })
}

/// The gRPC services, also for tests that serve them in process.
#[must_use]
pub fn routes(payments: &Payments, feed: Feed) -> Routes {
    Routes::new()
        .offer(PaymentServiceServer::new(payments.clone()))
        .offer(AutoPayServiceServer::new(payments.clone()))
        .offer(UpcomingChargeServiceServer::new(payments.clone()))
        .offer(MethodServiceServer::new(payments.clone()))
        .offer(CardAuthorizationServiceServer::new(payments.clone()))
        .offer(ComparisonServiceServer::new(payments.clone()))
        .offer(DisputeServiceServer::new(payments.clone()))
        .offer(PayoutServiceServer::new(payments.clone()))
        .offer(ProcessorAccountServiceServer::new(payments.clone()))
        .offer(WebhookServiceServer::new(payments.clone()))
        .offer(FeedService::server(feed, may_read))
}

fn may_read(extensions: &Extensions, practice: PracticeId) -> Result<(), Status> {
    let caller = extensions
        .get::<Caller>()
        .ok_or_else(|| Denied::not_found("practice", practice))?;
    Ok(caller.within(practice)?)
}
