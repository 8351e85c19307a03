use super::request_key;
use crate::ops::list_bills::PageAsked;
use crate::{Billing, Error, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::automation_service_server::AutomationService;
use proto::billing::v1::{
    BillPendingSessionsRequest, BillPendingSessionsResponse, GetAutomationRunRequest,
    GetAutomationRunResponse, ListAutomationRunsRequest, ListAutomationRunsResponse,
    ListAutomationSkipsRequest, ListAutomationSkipsResponse, PreviewAutomationRequest,
    PreviewAutomationResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl AutomationService for Billing {
    async fn bill_pending_sessions(
        &self,
        request: Request<BillPendingSessionsRequest>,
    ) -> Result<Response<BillPendingSessionsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "BillPendingSessions",
            &asked,
        )?;
        let wanted =
            wire::automation::pending_sessions(asked.sessions, "sessions").map_err(Error::from)?;
        let wanted = (practice, wanted);
        let run =
            ops::bill_pending_sessions::bill_pending_sessions(self, &caller, &key, wanted).await?;
        Ok(Response::new(BillPendingSessionsResponse {
            run: Some(wire::automation::run(&run)),
        }))
    }

    async fn get_automation_run(
        &self,
        request: Request<GetAutomationRunRequest>,
    ) -> Result<Response<GetAutomationRunResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let run = parse(&asked.run_id, "run_id")?;
        let run = ops::get_automation_run::get_automation_run(self, &caller, practice, run).await?;
        Ok(Response::new(GetAutomationRunResponse {
            run: Some(wire::automation::run(&run)),
        }))
    }

    async fn preview_automation(
        &self,
        request: Request<PreviewAutomationRequest>,
    ) -> Result<Response<PreviewAutomationResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let of = wire::automation::preview_of(&asked).map_err(Error::from)?;
        let sealed = PreviewAutomationRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("PreviewAutomation", &sealed),
        };
        let of = (practice, of);
        let preview = ops::preview_automation::preview_automation(self, &caller, of, page).await?;
        Ok(Response::new(wire::automation::preview(preview)))
    }

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
        let run = wire::automation::run_key(&asked).map_err(Error::from)?;
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
        let of = (practice, run);
        let skips =
            ops::list_automation_skips::list_automation_skips(self, &caller, of, page).await?;
        Ok(Response::new(wire::automation::skip_page(skips)))
    }
}
