use super::payment_service::request_key;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use proto::payments::v1::processor_account_service_server::ProcessorAccountService;
use proto::payments::v1::{
    ConnectProcessorAccountRequest, ConnectProcessorAccountResponse, GetOnlinePaymentsRequest,
    GetOnlinePaymentsResponse, GetProcessorAccountRequest, GetProcessorAccountResponse,
    SetOnlinePaymentsRequest, SetOnlinePaymentsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ProcessorAccountService for Payments {
    async fn connect_processor_account(
        &self,
        request: Request<ConnectProcessorAccountRequest>,
    ) -> Result<Response<ConnectProcessorAccountResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "ConnectProcessorAccount", &asked)?;
        let asked = wire::account::connect(practice, asked);
        let connected = ops::connect_processor_account(self, &caller, &key, asked).await?;
        Ok(Response::new(wire::account::connected(connected)))
    }

    async fn get_online_payments(
        &self,
        request: Request<GetOnlinePaymentsRequest>,
    ) -> Result<Response<GetOnlinePaymentsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let (enabled, account) = ops::get_online_payments(self, &caller, practice).await?;
        Ok(Response::new(GetOnlinePaymentsResponse {
            enabled,
            processor_account: account.unwrap_or_default(),
        }))
    }

    async fn get_processor_account(
        &self,
        request: Request<GetProcessorAccountRequest>,
    ) -> Result<Response<GetProcessorAccountResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let account = ops::get_processor_account(self, &caller, practice).await?;
        Ok(Response::new(GetProcessorAccountResponse {
            account: Some(wire::account::account(account)),
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
