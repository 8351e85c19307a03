use super::payment_service::request_key;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use proto::payments::v1::method_service_server::MethodService;
use proto::payments::v1::{
    FinishMethodSetupRequest, FinishMethodSetupResponse, GetMethodRequest, GetMethodResponse,
    ListMethodsRequest, ListMethodsResponse, RemoveMethodRequest, RemoveMethodResponse,
    ReplaceMethodRequest, ReplaceMethodResponse, SetDefaultMethodRequest, SetDefaultMethodResponse,
    SetMethodHsaFsaRequest, SetMethodHsaFsaResponse, SetUpMethodRequest, SetUpMethodResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl MethodService for Payments {
    async fn set_up_method(
        &self,
        request: Request<SetUpMethodRequest>,
    ) -> Result<Response<SetUpMethodResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetUpMethod", &asked)?;
        let asked = wire::method::set_up_method(practice, &asked)?;
        let begun = ops::set_up_method(self, &caller, &key, asked).await?;
        Ok(Response::new(SetUpMethodResponse {
            setup: Some(wire::method::setup(&begun)),
        }))
    }

    async fn finish_method_setup(
        &self,
        request: Request<FinishMethodSetupRequest>,
    ) -> Result<Response<FinishMethodSetupResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "FinishMethodSetup", &asked)?;
        let setup = parse(&asked.setup_id, "setup_id")?;
        let finished = ops::finish_method_setup(self, &caller, &key, (practice, setup)).await?;
        Ok(Response::new(FinishMethodSetupResponse {
            setup: Some(wire::method::setup(&finished)),
        }))
    }

    async fn list_methods(
        &self,
        request: Request<ListMethodsRequest>,
    ) -> Result<Response<ListMethodsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse(&asked.client_id, "client_id")?;
        let contact = parse::optional(&asked.contact_id, "contact_id")?;
        let methods = ops::list_methods(self, &caller, practice, (client, contact)).await?;
        Ok(Response::new(ListMethodsResponse {
            methods: methods.iter().map(wire::method::method).collect(),
        }))
    }

    async fn get_method(
        &self,
        request: Request<GetMethodRequest>,
    ) -> Result<Response<GetMethodResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let method = parse(&asked.method_id, "method_id")?;
        let found = ops::get_method(self, &caller, practice, method).await?;
        Ok(Response::new(GetMethodResponse {
            method: Some(wire::method::method(&found)),
        }))
    }

    async fn set_default_method(
        &self,
        request: Request<SetDefaultMethodRequest>,
    ) -> Result<Response<SetDefaultMethodResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetDefaultMethod", &asked)?;
        let method = parse(&asked.method_id, "method_id")?;
        let preferred = ops::set_default_method(self, &caller, &key, (practice, method)).await?;
        Ok(Response::new(SetDefaultMethodResponse {
            method: Some(wire::method::method(&preferred)),
        }))
    }

    async fn replace_method(
        &self,
        request: Request<ReplaceMethodRequest>,
    ) -> Result<Response<ReplaceMethodResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "ReplaceMethod", &asked)?;
        let method = parse(&asked.method_id, "method_id")?;
        let what = (practice, method, asked.hsa_fsa);
        let begun = ops::replace_method(self, &caller, &key, what).await?;
        Ok(Response::new(ReplaceMethodResponse {
            setup: Some(wire::method::setup(&begun)),
        }))
    }

    async fn remove_method(
        &self,
        request: Request<RemoveMethodRequest>,
    ) -> Result<Response<RemoveMethodResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "RemoveMethod", &asked)?;
        let method = parse(&asked.method_id, "method_id")?;
        let (removed, default_needed) =
            ops::remove_method(self, &caller, &key, (practice, method)).await?;
        Ok(Response::new(RemoveMethodResponse {
            method: Some(wire::method::method(&removed)),
            default_needed,
        }))
    }

    async fn set_method_hsa_fsa(
        &self,
        request: Request<SetMethodHsaFsaRequest>,
    ) -> Result<Response<SetMethodHsaFsaResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetMethodHsaFsa", &asked)?;
        let method = parse(&asked.method_id, "method_id")?;
        let what = (practice, method, asked.hsa_fsa);
        let said = ops::set_method_hsa_fsa(self, &caller, &key, what).await?;
        Ok(Response::new(SetMethodHsaFsaResponse {
            method: Some(wire::method::method(&said)),
        }))
    }
}
