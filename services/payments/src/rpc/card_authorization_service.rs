use super::payment_service::{request_key, user_agent};
use crate::ops::PageAsked;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::payments::v1::card_authorization_service_server::CardAuthorizationService;
use proto::payments::v1::*;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl CardAuthorizationService for Payments {
    async fn request_card_authorization(
        &self,
        request: Request<RequestCardAuthorizationRequest>,
    ) -> Result<Response<RequestCardAuthorizationResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "RequestCardAuthorization", &asked)?;
        let client = parse(&asked.client_id, "client_id")?;
        let payer = wire::method::payer(client, &asked.contact_id)?;
        let what = (practice, payer, client);
        let form = ops::request_card_authorization(self, &caller, &key, what).await?;
        Ok(Response::new(RequestCardAuthorizationResponse {
            authorization: Some(wire::card_authorization::authorization(&form)),
        }))
    }

    async fn remind_card_authorization(
        &self,
        request: Request<RemindCardAuthorizationRequest>,
    ) -> Result<Response<RemindCardAuthorizationResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "RemindCardAuthorization", &asked)?;
        let id = parse(&asked.authorization_id, "authorization_id")?;
        let form = ops::remind_card_authorization(self, &caller, &key, (practice, id)).await?;
        Ok(Response::new(RemindCardAuthorizationResponse {
            authorization: Some(wire::card_authorization::authorization(&form)),
        }))
    }

    async fn sign_card_authorization(
        &self,
        request: Request<SignCardAuthorizationRequest>,
    ) -> Result<Response<SignCardAuthorizationResponse>, Status> {
        let user_agent = user_agent(&request);
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SignCardAuthorization", &asked)?;
        let asked = wire::card_authorization::sign(practice, asked, user_agent)?;
        let form = ops::sign_card_authorization(self, &caller, &key, asked).await?;
        Ok(Response::new(SignCardAuthorizationResponse {
            authorization: Some(wire::card_authorization::authorization(&form)),
        }))
    }

    async fn revoke_card_authorization(
        &self,
        request: Request<RevokeCardAuthorizationRequest>,
    ) -> Result<Response<RevokeCardAuthorizationResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "RevokeCardAuthorization", &asked)?;
        let id = parse(&asked.authorization_id, "authorization_id")?;
        let form = ops::revoke_card_authorization(self, &caller, &key, (practice, id)).await?;
        Ok(Response::new(RevokeCardAuthorizationResponse {
            authorization: Some(wire::card_authorization::authorization(&form)),
        }))
    }

    async fn get_card_authorization(
        &self,
        request: Request<GetCardAuthorizationRequest>,
    ) -> Result<Response<GetCardAuthorizationResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let id = parse(&asked.authorization_id, "authorization_id")?;
        let (found, form) = ops::get_card_authorization(self, &caller, practice, id).await?;
        Ok(Response::new(GetCardAuthorizationResponse {
            authorization: Some(wire::card_authorization::authorization(&found)),
            form: Some(wire::card_authorization::form(&form)),
        }))
    }

    async fn list_card_authorizations(
        &self,
        request: Request<ListCardAuthorizationsRequest>,
    ) -> Result<Response<ListCardAuthorizationsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::card_authorization::filter(&asked)?;
        let sealed = ListCardAuthorizationsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListCardAuthorizations", &sealed),
        };
        let page = ops::list_card_authorizations(self, &caller, practice, filter, page).await?;
        let forms = page.items.iter();
        Ok(Response::new(ListCardAuthorizationsResponse {
            authorizations: forms.map(wire::card_authorization::authorization).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn set_card_on_file_policy(
        &self,
        request: Request<SetCardOnFilePolicyRequest>,
    ) -> Result<Response<SetCardOnFilePolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetCardOnFilePolicy", &asked)?;
        let (policy, text) = wire::card_authorization::policy(&asked)?;
        let what = (practice, policy, text);
        let set = ops::set_card_on_file_policy(self, &caller, &key, what).await?;
        Ok(Response::new(SetCardOnFilePolicyResponse {
            policy: Some(wire::card_authorization::shown_policy(&set)),
        }))
    }

    async fn get_card_on_file_policy(
        &self,
        request: Request<GetCardOnFilePolicyRequest>,
    ) -> Result<Response<GetCardOnFilePolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let found = ops::get_card_on_file_policy(self, &caller, practice).await?;
        Ok(Response::new(GetCardOnFilePolicyResponse {
            policy: Some(wire::card_authorization::shown_policy(&found)),
        }))
    }

    async fn set_card_on_file_exemption(
        &self,
        request: Request<SetCardOnFileExemptionRequest>,
    ) -> Result<Response<SetCardOnFileExemptionResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetCardOnFileExemption", &asked)?;
        let client = parse(&asked.client_id, "client_id")?;
        let what = (practice, client, asked.exempt);
        let exempt = ops::set_card_on_file_exemption(self, &caller, &key, what).await?;
        Ok(Response::new(SetCardOnFileExemptionResponse { exempt }))
    }
}
