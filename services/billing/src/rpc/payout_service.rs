use crate::ops::list_bills::PageAsked;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::payout_service_server::PayoutService;
use proto::billing::v1::{ListPayoutLinesRequest, ListPayoutLinesResponse};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl PayoutService for Billing {
    async fn list_payout_lines(
        &self,
        request: Request<ListPayoutLinesRequest>,
    ) -> Result<Response<ListPayoutLinesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::payout::filter(&asked)?;
        let sealed = ListPayoutLinesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListPayoutLines", &sealed),
        };
        let listed =
            ops::list_payout_lines::list_payout_lines(self, &caller, practice, filter, page)
                .await?;
        let (lines, next_page_token) = listed;
        let lines = lines.iter().map(wire::payout::line);
        Ok(Response::new(ListPayoutLinesResponse {
            lines: lines.collect::<crate::Result<_>>()?,
            next_page_token,
        }))
    }
}
