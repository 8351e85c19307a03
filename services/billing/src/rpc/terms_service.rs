use super::request_key;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use proto::billing::v1::terms_service_server::TermsService;
use proto::billing::v1::{
    GetClientTermsRequest, GetClientTermsResponse, GetPracticeTermsRequest,
    GetPracticeTermsResponse, SetClientTermsRequest, SetClientTermsResponse,
    SetPracticeTermsRequest, SetPracticeTermsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl TermsService for Billing {
    async fn set_practice_terms(
        &self,
        request: Request<SetPracticeTermsRequest>,
    ) -> Result<Response<SetPracticeTermsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetPracticeTerms",
            &asked,
        )?;
        let terms = wire::terms::set_practice_terms(asked.terms)?;
        let terms =
            ops::set_practice_terms::set_practice_terms(self, &caller, &key, practice, terms)
                .await?;
        Ok(Response::new(SetPracticeTermsResponse {
            terms: Some(wire::terms::practice_terms(&terms)),
        }))
    }

    async fn get_practice_terms(
        &self,
        request: Request<GetPracticeTermsRequest>,
    ) -> Result<Response<GetPracticeTermsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let terms = ops::get_practice_terms::get_practice_terms(self, &caller, practice).await?;
        Ok(Response::new(GetPracticeTermsResponse {
            terms: Some(wire::terms::practice_terms(&terms)),
        }))
    }

    async fn set_client_terms(
        &self,
        request: Request<SetClientTermsRequest>,
    ) -> Result<Response<SetClientTermsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetClientTerms",
            &asked,
        )?;
        let client = parse(&asked.client_id, "client_id")?;
        let terms = wire::terms::set_client_terms(asked.terms)?;
        let whose = (practice, client);
        let terms =
            ops::set_client_terms::set_client_terms(self, &caller, &key, whose, terms).await?;
        Ok(Response::new(SetClientTermsResponse {
            terms: Some(wire::terms::client_terms(&terms)),
        }))
    }

    async fn get_client_terms(
        &self,
        request: Request<GetClientTermsRequest>,
    ) -> Result<Response<GetClientTermsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse(&asked.client_id, "client_id")?;
        let terms =
            ops::get_client_terms::get_client_terms(self, &caller, practice, client).await?;
        Ok(Response::new(GetClientTermsResponse {
            terms: Some(wire::terms::client_terms(&terms)),
        }))
    }
}
