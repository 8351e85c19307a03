use crate::access::{Access, Table, TableError};
use crate::admin::{self, Readiness, ReadyCheck};
use crate::authenticate::Authenticate;
use crate::buffer::Buffer;
use crate::deadline::Deadline;
use crate::layer::{Layer, Stack};
use crate::measure::Measure;
use crate::rerun::Rerun;
use crate::routes::Routes;
use crate::serve_config::{ServeConfig, ServeError};
use crate::shed::Shed;
use crate::token::Verifier;
use crate::trace::Trace;
use clock::Clock;
use http::{Request, Response};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Layer as _;
use tower::util::BoxCloneService;

/// What a service brings to be served.
#[derive(Clone)]
pub struct Server {
    routes: Routes,
    verifier: Arc<Verifier>,
    clock: Clock,
    contracts: &'static [u8],
    admin: axum::Router,
    ready: Option<ReadyCheck>,
}

impl Server {
    /// These routes, for callers whose tokens this verifier accepts.
    #[must_use]
    pub fn new(routes: Routes, verifier: Arc<Verifier>, clock: Clock) -> Self {
        Self {
            routes,
            verifier,
            clock,
            contracts: proto::DESCRIPTOR_SET,
            admin: axum::Router::new(),
            ready: None,
        }
    }

    /// Another descriptor set than the suite's.
    #[must_use]
    pub fn contracts(mut self, descriptor_set: &'static [u8]) -> Self {
        self.contracts = descriptor_set;
        self
    }

    /// Adds routes to the admin port, such as `/jwks.json`.
    #[must_use]
    pub fn admin(mut self, router: axum::Router) -> Self {
        self.admin = self.admin.merge(router);
        self
    }

    /// `/readyz` asks this, at most two seconds long; the error says what is missing.
    #[must_use]
    pub fn ready_when<F, Fut>(mut self, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.ready = Some(Arc::new(move || Box::pin(check())));
        self
    }

    /// Takes both ports and checks the contracts.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(self, config: ServeConfig) -> Result<Bound, ServeError> {
        let table = Table::read(self.contracts)?;
        for name in &self.routes.names {
            if !table.has_service(name) {
                return Err(TableError::NoContract((*name).to_owned()).into());
            }
        }
        let listener = listen(config.service, config.listen).await?;
        let admin_listener = listen(config.service, config.admin).await?;
        let bound = |listener: &TcpListener, address| ServeError::Bind {
            service: config.service,
            address,
            source: io::Error::other(format!("{listener:?} has no address")),
        };
        let address = listener
            .local_addr()
            .map_err(|_| bound(&listener, config.listen))?;
        let admin_address = admin_listener
            .local_addr()
            .map_err(|_| bound(&admin_listener, config.admin))?;
        Ok(Bound {
            server: self,
            config,
            table,
            listener,
            admin_listener,
            address,
            admin_address,
        })
    }
}

/// A server that holds its ports and waits to run.
pub struct Bound {
    server: Server,
    config: ServeConfig,
    table: Table,
    listener: TcpListener,
    admin_listener: TcpListener,
    address: SocketAddr,
    admin_address: SocketAddr,
}

/// The steps of going down: first tell, then close.
#[derive(Clone, Default)]
struct Stops {
    draining: CancellationToken,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Bound {
    /// Where gRPC is served; the port is the real one when 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin pages are served.
    #[must_use]
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Serves until `shutdown`, then drains: health says NOT_SERVING, after the notice no connection is accepted and
    /// streams end, and what is under way is finished, the writes of clients that have gone included.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServeError> {
        let stops = Stops::default();
        let limits = self.config.limits.clone();
        let service = self.config.service;
        tracing::info!(service, address = %self.address, admin = %self.admin_address, "serving");
        let (health, names) = (HealthReporter::new(), self.server.routes.names.clone());
        for name in &names {
            health
                .set_service_status(name, ServingStatus::Serving)
                .await;
        }
        let admin_stop = CancellationToken::new();
        let (grpc, admin) = self.start(&stops, &health, admin_stop.clone())?;
        let mut grpc = grpc;
        tokio::select! {
            () = shutdown => {}
            ended = &mut grpc => ended??,
        }
        tracing::info!(service, "draining");
        stops.draining.cancel();
        for name in names.iter().copied().chain([""]) {
            health
                .set_service_status(name, ServingStatus::NotServing)
                .await;
        }
        tokio::time::sleep(limits.drain_notice).await;
        stops.closing.cancel();
        stops.tasks.close();
        let finished = tokio::time::timeout(limits.drain, async {
            if !grpc.is_finished() {
                (&mut grpc).await??;
            }
            stops.tasks.wait().await;
            Ok::<(), ServeError>(())
        });
        match finished.await {
            Ok(served) => served?,
            Err(_) => {
                tracing::warn!(
                    service,
                    writes = stops.tasks.len(),
                    "the drain took too long"
                );
                grpc.abort();
            }
        }
        admin_stop.cancel();
        end_pages(service, admin).await?;
        tracing::info!(service, "stopped");
        Ok(())
    }

