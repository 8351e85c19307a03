use super::request_key;
use crate::ops::list_bills::PageAsked;
use crate::wire::fee;
use crate::{Billing, ops};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::fee_service_server::FeeService;
use proto::billing::v1::{
    AddServiceRequest, AddServiceResponse, AssignSlidingScaleRequest, AssignSlidingScaleResponse,
    EndClientRateRequest, EndClientRateResponse, GetMissedSessionPolicyRequest,
    GetMissedSessionPolicyResponse, GetSlidingScaleRequest, GetSlidingScaleResponse,
    ListClientRatesRequest, ListClientRatesResponse, ListServicesRequest, ListServicesResponse,
    RetireServiceRequest, RetireServiceResponse, SetClientRateRequest, SetClientRateResponse,
    SetMissedSessionPolicyRequest, SetMissedSessionPolicyResponse, SetServicePriceRequest,
    SetServicePriceResponse, SetSlidingScaleRequest, SetSlidingScaleResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl FeeService for Billing {
    async fn add_service(
        &self,
        request: Request<AddServiceRequest>,
    ) -> Result<Response<AddServiceResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "AddService",
            &asked,
        )?;
        let asked = fee::add_service(practice, asked)?;
        let (service, today) = ops::add_service::add_service(self, &caller, &key, asked).await?;
        Ok(Response::new(AddServiceResponse {
            service: Some(fee::service(&service, today)),
        }))
    }

    async fn set_service_price(
        &self,
        request: Request<SetServicePriceRequest>,
    ) -> Result<Response<SetServicePriceResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetServicePrice",
            &asked,
        )?;
        let asked = fee::set_service_price(practice, asked)?;
        let (service, today) =
            ops::set_service_price::set_service_price(self, &caller, &key, asked).await?;
        Ok(Response::new(SetServicePriceResponse {
            service: Some(fee::service(&service, today)),
        }))
    }

    async fn retire_service(
        &self,
        request: Request<RetireServiceRequest>,
    ) -> Result<Response<RetireServiceResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "RetireService",
            &asked,
        )?;
        let day = fee::day(asked.retire_date, "retire_date")?;
        let service = (practice, asked.service_code.as_str());
        let (service, today) =
            ops::retire_service::retire_service(self, &caller, &key, service, day).await?;
        Ok(Response::new(RetireServiceResponse {
            service: Some(fee::service(&service, today)),
        }))
    }

    async fn list_services(
        &self,
        request: Request<ListServicesRequest>,
    ) -> Result<Response<ListServicesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = ListServicesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListServices", &sealed),
        };
        let retired = asked.include_retired;
        let (page, today) =
            ops::list_services::list_services(self, &caller, practice, retired, page).await?;
        Ok(Response::new(fee::service_page(page, today)))
    }

    async fn set_client_rate(
        &self,
        request: Request<SetClientRateRequest>,
    ) -> Result<Response<SetClientRateResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetClientRate",
            &asked,
        )?;
        let rate = fee::set_client_rate(asked)?;
        let done =
            ops::set_client_rate::set_client_rate(self, &caller, &key, (practice, rate)).await?;
        Ok(Response::new(SetClientRateResponse {
            rate: Some(fee::client_rate(&done)),
        }))
    }

    async fn end_client_rate(
        &self,
        request: Request<EndClientRateRequest>,
    ) -> Result<Response<EndClientRateResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "EndClientRate",
            &asked,
        )?;
        let end = fee::end_client_rate(asked)?;
        let done =
            ops::end_client_rate::end_client_rate(self, &caller, &key, (practice, end)).await?;
        Ok(Response::new(EndClientRateResponse {
            rate: Some(fee::client_rate(&done)),
        }))
    }

    async fn list_client_rates(
        &self,
        request: Request<ListClientRatesRequest>,
    ) -> Result<Response<ListClientRatesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse(&asked.client_id, "client_id")?;
        let (rates, assignments) =
            ops::list_client_rates::list_client_rates(self, &caller, practice, client).await?;
        Ok(Response::new(ListClientRatesResponse {
            rates: rates.iter().map(fee::client_rate).collect(),
            sliding_scale: assignments.iter().map(fee::assignment).collect(),
        }))
    }

    async fn set_sliding_scale(
        &self,
        request: Request<SetSlidingScaleRequest>,
    ) -> Result<Response<SetSlidingScaleResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetSlidingScale",
            &asked,
        )?;
        let tiers = fee::tiers(asked.tiers)?;
        let done =
            ops::set_sliding_scale::set_sliding_scale(self, &caller, &key, (practice, tiers))
                .await?;
        Ok(Response::new(SetSlidingScaleResponse {
            tiers: fee::shown_tiers(&done),
        }))
    }

    async fn get_sliding_scale(
        &self,
        request: Request<GetSlidingScaleRequest>,
    ) -> Result<Response<GetSlidingScaleResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let tiers = ops::get_sliding_scale::get_sliding_scale(self, &caller, practice).await?;
        Ok(Response::new(GetSlidingScaleResponse {
            tiers: fee::shown_tiers(&tiers),
        }))
    }

    async fn assign_sliding_scale(
        &self,
        request: Request<AssignSlidingScaleRequest>,
    ) -> Result<Response<AssignSlidingScaleResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "AssignSlidingScale",
            &asked,
        )?;
        let asked = fee::assign_sliding_scale(practice, asked)?;
        let done =
            ops::assign_sliding_scale::assign_sliding_scale(self, &caller, &key, asked).await?;
        Ok(Response::new(AssignSlidingScaleResponse {
            assignment: Some(fee::assignment(&done)),
        }))
    }

    async fn set_missed_session_policy(
        &self,
        request: Request<SetMissedSessionPolicyRequest>,
    ) -> Result<Response<SetMissedSessionPolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetMissedSessionPolicy",
            &asked,
        )?;
        let policy = fee::missed_session_policy(asked.policy)?;
        let done = ops::set_missed_session_policy::set_missed_session_policy(
            self,
            &caller,
            &key,
            (practice, policy),
        )
        .await?;
        Ok(Response::new(SetMissedSessionPolicyResponse {
            policy: Some(fee::shown_policy(&done)),
        }))
    }

    async fn get_missed_session_policy(
        &self,
        request: Request<GetMissedSessionPolicyRequest>,
    ) -> Result<Response<GetMissedSessionPolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let policy =
            ops::get_missed_session_policy::get_missed_session_policy(self, &caller, practice)
                .await?;
        Ok(Response::new(GetMissedSessionPolicyResponse {
            policy: Some(fee::shown_policy(&policy)),
        }))
    }
}
