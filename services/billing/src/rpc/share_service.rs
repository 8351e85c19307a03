use super::request_key;
use crate::ops::list_bills::PageAsked;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::share_service_server::ShareService;
use proto::billing::v1::{
    GetSharePolicyRequest, GetSharePolicyResponse, ListSharesRequest, ListSharesResponse,
    ScheduleShareRequest, ScheduleShareResponse, SetClientSharePolicyRequest,
    SetClientSharePolicyResponse, SetSharePolicyRequest, SetSharePolicyResponse, StopShareRequest,
    StopShareResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ShareService for Billing {
    async fn set_share_policy(
        &self,
        request: Request<SetSharePolicyRequest>,
    ) -> Result<Response<SetSharePolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "SetSharePolicy", &asked)?;
        let policy = wire::share::asked_policy(&parse::required(asked.policy, "policy")?);
        let policy =
            ops::set_share_policy::set_share_policy(self, &caller, &key, practice, policy).await?;
        Ok(Response::new(SetSharePolicyResponse {
            policy: Some(wire::share::policy(&policy)),
        }))
    }

    async fn set_client_share_policy(
        &self,
        request: Request<SetClientSharePolicyRequest>,
    ) -> Result<Response<SetClientSharePolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "SetClientSharePolicy", &asked)?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let policy = asked.policy.as_ref().map(wire::share::asked_policy);
        let policy = ops::set_client_share_policy::set_client_share_policy(
            self, &caller, &key, whose, policy,
        )
        .await?;
        Ok(Response::new(SetClientSharePolicyResponse {
            client_policy: policy.as_ref().map(wire::share::policy),
        }))
    }

    async fn get_share_policy(
        &self,
        request: Request<GetSharePolicyRequest>,
    ) -> Result<Response<GetSharePolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse::optional(&asked.client_id, "client_id")?;
        let (policy, own) =
            ops::get_share_policy::get_share_policy(self, &caller, practice, client).await?;
        Ok(Response::new(GetSharePolicyResponse {
            policy: Some(wire::share::policy(&policy)),
            client_policy: own.as_ref().map(wire::share::policy),
        }))
    }

    async fn schedule_share(
        &self,
        request: Request<ScheduleShareRequest>,
    ) -> Result<Response<ScheduleShareResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "ScheduleShare", &asked)?;
        let which = (practice, parse(&asked.bill_id, "bill_id")?);
        let when = wire::share::scheduled_time(&asked)?;
        let bill = ops::schedule_share::schedule_share(self, &caller, &key, which, when).await?;
        Ok(Response::new(ScheduleShareResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn stop_share(
        &self,
        request: Request<StopShareRequest>,
    ) -> Result<Response<StopShareResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "StopShare", &asked)?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let bill = ops::stop_share::stop_share(self, &caller, &key, practice, bill).await?;
        Ok(Response::new(StopShareResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn list_shares(
        &self,
        request: Request<ListSharesRequest>,
    ) -> Result<Response<ListSharesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let of = (
            parse::optional(&asked.bill_id, "bill_id")?,
            parse::optional(&asked.client_id, "client_id")?,
        );
        let sealed = ListSharesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListShares", &sealed),
        };
        let page = ops::list_shares::list_shares(self, &caller, practice, of, page).await?;
        Ok(Response::new(wire::share::share_page(page)))
    }
}
