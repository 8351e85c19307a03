use crate::{Payments, ops};
use proto::payments::v1::webhook_service_server::WebhookService;
use proto::payments::v1::{ReceiveStripeEventRequest, ReceiveStripeEventResponse};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl WebhookService for Payments {
    async fn receive_stripe_event(
        &self,
        request: Request<ReceiveStripeEventRequest>,
    ) -> Result<Response<ReceiveStripeEventResponse>, Status> {
        let header = request.metadata().get("stripe-signature");
        let signature = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let event = request.into_inner();
        let body = event.body.unwrap_or_default().data;
        ops::receive_stripe_event(self, &event.endpoint_id, &signature, &body).await?;
        Ok(Response::new(ReceiveStripeEventResponse {}))
    }
}