    fn start(
        self,
        stops: &Stops,
        health: &HealthReporter,
        admin_stop: CancellationToken,
    ) -> Result<Servers, ServeError> {
        let layers = self.layers(stops);
        let services = self
            .server
            .routes
            .services
            .add_service(tonic_health::pb::health_server::HealthServer::new(
                tonic_health::server::HealthService::from_health_reporter(health.clone()),
            ))
            .add_service(reflection(self.server.contracts, &self.server.routes.names).build_v1()?)
            .add_service(
                reflection(self.server.contracts, &self.server.routes.names).build_v1alpha()?,
            );
        let stack = Stack::new(layers, services);
        let service: Boxed = if self.config.grpc_web {
            BoxCloneService::new(tonic_web::GrpcWebLayer::new().layer(stack))
        } else {
            BoxCloneService::new(stack)
        };
        let grpc = tokio::spawn(
            transport(&self.config).serve_with_incoming_shutdown(
                service,
                TcpIncoming::from(self.listener)
                    .with_nodelay(Some(true))
                    .with_keepalive(Some(Duration::from_secs(60))),
                stops.closing.clone().cancelled_owned(),
            ),
        );
        let readiness = Readiness {
            check: self.server.ready,
            draining: stops.draining.clone(),
        };
        let pages = axum::serve(
            self.admin_listener,
            admin::router(readiness, self.server.admin),
        );
        let admin = tokio::spawn(
            pages
                .with_graceful_shutdown(admin_stop.cancelled_owned())
                .into_future(),
        );
        Ok((grpc, admin))
    }

    /// The whole stack, outermost first.
    fn layers(&self, stops: &Stops) -> Vec<Box<dyn Layer>> {
        let Self {
            server,
            config,
            table,
            ..
        } = self;
        let (service, limits) = (config.service, &config.limits);
        vec![
            Box::new(Trace {
                service,
                clock: server.clock.clone(),
            }),
            Box::new(Measure {
                service,
                table: table.clone(),
            }),
            Box::new(Shed {
                table: table.clone(),
                requests: Arc::new(Semaphore::new(limits.requests)),
                streams: Arc::new(Semaphore::new(limits.streams)),
                closing: stops.closing.clone(),
            }),
            Box::new(Deadline {
                table: table.clone(),
                default: limits.timeout,
                longest: limits.longest_timeout,
            }),
            Box::new(Authenticate {
                verifier: Arc::clone(&server.verifier),
                behind_gateway: config.behind_gateway,
            }),
            Box::new(Access {
                table: table.clone(),
            }),
            Box::new(Buffer {
                table: table.clone(),
                message_bytes: limits.message_bytes,
            }),
            Box::new(Rerun {
                table: table.clone(),
                tasks: stops.tasks.clone(),
            }),
        ]
    }
}

type Boxed = BoxCloneService<Request<Body>, Response<Body>, Infallible>;
type Servers = (
    JoinHandle<Result<(), tonic::transport::Error>>,
    JoinHandle<io::Result<()>>,
);

/// Binds and runs; see [`Server::bind`] and [`Bound::run`].
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(
    config: ServeConfig,
    server: Server,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    server.bind(config).await?.run(shutdown).await
}

/// Lets pages that are being read end, but waits for no reader that holds on.
async fn end_pages(
    service: &str,
    mut admin: JoinHandle<io::Result<()>>,
) -> Result<(), tokio::task::JoinError> {
    match tokio::time::timeout(Duration::from_secs(1), &mut admin).await {
        Ok(ended) => {
            if let Err(error) = ended? {
                tracing::warn!(service, %error, "the admin server failed");
            }
        }
        Err(_) => admin.abort(),
    }
    Ok(())
}

async fn listen(service: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            ServeError::PortTaken { service, address }
        } else {
            ServeError::Bind {
                service,
                address,
                source,
            }
        }
    })
}

fn reflection(
    contracts: &'static [u8],
    names: &[&'static str],
) -> tonic_reflection::server::Builder<'static> {
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(contracts)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    names
        .iter()
        .fold(builder, |builder, name| builder.with_service_name(*name))
}

/// HTTP/2 as the suite speaks it. No grace for old connections: with one, tonic cuts them instead of saying GOAWAY.
fn transport(config: &ServeConfig) -> tonic::transport::Server {
    let age = config
        .limits
        .connection_age
        .mul_f64(rand::random_range(0.9..1.1));
    tonic::transport::Server::builder()
        .accept_http1(config.grpc_web)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .http2_max_header_list_size(32 * 1024)
        .max_concurrent_streams(1_000)
        .max_connection_age(age)
}
