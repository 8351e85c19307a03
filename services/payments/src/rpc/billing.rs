use crate::domain::payer::Payer;
use crate::domain::refusal::Refusal;
use crate::store::bills::Bill;
use crate::store::payments::Payment;
use crate::store::refunds::Refund;
use crate::wire::billing::People;
use crate::{Error, Missing, Result, wire};
use ::rpc::{Connection, Retry};
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::RequestKey;
use proto::billing::v1::GetBillResponse;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::client_service_client::ClientServiceClient;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// billing, as payments asks it. Every call may be repeated.
#[derive(Clone, Debug)]
pub struct Billing {
    bills: BillServiceClient<Connection>,
    ledger: LedgerServiceClient<Connection>,
    clients: ClientServiceClient<Connection>,
    retry: Retry,
}

/// What billing answers when money is to be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It is.
    Placed,
    /// It is not, and will not be for this payment.
    Refused(Refusal),
}

/// A bill as billing knows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueBill {
    /// The bill.
    pub bill: Bill,
    /// What other payments in progress have set aside of it.
    pub held: Money,
}

impl Billing {
    /// Over this connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self {
            bills: BillServiceClient::new(connection.clone()),
            ledger: LedgerServiceClient::new(connection.clone()),
            clients: ClientServiceClient::new(connection),
            retry: Retry::new(),
        }
    }

    /// A bill that its feed has not told of yet. Errors: BILL_NOT_FOUND, `Billing`.
    pub async fn get_bill(&self, practice: PracticeId, bill: BillId) -> Result<Bill> {
        wire::billing::bill(self.read_bill(practice, bill).await?)
    }

    /// A bill as it is now. Errors: BILL_NOT_FOUND, `Billing`.
    pub async fn get_due(&self, practice: PracticeId, bill: BillId) -> Result<DueBill> {
        let answer = self.read_bill(practice, bill).await?;
        wire::billing::due(::rpc::parse::required(answer.bill, "bill")?)
    }

    async fn read_bill(&self, practice: PracticeId, bill: BillId) -> Result<GetBillResponse> {
        let request = wire::billing::get_bill(practice, bill);
        let answer = self
            .retry
            .run(|| {
                let (mut bills, request) = (self.bills.clone(), request.clone());
                async move { bills.get_bill(request).await }
            })
            .await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| match status.code() {
                Code::NotFound => Error::Missing(Missing::Bill(bill)),
                _ => Error::Billing(status),
            })
    }

    /// What a client owes now: at most 200 bills, what is due first at the top. Errors: `Billing`.
    pub async fn list_due(&self, practice: PracticeId, client: ClientId) -> Result<Vec<DueBill>> {
        let request = wire::billing::list_due(practice, client);
        let answer = self
            .retry
            .run(|| {
                let (mut bills, request) = (self.bills.clone(), request.clone());
                async move { bills.list_bills(request).await }
            })
            .await
            .map_err(Error::Billing)?;
        let bills = answer.into_inner().bills;
        bills.into_iter().map(wire::billing::due).collect()
    }

    /// Whether the practice has the client. Errors: CLIENT_NOT_FOUND, `Billing`.
    pub async fn check_client(&self, practice: PracticeId, client: ClientId) -> Result<()> {
        let request = wire::billing::get_client_balance(practice, client);
        let answer = self
            .retry
            .run(|| {
                let (mut ledger, request) = (self.ledger.clone(), request.clone());
                async move { ledger.get_client_balance(request).await }
            })
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(status) if status.code() == Code::NotFound => {
                Err(Error::Missing(Missing::Client(client)))
            }
            Err(status) => Err(Error::Billing(status)),
        }
    }

    /// Who belongs to a client. Errors: CLIENT_NOT_FOUND, `Billing`.
    pub async fn get_people(&self, practice: PracticeId, client: ClientId) -> Result<People> {
        let request = wire::billing::get_client(practice, client);
        let answer = self
            .retry
            .run(|| {
                let (mut clients, request) = (self.clients.clone(), request.clone());
                async move { clients.get_client(request).await }
            })
            .await
            .map_err(|status| match status.code() {
                Code::NotFound => Error::Missing(Missing::Client(client)),
                _ => Error::Billing(status),
            })?;
        Ok(wire::billing::people(answer.into_inner())?)
    }

    /// Sets a payment's parts of bills aside until then, all or none; again is fine. Errors: `Billing`, when it is not
    /// known whether they are.
    pub async fn place_hold(&self, payment: &Payment, until: Timestamp) -> Result<Hold> {
        let request = wire::billing::place_hold(payment, until);
        crate::crash::effect();
        let answer = self
            .retry
            .run(|| {
                let (mut ledger, request) = (self.ledger.clone(), request.clone());
                async move { ledger.place_hold(request).await }
            })
            .await;
        match answer {
            Ok(_) => Ok(Hold::Placed),
            Err(status) => refusal(&status)
                .map(Hold::Refused)
                .ok_or(Error::Billing(status)),
        }
    }

    /// What a client holds as credit; none when billing does not say. Errors: `Billing`.
    pub async fn credit(&self, practice: PracticeId, client: ClientId) -> Result<Option<Money>> {
        let request = wire::billing::get_client_balance(practice, client);
        let answer = self
            .retry
            .run(|| {
                let (mut ledger, request) = (self.ledger.clone(), request.clone());
                async move { ledger.get_client_balance(request).await }
            })
            .await
            .map_err(Error::Billing)?;
        wire::billing::credit(answer.into_inner())
    }

    /// Pays a bill from the client's credit; again under the same key is fine. False when billing does not do it: there is
    /// less credit, or less is owed. Errors: `Billing`, when it is not known.
    pub async fn apply_credit(
        &self,
        key: &RequestKey,
        (bill, amount): (BillId, Money),
    ) -> Result<bool> {
        let request = wire::billing::apply_credit(key, bill, amount);
        crate::crash::effect();
        let answer = self
            .retry
            .run(|| {
                let (mut ledger, request) = (self.ledger.clone(), request.clone());
                async move { ledger.apply_credit(request).await }
            })
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(status) => match status.code() {
                Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument => Ok(false),
                _ => Err(Error::Billing(status)),
            },
        }
    }

    /// Lets a hold last longer. Should that fail, others may pay the bill before the payment has ended; what comes then
    /// becomes credit.
    pub async fn extend_hold(&self, practice: PracticeId, payment: PaymentId, until: Timestamp) {
        let request = wire::billing::extend_hold(practice, payment, until);
        crate::crash::effect();
        match self.ledger.clone().extend_hold(request).await {
            Ok(answer) if answer.get_ref().expire_time.is_none() => {
                tracing::warn!(%payment, "a payment on its way holds nothing any more");
            }
            Ok(_) => {}
            Err(status) => tracing::warn!(%payment, %status, "a hold does not last longer yet"),
        }
    }

    /// Ends a hold at once, so that others may pay. Should it fail, our feed tells billing.
    pub async fn release_hold(&self, practice: PracticeId, payment: PaymentId) {
        let request = wire::billing::release_hold(practice, payment);
        crate::crash::effect();
        let answer = self.ledger.clone().release_hold(request).await;
        if let Err(status) = answer {
            tracing::warn!(%payment, %status, "a hold was not released at once; the feed will do it");
        }
    }

    /// Books a payment at once, so that whoever waits sees it. Whether that went well; billing follows our feed, so it is
    /// booked in any case.
    pub async fn post_payment(&self, payment: &Payment, payer: Option<Payer>) -> bool {
        let request = wire::billing::post_payment(payment, payer);
        crate::crash::effect();
        match self.ledger.clone().post_payment(request).await {
            Ok(_) => true,
            Err(status) => {
                tracing::warn!(payment = %payment.payment, %status, "not booked at once; the feed will do it");
                false
            }
        }
    }

    /// Books a refund at once; the same holds.
    pub async fn post_refund(&self, practice: PracticeId, refund: &Refund) {
        let request = wire::billing::post_refund(practice, refund);
        crate::crash::effect();
        if let Err(status) = self.ledger.clone().post_refund(request).await {
            tracing::warn!(refund = %refund.refund, %status, "not booked at once; the feed will do it");
        }
    }
}

/// A refusal is certain; anything else is not known.
fn refusal(status: &Status) -> Option<Refusal> {
    let certain = matches!(
        status.code(),
        Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument
    );
    let reason = status.get_details_error_info()?.reason;
    Refusal::of(&reason).filter(|_| certain)
}
