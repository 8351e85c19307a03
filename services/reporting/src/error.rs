use ::rpc::{Denied, Details, Fault, Invalid};
use money::MoneyError;
use pg::{PageError, RequestError};
use std::time::Duration;
use tonic::{Code, Status};

/// Everything that an op of this service can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody could say how far its feed has come.
    #[error("billing cannot be asked whether the report is current")]
    Billing(#[source] Status),
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

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::Billing(_) => Code::Unavailable,
            Self::Denied(denied) => denied.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Page(_) | Self::Request(RequestError::Malformed | RequestError::Reused) => {
                Code::InvalidArgument
            }
            Self::Request(RequestError::Database(error)) | Self::Database(error) => {
                if pg::is_transient(error) {
                    Code::Unavailable
                } else {
                    Code::Internal
                }
            }
            Self::Request(RequestError::Crowded) => Code::ResourceExhausted,
            Self::Money(_) | Self::Stored(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Billing(_) => "BILLING_UNAVAILABLE",
            Self::Denied(denied) => denied.reason(),
            Self::Invalid(invalid) => invalid.reason(),
            Self::Page(PageError::ForeignToken) => "PAGE_TOKEN_INVALID",
            Self::Page(PageError::NegativeSize) | Self::Request(RequestError::Malformed) => {
                "INVALID_FIELD"
            }
            Self::Request(RequestError::Reused) => "REQUEST_ID_REUSED",
            Self::Request(RequestError::Crowded) => "OVERLOADED",
            Self::Request(RequestError::Database(_)) | Self::Database(_) => "DATABASE",
            Self::Money(_) => "AMOUNT",
            Self::Stored(_) => "STORED_ROW",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        match self {
            Self::Billing(_) => details.retry_after(Duration::from_secs(1)),
            Self::Denied(denied) => denied.details(),
            Self::Invalid(invalid) => invalid.details(),
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
            Self::Request(RequestError::Database(_))
            | Self::Money(_)
            | Self::Stored(_)
            | Self::Database(_) => details,
        }
    }

    fn conflict(&self) -> bool {
        match self {
            Self::Database(error) | Self::Request(RequestError::Database(error)) => {
                pg::is_conflict(error)
            }
            Self::Billing(_)
            | Self::Denied(_)
            | Self::Invalid(_)
            | Self::Money(_)
            | Self::Page(_)
            | Self::Request(
                RequestError::Malformed | RequestError::Reused | RequestError::Crowded,
            )
            | Self::Stored(_) => false,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        ::rpc::status(&error)
    }
}
