use crate::secrets::{Secrets, digest};
use crate::signing::{Grant, Signing, TOKEN_LIFETIME};
use crate::work::{Bills, keep_keys, sweep_attempts};
use crate::{Config, PortalAuth, SCHEMA};
use ::rpc::{
    Caller, Denied, Keys, Limits, Role, Routes, ServeConfig, Server, ServiceToken, Token, Verifier,
};
use anyhow::Context as _;
use axum::Json;
use axum::routing::get;
use clock::Clock;
use ids::PracticeId;
use pg::feed::{Feed, FeedService, Follow, RemoteFeed, follow};
use proto::portal_auth::v1::access_code_service_server::AccessCodeServiceServer;
use proto::portal_auth::v1::practice_service_server::PracticeServiceServer;
use proto::portal_auth::v1::sign_in_service_server::SignInServiceServer;
use secrecy::ExposeSecret as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Extensions, Status};

/// Hashes at once: 19 MiB each.
const HASHES_AT_ONCE: usize = 2;

/// Serves until `shutdown`, then drains.
pub async fn run(
    config: Config,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let portal = connect(&config, clock).await?;
    let stop = CancellationToken::new();
    let feed = Feed::start(portal.db.clone(), SCHEMA, stop.clone());
    let keys = Keys::fixed(&portal.signing.jwks());

    let billing =
        ::rpc::connect(&config.billing_url, own_token(&portal)).context("billing's address")?;
    let follower = tokio::spawn(follow(
        Follow::new(SCHEMA, "billing", portal.clock.clone()),
        portal.db.clone(),
        RemoteFeed::new(billing),
        Bills(portal.clone()),
        stop.clone(),
    ));
    let sweeper = tokio::spawn(
        stop.clone()
            .run_until_cancelled_owned(sweep_attempts(portal.clone())),
    );
    let keeper = tokio::spawn(
        stop.clone()
            .run_until_cancelled_owned(keep_keys(portal.clone(), keys.clone())),
    );

    let limits = Limits {
        drain_notice: Duration::from_millis(config.drain_notice_ms),
        ..Limits::default()
    };
    let serve_config = ServeConfig {
        limits,
        ..ServeConfig::new("portal-auth", config.listen, config.admin)
    };
    let served = ::rpc::serve(serve_config, server(&portal, feed, keys), shutdown).await;
    stop.cancel();
    let _ = tokio::join!(follower, sweeper, keeper);
    served.context("portal-auth's server")
}

/// The service with its connections and keys, before it serves.
async fn connect(config: &Config, clock: Clock) -> anyhow::Result<PortalAuth> {
    let portal = PortalAuth {
        db: pg::connect(&config.pg, SCHEMA)
            .await
            .context("portal-auth's database")?,
        secrets: Arc::new(Secrets::new(config.master_key.expose_secret(), &clock)?),
        signing: Signing::default(),
        setup_token_digest: config
            .setup_token
            .as_ref()
            .map(|token| digest(token.expose_secret())),
        service_secret_digests: Arc::new(service_secrets(config.service_secrets.expose_secret())?),
        hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
        clock,
    };
    portal
        .signing
        .load(&portal)
        .await
        .context("the signing keys")?;
    Ok(portal)
}

/// All that is served: the gRPC services, `/jwks.json` and readiness. Tests serve it in their own process.
pub fn server(portal: &PortalAuth, feed: Feed, keys: Keys) -> Server {
    let verifier = Arc::new(Verifier::new(keys, portal.clock.clone()));
    Server::new(routes(portal, feed), verifier, portal.clock.clone())
        .admin(jwks_page(portal.signing.clone()))
        .ready_when(ready(portal.clone()))
}

/// The gRPC services.
pub fn routes(portal: &PortalAuth, feed: Feed) -> Routes {
    Routes::new()
        .offer(PracticeServiceServer::new(portal.clone()))
        .offer(SignInServiceServer::new(portal.clone()))
        .offer(AccessCodeServiceServer::new(portal.clone()))
        .offer(FeedService::server(feed, may_read))
}

fn may_read(extensions: &Extensions, practice: PracticeId) -> Result<(), Status> {
    let caller = extensions
        .get::<Caller>()
        .ok_or_else(|| Denied::not_found("practice", practice))?;
    Ok(caller.within(practice)?)
}

/// portal-auth signs its own token to read others' feeds.
fn own_token(portal: &PortalAuth) -> ServiceToken {
    let portal = portal.clone();
    ServiceToken::fetched(portal.clock.clone(), move || {
        let grant = Grant {
            subject: "service:portal-auth".to_owned(),
            role: Role::Service,
            practice_id: None,
            bill_id: None,
            lifetime: TOKEN_LIFETIME,
        };
        let signed = portal.signing.sign(grant, portal.clock.now());
        async move {
            let token = signed.map_err(Status::from)?;
            Ok(Token {
                value: token.text,
                expire_time: token.expire_time,
            })
        }
    })
}

fn jwks_page(signing: Signing) -> axum::Router {
    axum::Router::new().route(
        "/jwks.json",
        get(move || async move { Json(signing.jwks()) }),
    )
}

fn ready(
    portal: PortalAuth,
) -> impl Fn() -> futures::future::BoxFuture<'static, Result<(), String>> {
    move || {
        let db = portal.db.clone();
        Box::pin(async move {
            pg::ready(&db)
                .await
                .map_err(|error| format!("database: {error}"))
        })
    }
}

/// `billing=…,payments=…`
fn service_secrets(text: &str) -> anyhow::Result<HashMap<String, [u8; 32]>> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, secret) = pair
                .split_once('=')
                .context("service secrets read name=secret,name=secret")?;
            anyhow::ensure!(
                secret.len() >= 32,
                "the secret of {name} must have at least 32 characters"
            );
            Ok((name.to_owned(), digest(secret)))
        })
        .collect()
}
