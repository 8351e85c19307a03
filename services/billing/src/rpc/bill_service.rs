use super::request_key;
use crate::ops::list_bills::PageAsked;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::bill_service_server::BillService;
use proto::billing::v1::{
    AdjustBillRequest, AdjustBillResponse, CancelBillRequest, CancelBillResponse, EditBillRequest,
    EditBillResponse, GetBillRequest, GetBillResponse, GetPayPageRequest, GetPayPageResponse,
    IssueBillRequest, IssueBillResponse, ListBillChangesRequest, ListBillChangesResponse,
    ListBillsRequest, ListBillsResponse, ReverseAdjustmentRequest, ReverseAdjustmentResponse,
    ShareBillRequest, ShareBillResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl BillService for Billing {
    async fn issue_bill(
        &self,
        request: Request<IssueBillRequest>,
    ) -> Result<Response<IssueBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (_, key) = request_key((&asked.practice_id, &asked.request_id), "IssueBill", &asked)?;
        let issued =
            ops::issue_bill::issue_bill(self, &caller, &key, wire::bill::issue_bill(asked)?)
                .await?;
        Ok(Response::new(IssueBillResponse {
            bill: Some(wire::bill::bill(&issued)),
        }))
    }

    async fn get_bill(
        &self,
        request: Request<GetBillRequest>,
    ) -> Result<Response<GetBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let bill = ops::get_bill::get_bill(self, &caller, practice, bill).await?;
        Ok(Response::new(GetBillResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn list_bills(
        &self,
        request: Request<ListBillsRequest>,
    ) -> Result<Response<ListBillsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::bill::bill_filter(&asked)?;
        let sealed = ListBillsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListBills", &sealed),
        };
        let page = ops::list_bills::list_bills(self, &caller, practice, &filter, page).await?;
        Ok(Response::new(wire::bill::bill_page(page)))
    }

    async fn cancel_bill(
        &self,
        request: Request<CancelBillRequest>,
    ) -> Result<Response<CancelBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "CancelBill",
            &asked,
        )?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let reason = wire::text::free_text(asked.reason, "reason")?;
        let bill =
            ops::cancel_bill::cancel_bill(self, &caller, &key, (practice, bill), &reason).await?;
        Ok(Response::new(CancelBillResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn share_bill(
        &self,
        request: Request<ShareBillRequest>,
    ) -> Result<Response<ShareBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) =
            request_key((&asked.practice_id, &asked.request_id), "ShareBill", &asked)?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let bill =
            ops::share_bill::share_bill(self, &caller, &key, (practice, bill), asked.without_pdf)
                .await?;
        Ok(Response::new(ShareBillResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn edit_bill(
        &self,
        request: Request<EditBillRequest>,
    ) -> Result<Response<EditBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (_, key) = request_key((&asked.practice_id, &asked.request_id), "EditBill", &asked)?;
        let edit = wire::bill::edit_bill(asked)?;
        let bill = Box::pin(ops::edit_bill::edit_bill(self, &caller, &key, edit)).await?;
        Ok(Response::new(EditBillResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn list_bill_changes(
        &self,
        request: Request<ListBillChangesRequest>,
    ) -> Result<Response<ListBillChangesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let (current, changes) =
            ops::list_bill_changes::list_bill_changes(self, &caller, practice, bill).await?;
        Ok(Response::new(wire::bill::bill_changes(&current, changes)?))
    }

    async fn adjust_bill(
        &self,
        request: Request<AdjustBillRequest>,
    ) -> Result<Response<AdjustBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "AdjustBill",
            &asked,
        )?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let reduction = parse::required(asked.reduction, "reduction")?;
        let reduction = wire::adjustment::reduction(reduction, "reduction")?;
        let (bill, adjustment) =
            ops::adjust_bill::adjust_bill(self, &caller, &key, (practice, bill), reduction).await?;
        Ok(Response::new(AdjustBillResponse {
            bill: Some(wire::bill::bill(&bill)),
            adjustment: Some(wire::adjustment::adjustment(&adjustment)),
        }))
    }

    async fn reverse_adjustment(
        &self,
        request: Request<ReverseAdjustmentRequest>,
    ) -> Result<Response<ReverseAdjustmentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "ReverseAdjustment",
            &asked,
        )?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let adjustment = parse(&asked.adjustment_id, "adjustment_id")?;
        let bill = ops::reverse_adjustment::reverse_adjustment(
            self,
            &caller,
            &key,
            (practice, bill),
            adjustment,
        )
        .await?;
        Ok(Response::new(ReverseAdjustmentResponse {
            bill: Some(wire::bill::bill(&bill)),
        }))
    }

    async fn get_pay_page(
        &self,
        request: Request<GetPayPageRequest>,
    ) -> Result<Response<GetPayPageResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let page = ops::get_pay_page::get_pay_page(self, &caller, practice, bill).await?;
        Ok(Response::new(wire::bill::pay_page(&page)))
    }
}
