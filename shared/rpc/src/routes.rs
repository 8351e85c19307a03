use http::{Request, Response};
use std::convert::Infallible;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

/// The gRPC services that a server offers.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    pub(crate) services: tonic::service::Routes,
    pub(crate) names: Vec<&'static str>,
}

impl Routes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Offers one more: `.offer(BillServiceServer::new(bills))`.
    #[must_use]
    pub fn offer<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.services = self.services.add_service(service);
        self
    }
}
