use crate::contracts::COUNTER;
use crate::signer::{Signer, owner};
use clock::Clock;
use http::uri::PathAndQuery;
use http::{Request, Response};
use ids::PracticeId;
use rpc::{
    Bound, Caller, Connection, Keys, Limits, Routes, ServeConfig, ServeError, Server, ServiceToken,
    Verifier, connect, enter,
};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::IntervalStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::server::{Grpc, NamedService};
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{BoxError, Service, service_fn};

pub const ADD: &str = "/evenkeel.test.v1.CounterService/Add";
pub const READ: &str = "/evenkeel.test.v1.CounterService/Read";
pub const GREET: &str = "/evenkeel.test.v1.CounterService/Greet";
pub const WATCH: &str = "/evenkeel.test.v1.CounterService/Watch";

#[derive(Clone, PartialEq, prost::Message)]
pub struct Number {
    #[prost(int64, tag = "1")]
    pub value: i64,
    #[prost(bytes = "vec", tag = "2")]
    pub padding: Vec<u8>,
}

impl Number {
    pub fn of(value: i64) -> Self {
        Self {
            value,
            padding: Vec::new(),
        }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Number, Status>> + Send>>;
type Handler = Arc<dyn Fn(Caller, Number) -> Answer + Send + Sync>;

/// The counter service; every unary method is answered by the same handler.
#[derive(Clone)]
pub struct Carrier(Handler);

impl Carrier {
    pub fn answering<F, Fut>(handler: F) -> Self
    where
        F: Fn(Caller, Number) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Number, Status>> + Send + 'static,
    {
        Self(Arc::new(move |caller, number| {
            Box::pin(handler(caller, number))
        }))
    }

    /// Answers with what it is sent.
    pub fn echo() -> Self {
        Self::answering(async |_, number| Ok(number))
    }
}

impl NamedService for Carrier {
    const NAME: &'static str = "evenkeel.test.v1.CounterService";
}

impl Service<Request<Body>> for Carrier {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let handler = Arc::clone(&self.0);
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Number, Number>::default());
            Ok(if request.uri().path() == WATCH {
                let ticks = service_fn(|_: tonic::Request<Number>| async {
                    let every = tokio::time::interval(Duration::from_millis(10));
                    let numbers = IntervalStream::new(every).map(|_| Ok(Number::of(1)));
                    Ok::<_, Status>(tonic::Response::new(numbers))
                });
                grpc.server_streaming(ticks, request).await
            } else {
                let unary = service_fn(move |request: tonic::Request<Number>| {
                    let handler = Arc::clone(&handler);
                    async move {
                        let (caller, number) = enter(request)?;
                        handler(caller, number).await.map(tonic::Response::new)
                    }
                });
                grpc.unary(unary, request).await
            })
        })
    }
}

/// A served carrier, and what is needed to call it.
pub struct Served {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub clock: Clock,
    pub signer: Signer,
    pub practice: PracticeId,
    stop: CancellationToken,
    running: JoinHandle<Result<(), ServeError>>,
}

pub fn quick() -> Limits {
    Limits {
        drain_notice: Duration::from_millis(50),
        drain: Duration::from_secs(5),
        ..Limits::default()
    }
}

pub fn anywhere(limits: Limits) -> ServeConfig {
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    ServeConfig {
        limits,
        ..ServeConfig::new("counter", local, local)
    }
}

pub async fn bound(carrier: Carrier, config: ServeConfig, signer: &Signer) -> Bound {
    let clock = Clock::system();
    let verifier = Arc::new(Verifier::new(Keys::fixed(&signer.set()), clock.clone()));
    Server::new(Routes::new().offer(carrier), verifier, clock)
        .contracts(*COUNTER)
        .bind(config)
        .await
        .expect("two free ports")
}

pub async fn serve(carrier: Carrier) -> Served {
    serve_with(carrier, quick()).await
}

pub async fn serve_with(carrier: Carrier, limits: Limits) -> Served {
    serve_at(carrier, anywhere(limits)).await
}

pub async fn serve_at(carrier: Carrier, config: ServeConfig) -> Served {
    let signer = Signer::new("key-1", 7);
    let clock = Clock::system();
    let bound = bound(carrier, config, &signer).await;
    let (address, admin) = (bound.address(), bound.admin_address());
    let stop = CancellationToken::new();
    let running = tokio::spawn(bound.run(stop.clone().cancelled_owned()));
    let practice = PracticeId::new(&clock);
    Served {
        address,
        admin,
        clock,
        signer,
        practice,
        stop,
        running,
    }
}

impl Served {
    /// As the practice's owner.
    pub fn owner(&self) -> Connection {
        self.with(&self.signer.sign(&owner(&self.clock, self.practice)))
    }

    pub fn with(&self, token: &str) -> Connection {
        self.connection(ServiceToken::fixed(token).expect("ASCII"))
    }

    pub fn nobody(&self) -> Connection {
        self.connection(ServiceToken::none())
    }

    fn connection(&self, token: ServiceToken) -> Connection {
        connect(&format!("http://{}", self.address), token).expect("a URL")
    }

    pub fn begin_stop(&self) {
        self.stop.cancel();
    }

    pub async fn stopped(self) {
        self.stop.cancel();
        self.running.await.expect("no panic").expect("a clean stop");
    }

    pub async fn page(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.admin);
        let response = reqwest::get(url).await.expect("the admin port");
        (
            response.status().as_u16(),
            response.text().await.expect("text"),
        )
    }
}

pub async fn call<C>(
    connection: &C,
    path: &'static str,
    request: impl tonic::IntoRequest<Number>,
) -> Result<tonic::Response<Number>, Status>
where
    C: GrpcService<Body, Error: std::fmt::Debug> + Clone,
    C::ResponseBody: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let mut grpc = tonic::client::Grpc::new(connection.clone());
    grpc.ready().await.expect("a connection");
    let codec = ProstCodec::<Number, Number>::default();
    grpc.unary(
        request.into_request(),
        PathAndQuery::from_static(path),
        codec,
    )
    .await
}

pub async fn watch(connection: &Connection) -> Result<Streaming<Number>, Status> {
    let mut grpc = tonic::client::Grpc::new(connection.clone());
    grpc.ready().await.expect("always ready");
    let (path, codec) = (
        PathAndQuery::from_static(WATCH),
        ProstCodec::<Number, Number>::default(),
    );
    let request = tonic::Request::new(Number::of(0));
    grpc.server_streaming(request, path, codec)
        .await
        .map(tonic::Response::into_inner)
}

/// The reason in a status' `ErrorInfo`, which every error has.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    let info = status.get_details_error_info().expect("ErrorInfo");
    assert_eq!(info.domain, "evenkeel");
    info.reason
}
