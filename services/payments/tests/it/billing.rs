//! What payments needs of billing, kept in memory: balances of bills, holds that end when their payment says, and what was posted.
//! It is as strict as billing: one payment holds what another does not, a posting that is repeated must say the same,
//! and money is never refused. billing's own stories show that billing does so too.

use clock::Clock;
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::{SignedDuration, Timestamp};
use proto::billing::v1::bill_service_server::{BillService, BillServiceServer};
use proto::billing::v1::client_service_server::ClientServiceServer;
use proto::billing::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::billing::v1::*;
use proto::google::r#type::Date;
use proto::money::v1::Money;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

type Answer<T> = Result<Response<T>, Status>;

/// Shared by the server and the story that looks into it.
#[derive(Clone)]
pub struct FakeBilling {
    clock: Clock,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
pub struct Books {
    pub bills: BTreeMap<String, FakeBill>,
    pub holds: BTreeMap<String, Hold>,
    pub payments: BTreeMap<String, PostPaymentRequest>,
    pub refunds: BTreeMap<String, PostRefundRequest>,
    /// Refunds that came back.
    pub returned: BTreeSet<String>,
    pub credit: i64,
    /// Whoever used credit waits here twice before the answer.
    pub credit_gate: Option<Arc<tokio::sync::Barrier>>,
    /// Credit that was used, by request.
    pub credits: BTreeMap<String, ApplyCreditRequest>,
    /// Clients, each with its contacts.
    pub people: BTreeMap<String, Vec<String>>,
    /// Which client has which payer.
    pub insured: Vec<(String, String)>,
    /// Calls to PostPayment, repeats included.
    pub calls: usize,
    /// Nothing is answered but UNAVAILABLE.
    pub down: bool,
}

impl Books {
    fn apply_credit(&mut self, asked: ApplyCreditRequest) -> Result<(), Status> {
        if let Some(before) = self.credits.get(&asked.request_id) {
            let same = *before == asked;
            return same
                .then_some(())
                .ok_or_else(|| refuse(Code::InvalidArgument, "REQUEST_ID_REUSED"));
        }
        let amount = minor(&asked.amount);
        if amount > self.credit {
            return Err(refuse(Code::FailedPrecondition, "EXCEEDS_CREDIT"));
        }
        let bill = self.bills.get_mut(&asked.bill_id);
        let bill = bill.ok_or_else(|| refuse(Code::NotFound, "BILL_NOT_FOUND"))?;
        if amount > bill.balance {
            return Err(refuse(Code::FailedPrecondition, "EXCEEDS_CLIENT_BALANCE"));
        }
        bill.balance -= amount;
        self.credit -= amount;
        self.credits.insert(asked.request_id.clone(), asked);
        Ok(())
    }
}

pub struct FakeBill {
    pub client: ClientId,
    pub balance: i64,
    pub cancelled: bool,
    /// Of March 2026.
    pub due_day: i32,
    pub number: i64,
}

pub struct Hold {
    /// Bill and amount.
    parts: BTreeMap<String, i64>,
    pub end: Timestamp,
}

impl Books {
    fn held(&self, bill: &str, but_of: &str) -> i64 {
        let others = self.holds.iter().filter(|(payment, _)| *payment != but_of);
        others.filter_map(|(_, hold)| hold.parts.get(bill)).sum()
    }

    /// Why a part of a bill cannot be held.
    fn refusal(&self, payment: &str, part: &Allocation) -> Option<Status> {
        let Some(bill) = self.bills.get(&part.bill_id) else {
            return Some(refuse(Code::NotFound, "BILL_NOT_FOUND"));
        };
        let (amount, held) = (minor(&part.amount), self.held(&part.bill_id, payment));
        let reason = if bill.cancelled {
            "BILL_CANCELLED"
        } else if bill.balance <= 0 {
            "NOTHING_DUE"
        } else if amount > bill.balance {
            "EXCEEDS_CLIENT_BALANCE"
        } else if amount > bill.balance - held {
            "PAYMENT_IN_PROGRESS"
        } else {
            return None;
        };
        Some(refuse(Code::FailedPrecondition, reason))
    }
}

impl FakeBilling {
    pub fn new(clock: Clock) -> Self {
        let books = Arc::default();
        Self { clock, books }
    }

