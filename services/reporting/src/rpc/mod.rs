//! The door: a handler parses, calls its op, and shows what came of it.

use crate::ops::PageAsked;
use crate::{Error, Reporting, ops, wire};
use ::rpc::{enter, parse};
use ids::PracticeId;
use pg::{Filter, RequestKey};
use proto::reporting::v1::report_service_server::ReportService;
use proto::reporting::v1::{
    GetAccountTotalsRequest, GetAccountTotalsResponse, GetRevenueByMonthRequest,
    GetRevenueByMonthResponse, ListPaymentsReportRequest, ListPaymentsReportResponse,
    RebuildProjectionsRequest, RebuildProjectionsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ReportService for Reporting {
    async fn list_payments_report(
        &self,
        request: Request<ListPaymentsReportRequest>,
    ) -> Result<Response<ListPaymentsReportResponse>, Status> {
        let (caller, mut asked) = enter(request)?;
        let practice = parse::<PracticeId>(&asked.practice_id, "practice_id")?;
        let range = wire::report::range(asked.from_date, asked.to_date)?;
        let size = std::mem::take(&mut asked.page_size);
        let token = std::mem::take(&mut asked.page_token);
        let page = PageAsked {
            size,
            token: &token,
            filter: Filter::of("ListPaymentsReport", &asked),
        };
        let report = ops::list_payments_report(self, &caller, practice, range, page).await?;
        Ok(Response::new(wire::report::payments(report)))
    }

    async fn get_revenue_by_month(
        &self,
        request: Request<GetRevenueByMonthRequest>,
    ) -> Result<Response<GetRevenueByMonthResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse::<PracticeId>(&asked.practice_id, "practice_id")?;
        let range = wire::report::range(asked.from_date, asked.to_date)?;
        let months = ops::get_revenue_by_month(self, &caller, practice, range).await?;
        Ok(Response::new(wire::report::months(months)))
    }

    async fn get_account_totals(
        &self,
        request: Request<GetAccountTotalsRequest>,
    ) -> Result<Response<GetAccountTotalsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse::<PracticeId>(&asked.practice_id, "practice_id")?;
        let totals = ops::get_account_totals(self, &caller, practice).await?;
        Ok(Response::new(wire::report::account_totals(totals)))
    }

    async fn rebuild_projections(
        &self,
        request: Request<RebuildProjectionsRequest>,
    ) -> Result<Response<RebuildProjectionsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse::<PracticeId>(&asked.practice_id, "practice_id")?;
        let key = RequestKey::of(practice, "RebuildProjections", &asked.request_id, &asked)
            .map_err(Error::from)?;
        ops::rebuild_projections(self, &caller, practice, &key).await?;
        Ok(Response::new(RebuildProjectionsResponse {}))
    }
}
