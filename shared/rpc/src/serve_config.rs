use crate::access::TableError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Where a server listens and how it stands to the outside.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// The service's name in logs and metrics.
    pub service: &'static str,
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Where `/metrics`, `/livez` and `/readyz` are served.
    pub admin: SocketAddr,
    /// Only the gateway and services of the suite can reach the port, so the gateway's word for where a request came
    /// from (`x-client-address`) is believed.
    pub behind_gateway: bool,
    /// Speaks grpc-web itself, for development without a gateway.
    pub grpc_web: bool,
    /// How much, and how long.
    pub limits: Limits,
}

impl ServeConfig {
    /// Behind the gateway, with the usual limits.
    #[must_use]
    pub fn new(service: &'static str, listen: SocketAddr, admin: SocketAddr) -> Self {
        Self {
            service,
            listen,
            admin,
            behind_gateway: true,
            grpc_web: false,
            limits: Limits::default(),
        }
    }
}

/// How much a server takes, and how long things may last.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Of one request's message; 4 MiB at most, where tonic's own limit stands.
    pub message_bytes: usize,
    /// Requests worked on at once; more are refused with RESOURCE_EXHAUSTED.
    pub requests: usize,
    /// Streams open at once.
    pub streams: usize,
    /// For a request that brings no deadline.
    pub timeout: Duration,
    /// For one that brings a longer one.
    pub longest_timeout: Duration,
    /// Between saying NOT_SERVING and refusing connections, for balancers to notice.
    pub drain_notice: Duration,
    /// How long requests and writes that are under way may take after that.
    pub drain: Duration,
    /// After this time, give or take a tenth, a connection is asked to come again, maybe to another replica.
    pub connection_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1024 * 1024,
            requests: 512,
            streams: 256,
            timeout: Duration::from_secs(10),
            longest_timeout: Duration::from_secs(60),
            drain_notice: Duration::from_secs(3),
            drain: Duration::from_secs(20),
            connection_age: Duration::from_secs(600),
        }
    }
}

/// Why a server does not start or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("{service} cannot listen on port {}: it is taken ({address})", address.port())]
    PortTaken {
        /// The service that wanted it.
        service: &'static str,
        /// The address that is taken.
        address: SocketAddr,
    },
    /// The address is not ours, or not allowed.
    #[error("{service} cannot listen on {address}")]
    Bind {
        /// The service that wanted it.
        service: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The contracts do not say who may call.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The descriptor set cannot be offered by reflection.
    #[error("reflection cannot be offered")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The gRPC server failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
    /// A server's task panicked.
    #[error("a server task failed")]
    Task(#[from] tokio::task::JoinError),
}
