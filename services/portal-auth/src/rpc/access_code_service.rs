use crate::{PortalAuth, ops, wire};
use ::rpc::{enter, parse};
use ids::{BillId, PracticeId, Reference};
use pg::RequestKey;
use proto::portal_auth::v1::access_code_service_server::AccessCodeService;
use proto::portal_auth::v1::{
    IssueAccessCodeRequest, IssueAccessCodeResponse, ReissueAccessCodeRequest,
    ReissueAccessCodeResponse, RevealAccessCodeRequest, RevealAccessCodeResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl AccessCodeService for PortalAuth {
    async fn issue_access_code(
        &self,
        request: Request<IssueAccessCodeRequest>,
    ) -> Result<Response<IssueAccessCodeResponse>, Status> {
        let (caller, request) = enter(request)?;
        let practice_id = parse::<PracticeId>(&request.practice_id, "practice_id")?;
        let bill_id = parse::<BillId>(&request.bill_id, "bill_id")?;
        let reference = parse::<Reference>(&request.reference, "reference")?;
        let code = ops::issue_access_code(self, &caller, practice_id, bill_id, reference).await?;
        Ok(Response::new(wire::issued(code)))
    }

    async fn reissue_access_code(
        &self,
        request: Request<ReissueAccessCodeRequest>,
    ) -> Result<Response<ReissueAccessCodeResponse>, Status> {
        let (caller, request) = enter(request)?;
        let practice_id = parse::<PracticeId>(&request.practice_id, "practice_id")?;
        let bill_id = parse::<BillId>(&request.bill_id, "bill_id")?;
        let method = "ReissueAccessCode";
        let key = RequestKey::of(practice_id, method, &request.request_id, &request)
            .map_err(crate::Error::from)?;
        let issue_time =
            ops::reissue_access_code(self, &caller, &key, practice_id, bill_id).await?;
        Ok(Response::new(ReissueAccessCodeResponse {
            issue_time: Some(::rpc::wire::time(issue_time)),
        }))
    }

    async fn reveal_access_code(
        &self,
        request: Request<RevealAccessCodeRequest>,
    ) -> Result<Response<RevealAccessCodeResponse>, Status> {
        let (caller, request) = enter(request)?;
        let practice_id = parse::<PracticeId>(&request.practice_id, "practice_id")?;
        let bill_id = parse::<BillId>(&request.bill_id, "bill_id")?;
        let code = ops::reveal_access_code(self, &caller, practice_id, bill_id).await?;
        Ok(Response::new(wire::revealed(code)))
    }
}
