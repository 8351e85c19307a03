use super::payment_service::request_key;
use crate::ops::PageAsked;
use crate::{Payments, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::payments::v1::upcoming_charge_service_server::UpcomingChargeService;
use proto::payments::v1::{
    ListUpcomingChargesRequest, ListUpcomingChargesResponse, MoveUpcomingChargeRequest,
    MoveUpcomingChargeResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl UpcomingChargeService for Payments {
    async fn list_upcoming_charges(
        &self,
        request: Request<ListUpcomingChargesRequest>,
    ) -> Result<Response<ListUpcomingChargesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse::optional(&asked.client_id, "client_id")?;
        let sealed = ListUpcomingChargesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListUpcomingCharges", &sealed),
        };
        let found = ops::list_upcoming_charges(self, &caller, (practice, client), page).await?;
        Ok(Response::new(ListUpcomingChargesResponse {
            charges: wire::autopay::charges(&caller, &found),
            next_page_token: found.page.next_page_token,
        }))
    }

    async fn move_upcoming_charge(
        &self,
        request: Request<MoveUpcomingChargeRequest>,
    ) -> Result<Response<MoveUpcomingChargeResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "MoveUpcomingCharge", &asked)?;
        let asked = wire::autopay::move_charge(practice, asked)?;
        let moved = ops::move_upcoming_charge(self, &caller, &key, asked).await?;
        Ok(Response::new(MoveUpcomingChargeResponse {
            charge: Some(wire::autopay::only_charge(&caller, &moved)?),
        }))
    }
}
