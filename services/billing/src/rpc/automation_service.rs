use crate::ops::list_bills::PageAsked;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::automation_service_server::AutomationService;
use proto::billing::v1::{
    ListAutomationRunsRequest, ListAutomationRunsResponse, ListAutomationSkipsRequest,
    ListAutomationSkipsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl AutomationService for Billing {
    async fn list_automation_runs(
        &self,
        request: Request<ListAutomationRunsRequest>,
    ) -> Result<Response<ListAutomationRunsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = ListAutomationRunsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListAutomationRuns", &sealed),
        };
        let runs =
            ops::list_automation_runs::list_automation_runs(self, &caller, practice, page).await?;
        Ok(Response::new(wire::automation::run_page(runs)))
    }

    async fn list_automation_skips(
        &self,
        request: Request<ListAutomationSkipsRequest>,
    ) -> Result<Response<ListAutomationSkipsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let run_date = parse::date(asked.run_date, "run_date")?;
        let sealed = ListAutomationSkipsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListAutomationSkips", &sealed),
        };
        let of = (practice, run_date);
        let skips =
            ops::list_automation_skips::list_automation_skips(self, &caller, of, page).await?;
        Ok(Response::new(wire::automation::skip_page(skips)))
    }
}
