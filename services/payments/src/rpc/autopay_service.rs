use super::payment_service::request_key;
use crate::ops::PageAsked;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::payments::v1::auto_pay_service_server::AutoPayService;
use proto::payments::v1::*;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl AutoPayService for Payments {
    async fn set_auto_pay_settings(
        &self,
        request: Request<SetAutoPaySettingsRequest>,
    ) -> Result<Response<SetAutoPaySettingsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "SetAutoPaySettings", &asked)?;
        let wanted = wire::autopay::new_settings(asked.settings)?;
        let set = ops::set_auto_pay_settings(self, &caller, &key, (practice, wanted)).await?;
        Ok(Response::new(SetAutoPaySettingsResponse {
            settings: Some(wire::autopay::settings(&set)),
        }))
    }

    async fn get_auto_pay_settings(
        &self,
        request: Request<GetAutoPaySettingsRequest>,
    ) -> Result<Response<GetAutoPaySettingsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let found = ops::get_auto_pay_settings(self, &caller, practice).await?;
        Ok(Response::new(GetAutoPaySettingsResponse {
            settings: Some(wire::autopay::settings(&found)),
        }))
    }

    async fn turn_on_auto_pay(
        &self,
        request: Request<TurnOnAutoPayRequest>,
    ) -> Result<Response<TurnOnAutoPayResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "TurnOnAutoPay", &asked)?;
        let asked = wire::autopay::turn_on(&caller, practice, &asked)?;
        let enrolment = ops::turn_on_auto_pay(self, &caller, &key, asked).await?;
        Ok(Response::new(TurnOnAutoPayResponse {
            auto_pay: Some(wire::autopay::auto_pay(&enrolment)),
        }))
    }

    async fn turn_off_auto_pay(
        &self,
        request: Request<TurnOffAutoPayRequest>,
    ) -> Result<Response<TurnOffAutoPayResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "TurnOffAutoPay", &asked)?;
        let client = parse(&asked.client_id, "client_id")?;
        let enrolment = ops::turn_off_auto_pay(self, &caller, &key, (practice, client)).await?;
        Ok(Response::new(TurnOffAutoPayResponse {
            auto_pay: Some(wire::autopay::auto_pay(&enrolment)),
        }))
    }

    async fn get_auto_pay(
        &self,
        request: Request<GetAutoPayRequest>,
    ) -> Result<Response<GetAutoPayResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse(&asked.client_id, "client_id")?;
        let enrolment = ops::get_auto_pay(self, &caller, practice, client).await?;
        Ok(Response::new(GetAutoPayResponse {
            auto_pay: Some(wire::autopay::auto_pay(&enrolment)),
        }))
    }

    async fn preview_auto_pay(
        &self,
        request: Request<PreviewAutoPayRequest>,
    ) -> Result<Response<PreviewAutoPayResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = PreviewAutoPayRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("PreviewAutoPay", &sealed),
        };
        let preview = ops::preview_auto_pay(self, &caller, practice, page).await?;
        Ok(Response::new(wire::autopay::preview(preview)))
    }

    async fn hold_auto_pay_item(
        &self,
        request: Request<HoldAutoPayItemRequest>,
    ) -> Result<Response<HoldAutoPayItemResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "HoldAutoPayItem", &asked)?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let reason = wire::autopay::hold_reason(asked.reason)?;
        ops::hold_auto_pay_item(self, &caller, &key, (practice, bill), &reason).await?;
        Ok(Response::new(HoldAutoPayItemResponse {}))
    }

    async fn release_auto_pay_item(
        &self,
        request: Request<ReleaseAutoPayItemRequest>,
    ) -> Result<Response<ReleaseAutoPayItemResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "ReleaseAutoPayItem", &asked)?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        ops::release_auto_pay_item(self, &caller, &key, (practice, bill)).await?;
        Ok(Response::new(ReleaseAutoPayItemResponse {}))
    }

    async fn list_auto_pay_runs(
        &self,
        request: Request<ListAutoPayRunsRequest>,
    ) -> Result<Response<ListAutoPayRunsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = ListAutoPayRunsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListAutoPayRuns", &sealed),
        };
        let page = ops::list_auto_pay_runs(self, &caller, practice, page).await?;
        Ok(Response::new(ListAutoPayRunsResponse {
            runs: page.items.iter().map(wire::autopay::run).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn list_auto_pay_items(
        &self,
        request: Request<ListAutoPayItemsRequest>,
    ) -> Result<Response<ListAutoPayItemsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let run_date = parse::date(asked.run_date, "run_date")?;
        let sealed = ListAutoPayItemsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListAutoPayItems", &sealed),
        };
        let page = ops::list_auto_pay_items(self, &caller, (practice, run_date), page).await?;
        Ok(Response::new(ListAutoPayItemsResponse {
            items: page.items.iter().map(wire::autopay::item).collect(),
            next_page_token: page.next_page_token,
        }))
    }
}
