use crate::documents::{DocumentError, Refusal};
use crate::domain::credit::CreditLimit;
use crate::import_refusal::ImportRefusal;
use crate::{Missing, Named};
use ::rpc::{Denied, Details, Fault, Invalid};
use ids::{AdjustmentId, BillId, ClientId, PaymentId, PracticeId, RefundId, SessionId};
use money::{Currency, Money, MoneyError};
use pg::{PageError, RequestError};
use std::time::Duration;
use tonic::{Code, Status};
use typeset::TypesetError;

/// Everything that an op of this service can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody's, or somebody else's.
    #[error("there is no {}", .0.shown())]
    Missing(Missing),
    /// Nothing has that name.
    #[error("there is no {} {name} then", .thing.kind())]
    Unknown {
        /// What was named.
        thing: Named,
        /// Its name.
        name: String,
        /// The field that named it.
        field: String,
    },
    /// The catalogue has it already.
    #[error("the catalogue has a service {0}")]
    ServiceCodeTaken(String),
    /// portal-auth's event about the practice has not come yet.
    #[error("practice {0} is being set up")]
    PracticeNotYetKnown(PracticeId),
    /// Not the practice's currency.
    #[error("{field} must be in {expected}")]
    CurrencyMismatch {
        /// The field.
        field: String,
        /// The practice's currency.
        expected: Currency,
    },
    /// Card numbers are kept nowhere.
    #[error("{0} must not contain a card number")]
    CardNumberInText(String),
    /// Another resource of the practice has it.
    #[error("the external reference is taken")]
    ExternalReferenceTaken,
    /// A stream has more than its limit.
    #[error("a stream may have at most {0} items; go on in another")]
    TooManyItems(i32),
    /// It changed since the caller read it.
    #[error("session {0} has changed since; read it again")]
    SessionChanged(SessionId),
    /// On another live bill.
    #[error("session {0} is on a bill already")]
    SessionAlreadyBilled(SessionId),
    /// Cancelled, or it costs nothing.
    #[error("session {0} has nothing to bill")]
    SessionNotBillable(SessionId),
    /// Insurance cannot owe more than the price.
    #[error("{0} is more than the price")]
    ShareExceedsPrice(String),
    /// Insurance owes, and nobody said whose.
    #[error("policy_id must be given when insurance owes a share")]
    PolicyRequired,
    /// Due before it is issued.
    #[error("due_date must not be before the issue date")]
    DueBeforeIssue,
    /// It was taken back.
    #[error("bill {0} is cancelled")]
    BillCancelled(BillId),
    /// Something was paid on it.
    #[error("bill {0} has payments; refund them first")]
    BillHasPayments(BillId),
    /// An online payment holds what is asked for.
    #[error("a payment of bill {0} is in progress")]
    PaymentInProgress(BillId),
    /// It was changed since the caller read it.
    #[error("bill {0} has changed; read it again")]
    EtagMismatch(BillId),
    /// An insurer has decided what the client owes on it.
    #[error("insurance has decided on bill {0}")]
    BillDecided(BillId),
    /// More than is left of the line.
    #[error("{0} of the line is left")]
    AdjustmentExceedsLine(Money),
    /// More than the client still owes and nobody is paying.
    #[error("{0} is left to adjust")]
    AdjustmentExceedsBalance(Money),
    /// It would take nothing off.
    #[error("there is nothing to adjust on bill {0}")]
    NothingToAdjust(BillId),
    /// It no longer counts.
    #[error("adjustment {0} was taken back")]
    AdjustmentReversed(AdjustmentId),
    /// There is nobody to send it to.
    #[error("client {0} has no e-mail address for bills")]
    NoEmailAddress(ClientId),
    /// Nobody wanted it shared later.
    #[error("bill {0} is not scheduled to be shared")]
    ShareNotScheduled(BillId),
    /// Insurance never owed anything on it.
    #[error("bill {0} has no insurance share")]
    NoInsuranceShare(BillId),
    /// More than insurance still owes.
    #[error("insurance owes {0}")]
    ExceedsInsuranceBalance(Money),
    /// More than the client's credit, or than credit pays of the bill.
    #[error(transparent)]
    ExceedsCredit(CreditLimit),
    /// More than the client still owes on the bill.
    #[error("the client owes {0} on the bill")]
    ExceedsClientBalance(Money),
    /// The client owes nothing on it.
    #[error("nothing is due on bill {0}")]
    NothingDue(BillId),
    /// Booked, or held, with another content.
    #[error("payment {0} is known with another content")]
    PaymentChanged(PaymentId),
    /// Booked with another content.
    #[error("refund {0} is known with another content")]
    RefundChanged(RefundId),
    /// More than is left of the payment.
    #[error("{0} is left of the payment")]
    ExceedsPayment(Money),
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
    /// portal-auth could not be asked for a bill's Access Code.
    #[error("the Access Code cannot be read now; try again")]
    PortalAuth(#[source] Status),
    /// A document that cannot be, or a logo that cannot be printed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The facts of a document do not agree: it is not printed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A document could not be made.
    #[error(transparent)]
    Typeset(#[from] TypesetError),
    /// An import does not do what is asked.
    #[error(transparent)]
    Import(#[from] ImportRefusal),
    /// Another transaction was faster; the same again goes well.
    #[error("another request changed this meanwhile; try again")]
    Overtaken,
    /// A row says what the code does not know; the text names it.
    #[error("stored row: {0}")]
    Stored(&'static str),
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// What the state forbids, as `PreconditionFailure` wants it: the kind of state and whose.
    fn state(&self) -> Option<(&'static str, String)> {
        match self {
            Self::SessionAlreadyBilled(id)
            | Self::SessionNotBillable(id)
            | Self::SessionChanged(id) => Some(("SESSION_STATE", id.to_string())),
            Self::BillCancelled(id)
            | Self::BillHasPayments(id)
            | Self::PaymentInProgress(id)
            | Self::NoInsuranceShare(id)
            | Self::BillDecided(id)
            | Self::NothingToAdjust(id)
            | Self::ShareNotScheduled(id)
            | Self::NothingDue(id) => Some(("BILL_STATE", id.to_string())),
            Self::AdjustmentReversed(id) => Some(("ADJUSTMENT_STATE", id.to_string())),
            Self::NoEmailAddress(id) => Some(("CLIENT_STATE", id.to_string())),
            Self::ExceedsInsuranceBalance(_)
            | Self::ExceedsCredit(_)
            | Self::AdjustmentExceedsLine(_)
            | Self::AdjustmentExceedsBalance(_)
            | Self::ExceedsClientBalance(_) => Some(("BALANCE", "amount".to_owned())),
            Self::ExceedsPayment(_) => Some(("PAYMENT_STATE", "amount".to_owned())),
            Self::Missing(_)
            | Self::Unknown { .. }
            | Self::ServiceCodeTaken(_)
            | Self::PracticeNotYetKnown(_)
            | Self::CurrencyMismatch { .. }
            | Self::CardNumberInText(_)
            | Self::ExternalReferenceTaken
            | Self::TooManyItems(_)
            | Self::ShareExceedsPrice(_)
            | Self::PolicyRequired
            | Self::DueBeforeIssue
            | Self::EtagMismatch(_)
            | Self::PaymentChanged(_)
            | Self::RefundChanged(_)
            | Self::Denied(_)
            | Self::Invalid(_)
            | Self::Money(_)
            | Self::Page(_)
            | Self::Request(_)
            | Self::Import(_)
            | Self::PortalAuth(_)
            | Self::Refused(_)
            | Self::Document(_)
            | Self::Typeset(_)
            | Self::Overtaken
            | Self::Stored(_)
            | Self::Database(_) => None,
        }
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
            Self::Missing(_) | Self::Unknown { .. } => Code::NotFound,
            Self::PracticeNotYetKnown(_)
            | Self::PortalAuth(_)
            | Self::Typeset(TypesetError::Busy) => Code::Unavailable,
            Self::CurrencyMismatch { .. }
            | Self::CardNumberInText(_)
            | Self::ShareExceedsPrice(_)
            | Self::PolicyRequired
            | Self::DueBeforeIssue
            | Self::PaymentChanged(_)
            | Self::RefundChanged(_)
            | Self::Money(_)
            | Self::Page(_)
            | Self::Request(RequestError::Malformed | RequestError::Reused) => {
                Code::InvalidArgument
            }
            Self::ExternalReferenceTaken | Self::ServiceCodeTaken(_) => Code::AlreadyExists,
            Self::TooManyItems(_) | Self::Request(RequestError::Crowded) => Code::ResourceExhausted,
            Self::Overtaken | Self::EtagMismatch(_) | Self::SessionChanged(_) => Code::Aborted,
            Self::SessionAlreadyBilled(_)
            | Self::SessionNotBillable(_)
            | Self::BillCancelled(_)
            | Self::BillHasPayments(_)
            | Self::PaymentInProgress(_)
            | Self::NoEmailAddress(_)
            | Self::ShareNotScheduled(_)
            | Self::NoInsuranceShare(_)
            | Self::ExceedsInsuranceBalance(_)
            | Self::ExceedsCredit(_)
            | Self::ExceedsClientBalance(_)
            | Self::NothingDue(_)
            | Self::BillDecided(_)
            | Self::AdjustmentExceedsLine(_)
            | Self::AdjustmentExceedsBalance(_)
            | Self::NothingToAdjust(_)
            | Self::AdjustmentReversed(_)
            | Self::ExceedsPayment(_) => Code::FailedPrecondition,
            Self::Import(refusal) => refusal.code(),
            Self::Denied(denied) => denied.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Request(RequestError::Database(error)) | Self::Database(error) => {
                if pg::is_transient(error) {
                    Code::Unavailable
                } else {
                    Code::Internal
                }
            }
            Self::Document(_) | Self::Typeset(_) | Self::Stored(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Missing(missing) => missing.reason(),
            Self::Unknown { thing, .. } => thing.reason(),
            Self::ServiceCodeTaken(_) => "SERVICE_CODE_TAKEN",
            Self::PracticeNotYetKnown(_) => "PRACTICE_NOT_YET_KNOWN",
            Self::CurrencyMismatch { .. } | Self::Money(MoneyError::Currencies { .. }) => {
                "CURRENCY_MISMATCH"
            }
            Self::CardNumberInText(_) => "CARD_NUMBER_IN_TEXT",
            Self::ExternalReferenceTaken => "EXTERNAL_REFERENCE_TAKEN",
            Self::TooManyItems(_) => "TOO_MANY_ITEMS",
            Self::SessionAlreadyBilled(_) => "SESSION_ALREADY_BILLED",
            Self::SessionNotBillable(_) => "SESSION_NOT_BILLABLE",
            Self::ShareExceedsPrice(_) => "SHARE_EXCEEDS_PRICE",
            Self::PolicyRequired => "POLICY_REQUIRED",
            Self::DueBeforeIssue => "DUE_BEFORE_ISSUE",
            Self::BillCancelled(_) => "BILL_CANCELLED",
            Self::BillHasPayments(_) => "BILL_HAS_PAYMENTS",
            Self::PaymentInProgress(_) => "PAYMENT_IN_PROGRESS",
            Self::NoEmailAddress(_) => "NO_EMAIL_ADDRESS",
            Self::ShareNotScheduled(_) => "SHARE_NOT_SCHEDULED",
            Self::NoInsuranceShare(_) => "NO_INSURANCE_SHARE",
            Self::ExceedsInsuranceBalance(_) => "EXCEEDS_INSURANCE_BALANCE",
            Self::ExceedsCredit(limit) => limit.reason(),
            Self::ExceedsClientBalance(_) => "EXCEEDS_CLIENT_BALANCE",
            Self::NothingDue(_) => "NOTHING_DUE",
            Self::EtagMismatch(_) | Self::SessionChanged(_) => "ETAG_MISMATCH",
            Self::BillDecided(_) => "BILL_DECIDED",
            Self::AdjustmentExceedsLine(_) => "ADJUSTMENT_EXCEEDS_LINE",
            Self::AdjustmentExceedsBalance(_) => "ADJUSTMENT_EXCEEDS_BALANCE",
            Self::NothingToAdjust(_) => "NOTHING_TO_ADJUST",
            Self::AdjustmentReversed(_) => "ADJUSTMENT_REVERSED",
            Self::PaymentChanged(_) => "PAYMENT_CHANGED",
            Self::RefundChanged(_) => "REFUND_CHANGED",
            Self::ExceedsPayment(_) => "EXCEEDS_PAYMENT",
            Self::Import(refusal) => refusal.reason(),
            Self::Denied(denied) => denied.reason(),
            Self::Invalid(invalid) => invalid.reason(),
            Self::Refused(refusal) => refusal.reason(),
            Self::Page(PageError::ForeignToken) => "PAGE_TOKEN_INVALID",
            Self::Request(RequestError::Reused) => "REQUEST_ID_REUSED",
            Self::Request(RequestError::Crowded) => "OVERLOADED",
            Self::Page(PageError::NegativeSize)
            | Self::Request(RequestError::Malformed)
            | Self::Money(MoneyError::Overflow | MoneyError::NoParts | MoneyError::Weights) => {
                "INVALID_FIELD"
            }
            Self::PortalAuth(_) => "PORTAL_AUTH",
            Self::Document(_) | Self::Typeset(_) => "DOCUMENT",
            Self::Overtaken => "OVERTAKEN",
            Self::Stored(_) => "STORED_ROW",
            Self::Request(RequestError::Database(_)) | Self::Database(_) => "DATABASE",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        if let Some((kind, subject)) = self.state() {
            return details.precondition(kind, subject, self.to_string());
        }
        match self {
            Self::Missing(missing) => {
                let (kind, id) = missing.named();
                details.resource(kind, id)
            }
            Self::Unknown { thing, name, field } => details
                .resource(thing.kind(), name)
                .field(field, format!("names no {}", thing.kind())),
            Self::PracticeNotYetKnown(_) => details.retry_after(Duration::from_millis(200)),
            Self::PortalAuth(_) | Self::Typeset(TypesetError::Busy) => {
                details.retry_after(Duration::from_secs(1))
            }
            Self::CurrencyMismatch { field, expected } => {
                details.field(field, format!("must be in {expected}"))
            }
            Self::CardNumberInText(field) => details.field(field, "must not contain a card number"),
            Self::ShareExceedsPrice(field) => {
                details.field(field, "must not be more than the price")
            }
            Self::PolicyRequired => {
                details.field("policy_id", "must be given when insurance owes a share")
            }
            Self::DueBeforeIssue => details.field("due_date", "must not be before the issue date"),
            Self::Import(refusal) => refusal.details(),
            Self::Denied(denied) => denied.details(),
            Self::Invalid(invalid) => invalid.details(),
            Self::Refused(refusal) => refusal.details(),
            Self::Page(PageError::NegativeSize) => {
                details.field("page_size", "must not be negative")
            }
            Self::Page(PageError::ForeignToken) => {
                details.field("page_token", "must be of this list")
            }
            Self::Request(RequestError::Crowded) => details.retry_after(Duration::from_millis(500)),
            Self::Request(RequestError::Malformed) => details.field("request_id", "must be a UUID"),
            Self::Request(RequestError::Reused) => {
                details.field("request_id", "was used for another request")
            }
            _without => details,
        }
    }

    fn conflict(&self) -> bool {
        matches!(self, Self::Overtaken) || self.database().is_some_and(pg::is_conflict)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        ::rpc::status(&error)
    }
}