    pub async fn serve(&self) -> testkit::Server {
        let routes = tonic::service::Routes::new(BillServiceServer::new(self.clone()));
        let routes = routes
            .add_service(LedgerServiceServer::new(self.clone()))
            .add_service(ClientServiceServer::new(self.clone()));
        testkit::serve(routes).await
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no story panicked with it")
    }

    pub fn issue(&self, bill: BillId, client: ClientId, balance: i64) {
        self.issue_due(bill, client, (balance, 31));
    }

    /// One that is due on this day of March 2026.
    pub fn issue_due(&self, bill: BillId, client: ClientId, (balance, due_day): (i64, i32)) {
        let mut books = self.books();
        let number = i64::try_from(books.bills.len()).expect("few") + 1;
        let issued = FakeBill {
            client,
            balance,
            cancelled: false,
            due_day,
            number,
        };
        books.bills.insert(bill.to_string(), issued);
    }

    /// What is held of a bill at this moment.
    pub fn held(&self, bill: BillId) -> i64 {
        let (now, mut books) = (self.clock.now(), self.books());
        books.holds.retain(|_, hold| hold.end > now);
        books.held(&bill.to_string(), "")
    }

    pub fn cancel(&self, bill: BillId) {
        let mut books = self.books();
        books
            .bills
            .get_mut(&bill.to_string())
            .expect("a bill")
            .cancelled = true;
    }

    pub fn balance(&self, bill: BillId) -> i64 {
        self.books().bills[&bill.to_string()].balance
    }

    pub fn up(&self) -> Result<MutexGuard<'_, Books>, Status> {
        let books = self.books();
        if books.down {
            return Err(Status::unavailable("billing is away"));
        }
        Ok(books)
    }
}

pub fn refuse(code: Code, reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "evenkeel", []);
    Status::with_error_details(code, reason.to_owned(), details)
}

fn usd(minor_units: i64) -> Option<Money> {
    Some(Money {
        currency_code: "USD".to_owned(),
        minor_units,
    })
}

fn minor(amount: &Option<Money>) -> i64 {
    amount.as_ref().expect("an amount").minor_units
}

#[tonic::async_trait]
impl BillService for FakeBilling {
    async fn get_bill(&self, request: Request<GetBillRequest>) -> Answer<GetBillResponse> {
        let (books, asked) = (self.up()?, request.into_inner());
        let bill = books.bills.get(&asked.bill_id);
        let bill = bill.ok_or_else(|| refuse(Code::NotFound, "BILL_NOT_FOUND"))?;
        Ok(Response::new(GetBillResponse {
            bill: Some(shown(&books, &asked.bill_id, bill)),
        }))
    }

    async fn list_bills(&self, request: Request<ListBillsRequest>) -> Answer<ListBillsResponse> {
        let (now, asked) = (self.clock.now(), request.into_inner());
        let mut books = self.up()?;
        books.holds.retain(|_, hold| hold.end > now);
        let due = |(_, bill): &(&String, &FakeBill)| {
            bill.client.to_string() == asked.client_id && !bill.cancelled && bill.balance > 0
        };
        let due = books.bills.iter().filter(due);
        let bills = due.map(|(id, bill)| shown(&books, id, bill)).collect();
        Ok(Response::new(ListBillsResponse {
            bills,
            ..ListBillsResponse::default()
        }))
    }

    async fn issue_bill(&self, _: Request<IssueBillRequest>) -> Answer<IssueBillResponse> {
        Err(not_called())
    }
    async fn cancel_bill(&self, _: Request<CancelBillRequest>) -> Answer<CancelBillResponse> {
        Err(not_called())
    }
    async fn share_bill(&self, _: Request<ShareBillRequest>) -> Answer<ShareBillResponse> {
        Err(not_called())
    }
    async fn get_pay_page(&self, _: Request<GetPayPageRequest>) -> Answer<GetPayPageResponse> {
        Err(not_called())
    }
    async fn edit_bill(&self, _: Request<EditBillRequest>) -> Answer<EditBillResponse> {
        Err(not_called())
    }
    async fn list_bill_changes(
        &self,
        _: Request<ListBillChangesRequest>,
    ) -> Answer<ListBillChangesResponse> {
        Err(not_called())
    }
    async fn adjust_bill(&self, _: Request<AdjustBillRequest>) -> Answer<AdjustBillResponse> {
        Err(not_called())
    }
    async fn reverse_adjustment(
        &self,
        _: Request<ReverseAdjustmentRequest>,
    ) -> Answer<ReverseAdjustmentResponse> {
        Err(not_called())
    }
}

