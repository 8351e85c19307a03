use crate::{PortalAuth, ops, wire};
use ::rpc::enter;
use proto::portal_auth::v1::sign_in_service_server::SignInService;
use proto::portal_auth::v1::{
    IssueServiceTokenRequest, IssueServiceTokenResponse, SignInGuestRequest, SignInGuestResponse,
    SignInStaffRequest, SignInStaffResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl SignInService for PortalAuth {
    async fn sign_in_staff(
        &self,
        request: Request<SignInStaffRequest>,
    ) -> Result<Response<SignInStaffResponse>, Status> {
        let (caller, request) = enter(request)?;
        let session = ops::sign_in_staff(self, &caller, &request.email, request.password).await?;
        Ok(Response::new(SignInStaffResponse {
            expire_time: wire::expire_time(&session.token),
            access_token: session.token.text,
            practice_id: session.practice_id.to_string(),
            role: wire::role(session.role).into(),
        }))
    }

    async fn sign_in_guest(
        &self,
        request: Request<SignInGuestRequest>,
    ) -> Result<Response<SignInGuestResponse>, Status> {
        let (caller, request) = enter(request)?;
        let guess = ops::Guess {
            reference: request.reference,
            access_code: request.access_code,
            link_token: request.link_token,
        };
        let session = ops::sign_in_guest(self, &caller, guess).await?;
        Ok(Response::new(SignInGuestResponse {
            expire_time: wire::expire_time(&session.token),
            access_token: session.token.text,
            practice_id: session.practice_id.to_string(),
            bill_id: session.bill_id.to_string(),
        }))
    }

    async fn issue_service_token(
        &self,
        request: Request<IssueServiceTokenRequest>,
    ) -> Result<Response<IssueServiceTokenResponse>, Status> {
        let (caller, request) = enter(request)?;
        let token =
            ops::issue_service_token(self, &caller, &request.client_id, &request.client_secret)
                .await?;
        Ok(Response::new(IssueServiceTokenResponse {
            expire_time: wire::expire_time(&token),
            access_token: token.text,
        }))
    }
}
