use super::payment_service::request_key;
use crate::ops::PageAsked;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::payments::v1::payout_service_server::PayoutService;
use proto::payments::v1::{
    ClosePayoutItemRequest, ClosePayoutItemResponse, GetPayoutRequest, GetPayoutResponse,
    ListPayoutItemsRequest, ListPayoutItemsResponse, ListPayoutsRequest, ListPayoutsResponse,
    ListUnclaimedPayoutItemsRequest, ListUnclaimedPayoutItemsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl PayoutService for Payments {
    async fn get_payout(
        &self,
        request: Request<GetPayoutRequest>,
    ) -> Result<Response<GetPayoutResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let payout = parse(&asked.payout_id, "payout_id")?;
        let found = ops::get_payout(self, &caller, practice, payout).await?;
        Ok(Response::new(GetPayoutResponse {
            payout: Some(wire::payout::payout(self, &found)?),
        }))
    }

    async fn list_payouts(
        &self,
        request: Request<ListPayoutsRequest>,
    ) -> Result<Response<ListPayoutsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::payout::filter(&asked)?;
        let sealed = ListPayoutsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListPayouts", &sealed),
        };
        let page = ops::list_payouts(self, &caller, practice, filter, page).await?;
        let payouts = page.items.iter().map(|it| wire::payout::payout(self, it));
        Ok(Response::new(ListPayoutsResponse {
            payouts: payouts.collect::<crate::Result<_>>()?,
            next_page_token: page.next_page_token,
        }))
    }

    async fn list_payout_items(
        &self,
        request: Request<ListPayoutItemsRequest>,
    ) -> Result<Response<ListPayoutItemsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let payout = parse(&asked.payout_id, "payout_id")?;
        let sealed = ListPayoutItemsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListPayoutItems", &sealed),
        };
        let page = ops::list_payout_items(self, &caller, (practice, payout), page).await?;
        let items = page.items.iter().map(wire::payout::item);
        Ok(Response::new(ListPayoutItemsResponse {
            items: items.collect::<crate::Result<_>>()?,
            next_page_token: page.next_page_token,
        }))
    }

    async fn close_payout_item(
        &self,
        request: Request<ClosePayoutItemRequest>,
    ) -> Result<Response<ClosePayoutItemResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "ClosePayoutItem", &asked)?;
        let asked = wire::payout::close_item(practice, &asked)?;
        let closed = ops::close_payout_item(self, &caller, &key, asked).await?;
        Ok(Response::new(ClosePayoutItemResponse {
            item: Some(wire::payout::item(&closed)?),
        }))
    }

    async fn list_unclaimed_payout_items(
        &self,
        request: Request<ListUnclaimedPayoutItemsRequest>,
    ) -> Result<Response<ListUnclaimedPayoutItemsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = ListUnclaimedPayoutItemsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListUnclaimedPayoutItems", &sealed),
        };
        let page = ops::list_unclaimed_payout_items(self, &caller, practice, page).await?;
        let items = page.items.iter().map(wire::payout::item);
        Ok(Response::new(ListUnclaimedPayoutItemsResponse {
            items: items.collect::<crate::Result<_>>()?,
            next_page_token: page.next_page_token,
        }))
    }
}
