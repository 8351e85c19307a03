use crate::access::{Identity, is_infrastructure};
use crate::caller::Caller;
use crate::layer::{Answer, Layer, Next};
use crate::token::Verifier;
use http::{HeaderMap, Request, header};
use std::net::IpAddr;
use std::sync::Arc;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;

/// Reads the bearer token and finds out who calls. What follows from it is the next layer's decision.
pub(crate) struct Authenticate {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) behind_gateway: bool,
}

impl Layer for Authenticate {
    fn call(&self, mut request: Request<Body>, next: Next) -> Answer {
        if is_infrastructure(request.uri().path()) {
            return next.run(request);
        }
        let address = self.address(&request);
        let token = bearer(request.headers());
        let verifier = Arc::clone(&self.verifier);
        Box::pin(async move {
            let nobody = Caller {
                address,
                ..Caller::anonymous()
            };
            let identity = match token {
                None => Identity::NoToken(nobody),
                Some(token) => match verifier.verify(&token).await {
                    Ok(caller) => Identity::Known(Caller { address, ..caller }),
                    Err(fault) => Identity::Refused(nobody, fault),
                },
            };
            // The token has done its work; no handler can log it.
            request.headers_mut().remove(header::AUTHORIZATION);
            request.extensions_mut().insert(identity);
            next.run(request).await
        })
    }
}

impl Authenticate {
    /// The gateway overwrites `x-client-address`, so behind it the header is the gateway's own word.
    fn address(&self, request: &Request<Body>) -> Option<IpAddr> {
        let peer = request
            .extensions()
            .get::<TcpConnectInfo>()
            .and_then(TcpConnectInfo::remote_addr)
            .map(|address| address.ip());
        let named = request
            .headers()
            .get("x-client-address")
            .filter(|_| self.behind_gateway)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        named.or(peer)
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}
