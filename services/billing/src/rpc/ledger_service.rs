use super::request_key;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use proto::billing::v1::ledger_service_server::LedgerService;
use proto::billing::v1::{
    ApplyCreditRequest, ApplyCreditResponse, ExtendHoldRequest, ExtendHoldResponse,
    GetClientBalanceRequest, GetClientBalanceResponse, GetTrialBalanceRequest,
    GetTrialBalanceResponse, PlaceHoldRequest, PlaceHoldResponse, PostPaymentRequest,
    PostPaymentResponse, PostRefundRequest, PostRefundResponse, RecordInsurerPaymentRequest,
    RecordInsurerPaymentResponse, ReleaseHoldRequest, ReleaseHoldResponse, ReverseCreditRequest,
    ReverseCreditResponse, VerifyBooksRequest, VerifyBooksResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl LedgerService for Billing {
    async fn record_insurer_payment(
        &self,
        request: Request<RecordInsurerPaymentRequest>,
    ) -> Result<Response<RecordInsurerPaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let named = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(named, "RecordInsurerPayment", &asked)?;
        let asked = wire::payment::record_insurer_payment(asked)?;
        let recorded =
            ops::record_insurer_payment::record_insurer_payment(self, &caller, &key, asked).await?;
        Ok(Response::new(wire::payment::insurer_payment_recorded(
            practice, &recorded,
        )))
    }

    async fn apply_credit(
        &self,
        request: Request<ApplyCreditRequest>,
    ) -> Result<Response<ApplyCreditResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "ApplyCredit",
            &asked,
        )?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let amount = parse::positive(asked.amount, "amount")?;
        let applied =
            ops::apply_credit::apply_credit(self, &caller, &key, (practice, bill), amount).await?;
        Ok(Response::new(ApplyCreditResponse {
            bill: Some(wire::bill::bill(&applied.bill)),
            credit: Some(::rpc::wire::money(applied.credit)),
        }))
    }

    async fn reverse_credit(
        &self,
        request: Request<ReverseCreditRequest>,
    ) -> Result<Response<ReverseCreditResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let named = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (_, key) = request_key(named, "ReverseCredit", &asked)?;
        let asked = wire::payment::reverse_credit(asked)?;
        let reversed = ops::reverse_credit::reverse_credit(self, &caller, &key, asked).await?;
        Ok(Response::new(ReverseCreditResponse {
            bill: Some(wire::bill::bill(&reversed.bill)),
            credit: Some(::rpc::wire::money(reversed.credit)),
        }))
    }

    async fn get_client_balance(
        &self,
        request: Request<GetClientBalanceRequest>,
    ) -> Result<Response<GetClientBalanceResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse(&asked.client_id, "client_id")?;
        let (balance, on_its_way) =
            ops::get_client_balance::get_client_balance(self, &caller, practice, client).await?;
        Ok(Response::new(wire::ledger::client_balance(
            &balance, on_its_way,
        )))
    }

    async fn get_trial_balance(
        &self,
        request: Request<GetTrialBalanceRequest>,
    ) -> Result<Response<GetTrialBalanceResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let balance = ops::verify_books::get_trial_balance(self, &caller, practice).await?;
        Ok(Response::new(wire::ledger::trial_balance(&balance)))
    }

    async fn verify_books(
        &self,
        request: Request<VerifyBooksRequest>,
    ) -> Result<Response<VerifyBooksResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let verified = ops::verify_books::verify_books(self, &caller, practice).await?;
        Ok(Response::new(wire::ledger::verified(verified)))
    }

    async fn post_payment(
        &self,
        request: Request<PostPaymentRequest>,
    ) -> Result<Response<PostPaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let asked = wire::payment::post_payment(asked)?;
        let practice = asked.practice;
        let posted = ops::post_payment::post_payment(self, &caller, asked).await?;
        Ok(Response::new(wire::payment::payment_posted(
            practice, &posted,
        )))
    }

    async fn post_refund(
        &self,
        request: Request<PostRefundRequest>,
    ) -> Result<Response<PostRefundResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let asked = wire::payment::post_refund(&asked)?;
        let practice = asked.practice;
        let entry = ops::post_refund::post_refund(self, &caller, asked).await?;
        Ok(Response::new(PostRefundResponse {
            entry: Some(wire::ledger::entry(practice, &entry)),
        }))
    }

    async fn place_hold(
        &self,
        request: Request<PlaceHoldRequest>,
    ) -> Result<Response<PlaceHoldResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let asked = wire::payment::place_hold(asked)?;
        let (expire_time, client) = ops::place_hold::place_hold(self, &caller, asked).await?;
        Ok(Response::new(PlaceHoldResponse {
            expire_time: Some(::rpc::wire::time(expire_time)),
            client_id: client.to_string(),
        }))
    }

    async fn extend_hold(
        &self,
        request: Request<ExtendHoldRequest>,
    ) -> Result<Response<ExtendHoldResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let of = (
            parse(&asked.practice_id, "practice_id")?,
            parse(&asked.payment_id, "payment_id")?,
        );
        let expire_time = parse::time(asked.expire_time, "expire_time")?;
        let ends = ops::extend_hold::extend_hold(self, &caller, of, expire_time).await?;
        Ok(Response::new(ExtendHoldResponse {
            expire_time: ends.map(::rpc::wire::time),
        }))
    }

    async fn release_hold(
        &self,
        request: Request<ReleaseHoldRequest>,
    ) -> Result<Response<ReleaseHoldResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let payment = parse(&asked.payment_id, "payment_id")?;
        ops::release_hold::release_hold(self, &caller, practice, payment).await?;
        Ok(Response::new(ReleaseHoldResponse {}))
    }
}
