use crate::ops::PageAsked;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::payments::v1::dispute_service_server::DisputeService;
use proto::payments::v1::{
    GetDisputeRequest, GetDisputeResponse, ListDisputesRequest, ListDisputesResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl DisputeService for Payments {
    async fn get_dispute(
        &self,
        request: Request<GetDisputeRequest>,
    ) -> Result<Response<GetDisputeResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let dispute = parse(&asked.dispute_id, "dispute_id")?;
        let found = ops::get_dispute(self, &caller, practice, dispute).await?;
        Ok(Response::new(GetDisputeResponse {
            dispute: Some(wire::dispute::dispute(self, &found)),
        }))
    }

    async fn list_disputes(
        &self,
        request: Request<ListDisputesRequest>,
    ) -> Result<Response<ListDisputesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::dispute::filter(&asked)?;
        let sealed = ListDisputesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListDisputes", &sealed),
        };
        let page = ops::list_disputes(self, &caller, practice, filter, page).await?;
        let disputes = page.items.iter();
        Ok(Response::new(ListDisputesResponse {
            disputes: disputes
                .map(|it| wire::dispute::dispute(self, it))
                .collect(),
            next_page_token: page.next_page_token,
        }))
    }
}
