use crate::ops::PageAsked;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::payments::v1::comparison_service_server::ComparisonService;
use proto::payments::v1::{
    ListDiscrepanciesRequest, ListDiscrepanciesResponse, VerifyPaymentsRequest,
    VerifyPaymentsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ComparisonService for Payments {
    async fn list_discrepancies(
        &self,
        request: Request<ListDiscrepanciesRequest>,
    ) -> Result<Response<ListDiscrepanciesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = ListDiscrepanciesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListDiscrepancies", &sealed),
        };
        let page = ops::list_discrepancies(self, &caller, practice, page).await?;
        let found = page.items.iter();
        Ok(Response::new(ListDiscrepanciesResponse {
            discrepancies: found.map(wire::comparison::discrepancy).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn verify_payments(
        &self,
        request: Request<VerifyPaymentsRequest>,
    ) -> Result<Response<VerifyPaymentsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let found = ops::verify_payments(self, &caller, practice).await?;
        Ok(Response::new(VerifyPaymentsResponse {
            findings: found.into_iter().map(wire::comparison::finding).collect(),
        }))
    }
}
