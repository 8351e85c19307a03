use super::payment_service::request_key;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use proto::payments::v1::processor_account_service_server::ProcessorAccountService;
use proto::payments::v1::{
    GetProcessorAccountRequest, GetProcessorAccountResponse, SetOnlinePaymentsRequest,
    SetOnlinePaymentsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ProcessorAccountService for Payments {
    async fn get_processor_account(
        &self,
        request: Request<GetProcessorAccountRequest>,
    ) -> Result<Response<GetProcessorAccountResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let (account, on) = ops::get_processor_account(self, &caller, practice).await?;
        Ok(Response::new(GetProcessorAccountResponse {
            account: Some(wire::processor::account(account, on)),
        }))
    }

    async fn set_online_payments(
        &self,
        request: Request<SetOnlinePaymentsRequest>,
    ) -> Result<Response<SetOnlinePaymentsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetOnlinePayments", &asked)?;
        let wanted = (practice, asked.enabled);
        let enabled = ops::set_online_payments(self, &caller, &key, wanted).await?;
        Ok(Response::new(SetOnlinePaymentsResponse { enabled }))
    }
}
