//! The generated clients over grpc-web, as a browser would call.

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::session_service_client::SessionServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic_web::{GrpcWebCall, GrpcWebClientLayer, GrpcWebClientService};
use tower::Layer;

use super::Bearer;

/// HTTP/1.1 connections, as many as calls are under way.
pub type WebChannel = InterceptedService<
    GrpcWebClientService<Client<HttpConnector, GrpcWebCall<tonic::body::Body>>>,
    Bearer,
>;

/// Clients that share connections and the caller's token.
#[derive(Clone)]
pub struct Web {
    pub sessions: SessionServiceClient<WebChannel>,
    pub bills: BillServiceClient<WebChannel>,
    pub ledger: LedgerServiceClient<WebChannel>,
    pub payments: PaymentServiceClient<WebChannel>,
}

impl Web {
    pub(super) fn at(base: &str, bearer: Bearer) -> anyhow::Result<Self> {
        let origin: http::Uri = base.parse()?;
        anyhow::ensure!(
            origin.scheme_str() == Some("http"),
            "the demo reaches the gateway by http://, not {base}"
        );
        let connections = Client::builder(TokioExecutor::new()).build_http();
        let channel = InterceptedService::new(GrpcWebClientLayer::new().layer(connections), bearer);
        Ok(Self {
            sessions: SessionServiceClient::with_origin(channel.clone(), origin.clone()),
            bills: BillServiceClient::with_origin(channel.clone(), origin.clone()),
            ledger: LedgerServiceClient::with_origin(channel.clone(), origin.clone()),
            payments: PaymentServiceClient::with_origin(channel, origin),
        })
    }
}

impl Interceptor for Bearer {
    fn call(
        &mut self,
        mut request: tonic::Request<()>,
    ) -> Result<tonic::Request<()>, tonic::Status> {
        if let Some(header) = self.header() {
            let value = header
                .parse()
                .map_err(|_| tonic::Status::internal("the token is no header value"))?;
            request.metadata_mut().insert("authorization", value);
        }
        Ok(request)
    }
}
