use crate::ops::PageAsked;
use crate::{Error, Payments, Result as OpResult, ops, wire};
use ::rpc::{enter, parse};
use ids::PracticeId;
use pg::{Filter, RequestKey};
use proto::payments::v1::payment_service_server::PaymentService;
use proto::payments::v1::{
    ClosePaymentRequest, ClosePaymentResponse, CloseRefundRequest, CloseRefundResponse,
    CorrectPaymentRequest, CorrectPaymentResponse, GetPaymentRequest, GetPaymentResponse,
    ListPaymentsRequest, ListPaymentsResponse, PayBalanceRequest, PayBalanceResponse,
    PayBillRequest, PayBillResponse, RecordPaymentRequest, RecordPaymentResponse,
    RefundPaymentRequest, RefundPaymentResponse,
};
use tonic::{Request, Response, Status};

/// How a program may name itself, at most; what is longer is cut.
const USER_AGENT_CHARS: usize = 400;

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn record_payment(
        &self,
        request: Request<RecordPaymentRequest>,
    ) -> Result<Response<RecordPaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "RecordPayment", &asked)?;
        let asked = wire::payment::new_payment(practice, asked)?;
        let recorded = ops::record_payment(self, &caller, &key, asked).await?;
        Ok(Response::new(RecordPaymentResponse {
            payment: Some(wire::payment::payment(self, &recorded)),
        }))
    }

    async fn correct_payment(
        &self,
        request: Request<CorrectPaymentRequest>,
    ) -> Result<Response<CorrectPaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "CorrectPayment", &asked)?;
        let asked = wire::payment::correct_payment(practice, asked)?;
        let corrected = ops::correct_payment(self, &caller, &key, asked).await?;
        Ok(Response::new(CorrectPaymentResponse {
            payment: Some(wire::payment::payment(self, &corrected)),
        }))
    }

    async fn close_payment(
        &self,
        request: Request<ClosePaymentRequest>,
    ) -> Result<Response<ClosePaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "ClosePayment", &asked)?;
        let asked = wire::payment::close_payment(practice, asked)?;
        let closed = ops::close_payment(self, &caller, &key, asked).await?;
        Ok(Response::new(ClosePaymentResponse {
            payment: Some(wire::payment::payment(self, &closed)),
        }))
    }

    async fn close_refund(
        &self,
        request: Request<CloseRefundRequest>,
    ) -> Result<Response<CloseRefundResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "CloseRefund", &asked)?;
        let asked = wire::refund::close_refund(practice, asked)?;
        let (refund, payment) = ops::close_refund(self, &caller, &key, asked).await?;
        Ok(Response::new(CloseRefundResponse {
            refund: Some(wire::refund::refund(&refund)),
            payment: Some(wire::payment::payment(self, &payment)),
        }))
    }

    async fn pay_bill(
        &self,
        request: Request<PayBillRequest>,
    ) -> Result<Response<PayBillResponse>, Status> {
        let user_agent = user_agent(&request);
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "PayBill", &asked)?;
        let asked = wire::charge::pay_bill((practice, user_agent), asked)?;
        let paid = ops::pay_bill(self, &caller, &key, asked).await?;
        Ok(Response::new(PayBillResponse {
            payment: Some(wire::payment::shown_to(&caller, self, &paid)),
        }))
    }

    async fn pay_balance(
        &self,
        request: Request<PayBalanceRequest>,
    ) -> Result<Response<PayBalanceResponse>, Status> {
        let user_agent = user_agent(&request);
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "PayBalance", &asked)?;
        let asked = wire::charge::pay_balance((practice, user_agent), asked)?;
        let paid = ops::pay_balance(self, &caller, &key, asked).await?;
        Ok(Response::new(PayBalanceResponse {
            payment: Some(wire::payment::shown_to(&caller, self, &paid)),
        }))
    }

    async fn get_payment(
        &self,
        request: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let payment = parse(&asked.payment_id, "payment_id")?;
        let found = ops::get_payment(self, &caller, practice, payment).await?;
        Ok(Response::new(GetPaymentResponse {
            payment: Some(wire::payment::shown_to(&caller, self, &found)),
        }))
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::payment::filter(&asked)?;
        let sealed = ListPaymentsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListPayments", &sealed),
        };
        let page = ops::list_payments(self, &caller, practice, &filter, page).await?;
        let payments = page.items.iter();
        Ok(Response::new(ListPaymentsResponse {
            payments: payments
                .map(|it| wire::payment::payment(self, it))
                .collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn refund_payment(
        &self,
        request: Request<RefundPaymentRequest>,
    ) -> Result<Response<RefundPaymentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (&*asked.practice_id, &*asked.request_id);
        let (practice, key) = request_key(ids, "RefundPayment", &asked)?;
        let asked = wire::refund::new_refund(practice, asked)?;
        let (refund, payment) = ops::refund_payment(self, &caller, &key, asked).await?;
        Ok(Response::new(RefundPaymentResponse {
            refund: Some(wire::refund::refund(&refund)),
            payment: Some(wire::payment::payment(self, &payment)),
        }))
    }
}

/// What makes a mutation the same request. Errors: INVALID_FIELD.
pub(super) fn request_key(
    (practice, request_id): (&str, &str),
    method: &'static str,
    request: &impl prost::Message,
) -> OpResult<(PracticeId, RequestKey)> {
    let practice = parse(practice, "practice_id")?;
    let key = RequestKey::of(practice, method, request_id, request).map_err(Error::from)?;
    Ok((practice, key))
}

/// How the caller's program names itself; a browser behind grpc-web or JSON as itself.
pub(super) fn user_agent<T>(request: &Request<T>) -> String {
    let named = request.metadata().get("user-agent");
    let named = named.and_then(|value| value.to_str().ok());
    named
        .unwrap_or_default()
        .chars()
        .take(USER_AGENT_CHARS)
        .collect()
}
