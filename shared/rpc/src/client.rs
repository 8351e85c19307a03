use crate::balance::balanced;
use crate::context::{Context, RequestId};
use crate::deadline::{GRPC_TIMEOUT, asked, exceeded, shown};
use crate::service_token::ServiceToken;
use crate::trace::{REQUEST_ID, inject};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use std::error::Error;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{Service, ServiceExt as _};

/// For a call that brings no deadline of its own, outside of a request.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a request keeps for itself of the time it has left.
const MARGIN: Duration = Duration::from_millis(20);

/// A lazy connection to a service: `http://host:port` to one address, `dns://host:port` balanced over all addresses
/// of a headless service. Each call carries the service token, what is left of the current request's deadline, its id
/// and its trace.
///
/// Call it inside the tokio runtime.
///
/// # Errors
/// The URL is none.
pub fn connect(url: &str, token: ServiceToken) -> Result<Connection, tonic::transport::Error> {
    let channel = match url.strip_prefix("dns://") {
        Some(authority) => {
            // Fails for what is no host and port; the look-ups need both.
            Endpoint::from_shared(format!("http://{authority}"))?;
            balanced(authority.trim_end_matches('/').to_owned())
        }
        None => tuned(Endpoint::from_shared(url.to_owned())?).connect_lazy(),
    };
    Ok(Connection { channel, token })
}

/// Notices a dead peer within seconds.
pub(crate) fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(Duration::from_millis(500))
        .tcp_nodelay(true)
        .tcp_keepalive(Some(Duration::from_secs(30)))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true)
}

/// What generated clients are made of: `BillServiceClient::new(connection.clone())`. A clone shares the connection.
#[derive(Debug, Clone)]
pub struct Connection {
    channel: Channel,
    token: ServiceToken,
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The channel is waited for in the call, under its deadline.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let (mut channel, token) = (self.channel.clone(), self.token.clone());
        let context = Context::current();
        inject(request.headers_mut());
        Box::pin(async move {
            let timeout = time_for(request.headers(), &context);
            if timeout.is_zero() {
                return Ok(exceeded().into_http());
            }
            let call = async {
                match token.header().await {
                    Ok(Some(bearer)) => {
                        request.headers_mut().insert(header::AUTHORIZATION, bearer);
                    }
                    Ok(None) => {}
                    Err(status) => return Ok(status.into_http()),
                }
                request.headers_mut().insert(GRPC_TIMEOUT, shown(timeout));
                if let Some(RequestId(id)) = &context.request_id
                    && let Ok(id) = HeaderValue::from_str(id)
                {
                    request.headers_mut().insert(REQUEST_ID, id);
                }
                channel.ready().await?.call(request).await
            };
            match tokio::time::timeout(timeout, call).await {
                Ok(Err(error)) if timed_out(&error) => Ok(exceeded().into_http()),
                Ok(answer) => answer,
                Err(_) => Ok(exceeded().into_http()),
            }
        })
    }
}

/// The call's own timeout, or what the request that makes it has left, whichever is less.
fn time_for(headers: &HeaderMap, context: &Context) -> Duration {
    let own = asked(headers).unwrap_or(DEFAULT_TIMEOUT);
    let left = context.deadline.map(|deadline| {
        deadline
            .saturating_duration_since(Instant::now())
            .saturating_sub(MARGIN)
    });
    left.map_or(own, |left| left.min(own))
}

/// tonic's channel keeps the time too and would say CANCELLED.
fn timed_out(error: &tonic::transport::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<tonic::TimeoutExpired>() {
            return true;
        }
        cause = error.source();
    }
    false
}