#[tonic::async_trait]
impl LedgerService for FakeBilling {
    async fn place_hold(&self, request: Request<PlaceHoldRequest>) -> Answer<PlaceHoldResponse> {
        let (mut books, asked, now) = (self.up()?, request.into_inner(), self.clock.now());
        books.holds.retain(|_, hold| hold.end > now);
        let first = asked.parts.first().expect("a part");
        let client_id = books.bills.get(&first.bill_id);
        let client_id = client_id.map(|bill| bill.client.to_string());
        let mut refusals = asked.parts.iter();
        if let Some(refused) = refusals.find_map(|part| books.refusal(&asked.payment_id, part)) {
            return Err(refused);
        }
        let end = asked
            .expire_time
            .map(|time| rpc::parse::time(Some(time), "").expect("a time"));
        let end = end.unwrap_or(now + SignedDuration::from_mins(15));
        let parts = asked.parts.iter();
        let parts = parts.map(|part| (part.bill_id.clone(), minor(&part.amount)));
        let hold = Hold {
            parts: parts.collect(),
            end,
        };
        books.holds.insert(asked.payment_id, hold);
        Ok(Response::new(PlaceHoldResponse {
            expire_time: Some(rpc::wire::time(end)),
            client_id: client_id.unwrap_or_default(),
        }))
    }

    async fn extend_hold(&self, request: Request<ExtendHoldRequest>) -> Answer<ExtendHoldResponse> {
        let (mut books, asked, now) = (self.up()?, request.into_inner(), self.clock.now());
        let wanted = rpc::parse::time(asked.expire_time, "expire_time").expect("a time");
        let held = books.holds.get_mut(&asked.payment_id);
        let expire_time = held.filter(|hold| hold.end > now).map(|hold| {
            hold.end = hold.end.max(wanted);
            rpc::wire::time(hold.end)
        });
        Ok(Response::new(ExtendHoldResponse { expire_time }))
    }

    async fn release_hold(
        &self,
        request: Request<ReleaseHoldRequest>,
    ) -> Answer<ReleaseHoldResponse> {
        self.up()?.holds.remove(&request.into_inner().payment_id);
        Ok(Response::new(ReleaseHoldResponse {}))
    }

    async fn post_payment(
        &self,
        request: Request<PostPaymentRequest>,
    ) -> Answer<PostPaymentResponse> {
        let (mut books, asked) = (self.up()?, request.into_inner());
        books.calls += 1;
        if let Some(before) = books.payments.get(&asked.payment_id) {
            let same = *before == asked;
            return same
                .then(|| Response::new(PostPaymentResponse::default()))
                .ok_or_else(|| refuse(Code::InvalidArgument, "PAYMENT_CHANGED"));
        }
        let mut left = minor(&asked.amount);
        for part in &asked.allocations {
            if let Some(bill) = books.bills.get_mut(&part.bill_id) {
                let taken = minor(&part.amount).min(bill.balance);
                bill.balance -= taken;
                left -= taken;
            }
        }
        books.credit += left;
        books.holds.remove(&asked.payment_id);
        books.payments.insert(asked.payment_id.clone(), asked);
        Ok(Response::new(PostPaymentResponse {
            credited: usd(left),
            ..Default::default()
        }))
    }

    async fn post_refund(&self, request: Request<PostRefundRequest>) -> Answer<PostRefundResponse> {
        let (mut books, asked) = (self.up()?, request.into_inner());
        if let Some(before) = books.refunds.get(&asked.refund_id) {
            let same = *before == asked;
            return same
                .then(|| Response::new(PostRefundResponse::default()))
                .ok_or_else(|| refuse(Code::InvalidArgument, "REFUND_CHANGED"));
        }
        let payment = books.payments.get(&asked.payment_id);
        let payment = payment.ok_or_else(|| refuse(Code::NotFound, "PAYMENT_NOT_FOUND"))?;
        let before = books
            .refunds
            .values()
            .filter(|it| it.payment_id == asked.payment_id)
            .filter(|it| !books.returned.contains(&it.refund_id));
        let before: i64 = before.map(|it| minor(&it.amount)).sum();
        if before + minor(&asked.amount) > minor(&payment.amount) {
            return Err(refuse(Code::FailedPrecondition, "EXCEEDS_PAYMENT"));
        }
        books.refunds.insert(asked.refund_id.clone(), asked);
        Ok(Response::new(PostRefundResponse::default()))
    }

