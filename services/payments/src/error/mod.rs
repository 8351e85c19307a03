mod missing;

pub use missing::Missing;

use crate::domain::allocation::AllocationError;
use crate::domain::payer::Payer;
use crate::domain::refund::RefundError;
use crate::domain::refusal::Refusal;
use crate::{AccountRefusal, AutoPayRefusal, PayoutRefusal};
use ::rpc::{CardNumberInText, Denied, Details, Fault, Invalid};
use ids::{AuthorizationId, BillId, ClientId, MethodId, PaymentId, PracticeId};
use jiff::civil::Date;
use money::{Currency, Money, MoneyError};
use pg::{PageError, RequestError};
use processor::{EnvelopeError, SignatureError};
use std::time::Duration;
use tonic::{Code, Status};

/// Everything that an op of this service can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody's, or somebody else's.
    #[error("there is no {}", .0.shown())]
    Missing(Missing),
    /// portal-auth's event about the practice has not come yet.
    #[error("practice {0} is being set up")]
    PracticeNotYetKnown(PracticeId),
    /// Not the practice's currency.
    #[error("{field} must be in {expected}")]
    CurrencyMismatch {
        /// The field.
        field: &'static str,
        /// The practice's currency.
        expected: Currency,
    },
    /// Allocations that do not fit.
    #[error(transparent)]
    Allocations(AllocationError),
    /// Not before it has come.
    #[error("receive_time must not be in the future")]
    ReceivedInFuture,
    /// Card numbers are kept nowhere.
    #[error(transparent)]
    CardNumber(#[from] CardNumberInText),
    /// It was taken back.
    #[error("bill {0} is cancelled")]
    BillCancelled(BillId),
    /// Nothing was charged under a payment of the bill, and nothing will be; none when it is of several.
    #[error("{}", .0.text())]
    Refused(Refusal, Option<BillId>),
    /// Only money that came can go back.
    #[error("payment {0} has not succeeded")]
    PaymentNotSucceeded(PaymentId),
    /// The processor knows when it was paid; only offline payments are corrected.
    #[error("payment {0} was made online and is not corrected")]
    PaymentIsOnline(PaymentId),
    /// It was corrected since the caller read it.
    #[error("payment {0} has changed; read it again")]
    EtagMismatch(PaymentId),
    /// Money does not come after any of it was given back.
    #[error("of payment {0} was given back on {1}: it did not come later")]
    RefundedBefore(PaymentId, Date),
    /// Bank debits go back for 180 days.
    #[error(
        "payment {0} was a bank debit more than 180 days ago: give it back as credit or by other means"
    )]
    RefundTooLate(PaymentId),
    /// More than is left of the payment.
    #[error("{0} is left of the payment")]
    ExceedsPayment(Money),
    /// The payer's bank has taken it back, or may.
    #[error("payment {0} is disputed by the payer's bank")]
    Disputed(PaymentId),
    /// The practice takes no online payments.
    #[error("the practice takes no online payments now")]
    OnlinePaymentsOff,
    /// The processor takes no charges for the account; its word for why.
    #[error("the processor takes no charges for the account now")]
    ChargesNotEnabled(Option<String>),
    /// The processor cannot be reached or is busy. Nothing was charged, and nothing will be unless it is asked again.
    #[error(
        "the card processor cannot be reached now and nothing was charged; ask the same again in a moment"
    )]
    ProcessorUnavailable {
        /// When a try is worth it again.
        retry_after: Duration,
    },
    /// There is no account at the processor to do it on.
    #[error(transparent)]
    Account(#[from] AccountRefusal),
    /// AutoPay does not do it.
    #[error(transparent)]
    AutoPay(#[from] AutoPayRefusal),
    /// Nothing is to be said of it.
    #[error(transparent)]
    Payout(#[from] PayoutRefusal),
    /// It is not on file any more.
    #[error("method {0} is not on file any more")]
    MethodRemoved(MethodId),
    /// Whoever signed the form for it revoked it.
    #[error("the form that allowed to charge method {0} was revoked")]
    AuthorizationRevoked(MethodId),
    /// What is in progress with it has to end first.
    #[error("a payment with method {0} is in progress")]
    MethodInUse(MethodId),
    /// Only a card is one of a health savings account.
    #[error("method {0} is not a card")]
    NotACard(MethodId),
    /// A payer has enough of them.
    #[error("there are {0} methods on file; remove one first")]
    TooManyMethods(usize),
    /// It was signed or revoked.
    #[error("form {0} is not open")]
    AuthorizationNotOpen(AuthorizationId),
    /// One request at a time.
    #[error("{0} was asked already and has not answered yet")]
    AuthorizationAlreadyRequested(Payer),
    /// Such clients are not asked.
    #[error("client {0} is exempt from a card on file")]
    CardOnFileExempt(ClientId),
    /// The practice has changed the text meanwhile.
    #[error("the form's text is version {0} now; read it again")]
    FormChanged(i32),
    /// billing could not be asked.
    #[error("billing: {}", .0.message())]
    Billing(Status),
    /// Not signed by one of the endpoint's secrets, or too long ago.
    #[error("the signature is not valid")]
    SignatureInvalid(#[from] SignatureError),
    /// Signed, but no event.
    #[error("the body is no event of the processor")]
    WebhookMalformed(#[from] EnvelopeError),
    /// What the processor says of an object does not fit what was asked of it; nothing is recorded.
    #[error("the processor says {0}")]
    ProcessorContradicts(&'static str),
    /// Somebody else's, or nobody's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Amounts that cannot be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A page that cannot be given.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The request id does not fit the request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A row says what the code does not know; the text names it.
    #[error("stored row: {0}")]
    Stored(&'static str),
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
}

impl From<RefundError> for Error {
    fn from(error: RefundError) -> Self {
        match error {
            RefundError::ExceedsPayment(left) => Self::ExceedsPayment(left),
            RefundError::Money(error) => Self::Money(error),
        }
    }
}

impl From<AllocationError> for Error {
    fn from(error: AllocationError) -> Self {
        match error {
            AllocationError::Money(error) => Self::Money(error),
            AllocationError::ExceedAmount(_) | AllocationError::Twice(_) => {
                Self::Allocations(error)
            }
        }
    }
}

impl Error {
    /// It may be otherwise when the same is tried again.
    pub(crate) fn passes(&self) -> bool {
        matches!(self.code(), Code::Unavailable | Code::Aborted) || self.conflict()
    }

    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) | Self::Request(RequestError::Database(error)) => Some(error),
            _other => None,
        }
    }
}

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::Missing(_) | Self::Refused(Refusal::BillNotFound, _) => Code::NotFound,
            Self::PracticeNotYetKnown(_) | Self::ProcessorUnavailable { .. } | Self::Billing(_) => {
                Code::Unavailable
            }
            Self::CurrencyMismatch { .. }
            | Self::Allocations(_)
            | Self::ReceivedInFuture
            | Self::SignatureInvalid(_)
            | Self::WebhookMalformed(_)
            | Self::Money(_)
            | Self::Page(_)
            | Self::Refused(Refusal::CurrencyMismatch, _)
            | Self::Request(RequestError::Malformed | RequestError::Reused) => {
                Code::InvalidArgument
            }
            Self::Request(RequestError::Crowded) => Code::ResourceExhausted,
            Self::BillCancelled(_)
            | Self::Refused(
                Refusal::BillCancelled
                | Refusal::NothingDue
                | Refusal::PaymentInProgress
                | Refusal::ExceedsClientBalance
                | Refusal::AccountDisconnected,
                _,
            )
            | Self::PaymentNotSucceeded(_)
            | Self::RefundTooLate(_)
            | Self::PaymentIsOnline(_)
            | Self::RefundedBefore(..)
            | Self::Disputed(_)
            | Self::OnlinePaymentsOff
            | Self::ChargesNotEnabled(_)
            | Self::ExceedsPayment(_)
            | Self::MethodRemoved(_)
            | Self::AuthorizationRevoked(_)
            | Self::MethodInUse(_)
            | Self::NotACard(_)
            | Self::TooManyMethods(_)
            | Self::AuthorizationNotOpen(_)
            | Self::AuthorizationAlreadyRequested(_)
            | Self::CardOnFileExempt(_)
            | Self::FormChanged(_) => Code::FailedPrecondition,
            Self::EtagMismatch(_) => Code::Aborted,
            Self::CardNumber(refused) => refused.code(),
            Self::AutoPay(refusal) => refusal.code(),
            Self::Payout(refusal) => refusal.code(),
            Self::Account(refusal) => refusal.code(),
            Self::Denied(denied) => denied.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Request(RequestError::Database(error)) | Self::Database(error) => {
                if pg::is_transient(error) {
                    Code::Unavailable
                } else {
                    Code::Internal
                }
            }
            Self::ProcessorContradicts(_) | Self::Stored(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Missing(missing) => missing.reason(),
            Self::PracticeNotYetKnown(_) => "PRACTICE_NOT_YET_KNOWN",
            Self::CurrencyMismatch { .. } | Self::Money(MoneyError::Currencies { .. }) => {
                "CURRENCY_MISMATCH"
            }
            Self::Allocations(AllocationError::ExceedAmount(_)) => "ALLOCATIONS_EXCEED_AMOUNT",
            Self::ReceivedInFuture => "RECEIVED_IN_FUTURE",
            Self::CardNumber(refused) => refused.reason(),
            Self::AutoPay(refusal) => refusal.reason(),
            Self::Payout(refusal) => refusal.reason(),
            Self::Account(refusal) => refusal.reason(),
            Self::BillCancelled(_) => "BILL_CANCELLED",
            Self::Refused(refusal, _) => refusal.name(),
            Self::PaymentNotSucceeded(_) => "PAYMENT_NOT_SUCCEEDED",
            Self::RefundTooLate(_) => "REFUND_TOO_LATE",
            Self::PaymentIsOnline(_) => "PAYMENT_IS_ONLINE",
            Self::EtagMismatch(_) => "ETAG_MISMATCH",
            Self::RefundedBefore(..) => "REFUNDED_BEFORE",
            Self::ExceedsPayment(_) => "EXCEEDS_PAYMENT",
            Self::Disputed(_) => "DISPUTED",
            Self::OnlinePaymentsOff => "ONLINE_PAYMENTS_OFF",
            Self::ChargesNotEnabled(_) => "CHARGES_NOT_ENABLED",
            Self::ProcessorUnavailable { .. } => "PROCESSOR_UNAVAILABLE",
            Self::MethodRemoved(_) => "METHOD_REMOVED",
            Self::AuthorizationRevoked(_) => "AUTHORIZATION_REVOKED",
            Self::MethodInUse(_) => "METHOD_IN_USE",
            Self::NotACard(_) => "NOT_A_CARD",
            Self::TooManyMethods(_) => "TOO_MANY_METHODS",
            Self::AuthorizationNotOpen(_) => "AUTHORIZATION_NOT_OPEN",
            Self::AuthorizationAlreadyRequested(_) => "AUTHORIZATION_ALREADY_REQUESTED",
            Self::CardOnFileExempt(_) => "CARD_ON_FILE_EXEMPT",
            Self::FormChanged(_) => "FORM_CHANGED",
            Self::Billing(_) => "BILLING_UNAVAILABLE",
            Self::SignatureInvalid(_) => "SIGNATURE_INVALID",
            Self::WebhookMalformed(_) => "WEBHOOK_MALFORMED",
            Self::ProcessorContradicts(_) => "PROCESSOR_CONTRADICTS",
            Self::Denied(denied) => denied.reason(),
            Self::Invalid(invalid) => invalid.reason(),
            Self::Page(PageError::ForeignToken) => "PAGE_TOKEN_INVALID",
            Self::Request(RequestError::Reused) => "REQUEST_ID_REUSED",
            Self::Request(RequestError::Crowded) => "OVERLOADED",
            Self::Page(PageError::NegativeSize)
            | Self::Request(RequestError::Malformed)
            | Self::Allocations(AllocationError::Twice(_) | AllocationError::Money(_))
            | Self::Money(MoneyError::Overflow | MoneyError::NoParts | MoneyError::Weights) => {
                "INVALID_FIELD"
            }
            Self::Stored(_) => "STORED_ROW",
            Self::Request(RequestError::Database(_)) | Self::Database(_) => "DATABASE",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        match self {
            Self::Missing(missing) => {
                let (kind, id) = missing.named();
                details.resource(kind, id)
            }
            Self::PracticeNotYetKnown(_) => details.retry_after(Duration::from_millis(200)),
            Self::ProcessorUnavailable { retry_after } => details.retry_after(*retry_after),
            Self::CurrencyMismatch { field, expected } => {
                details.field(*field, format!("must be in {expected}"))
            }
            Self::Allocations(AllocationError::Twice(at)) => {
                details.field(format!("allocations[{at}].bill_id"), "must be named once")
            }
            Self::Allocations(_) => {
                details.field("allocations", "must not sum up to more than the amount")
            }
            Self::ReceivedInFuture => details.field("receive_time", "must not be in the future"),
            Self::CardNumber(refused) => refused.details(),
            Self::AutoPay(refusal) => refusal.details(),
            Self::Payout(refusal) => refusal.details(),
            Self::Account(refusal) => refusal.details(),
            Self::Refused(Refusal::BillNotFound, Some(bill)) => {
                details.resource("bill", bill.to_string())
            }
            Self::Refused(_, None) => details.precondition("BILL_STATE", "bills", self.to_string()),
            Self::BillCancelled(bill) | Self::Refused(_, Some(bill)) => {
                details.precondition("BILL_STATE", bill.to_string(), self.to_string())
            }
            Self::PaymentNotSucceeded(payment)
            | Self::Disputed(payment)
            | Self::RefundTooLate(payment)
            | Self::PaymentIsOnline(payment)
            | Self::EtagMismatch(payment)
            | Self::RefundedBefore(payment, _) => {
                details.precondition("PAYMENT_STATE", payment.to_string(), self.to_string())
            }
            Self::MethodRemoved(method)
            | Self::AuthorizationRevoked(method)
            | Self::MethodInUse(method)
            | Self::NotACard(method) => {
                details.precondition("METHOD_STATE", method.to_string(), self.to_string())
            }
            Self::AuthorizationNotOpen(form) => {
                details.precondition("AUTHORIZATION_STATE", form.to_string(), self.to_string())
            }
            Self::OnlinePaymentsOff => {
                details.precondition("ONLINE_PAYMENTS", "practice", self.to_string())
            }
            Self::ChargesNotEnabled(why) => {
                let why = why.clone().unwrap_or_else(|| self.to_string());
                details.precondition("PROCESSOR_ACCOUNT", "charges", why)
            }
            Self::ExceedsPayment(_) => {
                details.precondition("PAYMENT_STATE", "amount", self.to_string())
            }
            Self::Denied(denied) => denied.details(),
            Self::Invalid(invalid) => invalid.details(),
            Self::Page(error) => of_page(error),
            Self::Request(RequestError::Crowded) => details.retry_after(Duration::from_millis(500)),
            Self::Request(RequestError::Malformed) => details.field("request_id", "must be a UUID"),
            Self::Request(RequestError::Reused) => {
                details.field("request_id", "was used for another request")
            }
            _without => details,
        }
    }

    fn conflict(&self) -> bool {
        self.database().is_some_and(pg::is_conflict)
    }
}

fn of_page(error: &PageError) -> Details {
    let details = Details::default();
    match error {
        PageError::NegativeSize => details.field("page_size", "must not be negative"),
        PageError::ForeignToken => details.field("page_token", "must be of this list"),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        ::rpc::status(&error)
    }
}