    async fn get_client_balance(
        &self,
        request: Request<GetClientBalanceRequest>,
    ) -> Answer<GetClientBalanceResponse> {
        let (books, asked) = (self.up()?, request.into_inner());
        let mut bills = books.bills.values();
        if bills.any(|bill| bill.client.to_string() == asked.client_id) {
            return Ok(Response::new(GetClientBalanceResponse {
                credit: usd(books.credit),
                ..GetClientBalanceResponse::default()
            }));
        }
        Err(refuse(Code::NotFound, "CLIENT_NOT_FOUND"))
    }

    async fn record_insurer_payment(
        &self,
        _: Request<RecordInsurerPaymentRequest>,
    ) -> Answer<RecordInsurerPaymentResponse> {
        Err(not_called())
    }
    async fn apply_credit(
        &self,
        request: Request<ApplyCreditRequest>,
    ) -> Answer<ApplyCreditResponse> {
        let gate = {
            let mut books = self.up()?;
            books.apply_credit(request.into_inner())?;
            books.credit_gate.clone()
        };
        if let Some(gate) = gate {
            gate.wait().await;
            gate.wait().await;
        }
        Ok(Response::new(ApplyCreditResponse::default()))
    }
    async fn reverse_credit(
        &self,
        _: Request<ReverseCreditRequest>,
    ) -> Answer<ReverseCreditResponse> {
        Err(not_called())
    }
    async fn get_trial_balance(
        &self,
        _: Request<GetTrialBalanceRequest>,
    ) -> Answer<GetTrialBalanceResponse> {
        Err(not_called())
    }
    async fn verify_books(&self, _: Request<VerifyBooksRequest>) -> Answer<VerifyBooksResponse> {
        Err(not_called())
    }
}

pub fn not_called() -> Status {
    Status::unimplemented("payments does not call this")
}

fn shown(books: &Books, bill_id: &str, bill: &FakeBill) -> Bill {
    let status = match (bill.cancelled, bill.balance) {
        (true, _) => BillStatus::Cancelled,
        (false, 0) => BillStatus::Paid,
        (false, _) => BillStatus::Open,
    };
    Bill {
        bill_id: bill_id.to_owned(),
        client_id: bill.client.to_string(),
        number: bill.number,
        reference: "K7M2-9QXD".to_owned(),
        status: status.into(),
        due_date: Some(Date {
            year: 2026,
            month: 3,
            day: bill.due_day,
        }),
        client_balance: usd(bill.balance),
        held: usd(books.held(bill_id, "")),
        ..Bill::default()
    }
}

/// What billing announces when a bill is issued.
pub fn bill_issued(bill: BillId, client: ClientId, balance: i64) -> BillIssued {
    let facts = BillFacts {
        bill_id: bill.to_string(),
        client_id: client.to_string(),
        number: 1,
        reference: "K7M2-9QXD".to_owned(),
        status: BillStatus::Open.into(),
        due_date: Some(Date {
            year: 2026,
            month: 3,
            day: 31,
        }),
        client_balance: usd(balance),
        ..BillFacts::default()
    };
    BillIssued { bill: Some(facts) }
}

/// What billing makes of payments' event: the same posting as by the immediate call.
pub fn posting(
    practice: PracticeId,
    told: proto::payments::v1::PaymentSucceeded,
) -> PostPaymentRequest {
    let facts = told.payment.expect("facts");
    let paid_by = told.payer.map(|payer| PaidBy {
        contact_id: payer.contact_id,
    });
    let _: PaymentId = facts.payment_id.parse().expect("a payment's id");
    PostPaymentRequest {
        practice_id: practice.to_string(),
        kind: facts.kind,
        payment_id: facts.payment_id,
        client_id: facts.client_id,
        amount: facts.amount,
        receive_date: facts.receive_date,
        allocations: facts.allocations,
        method_text: facts.method_text,
        paid_by,
    }
}
