use crate::secrets::SecretError;
use ::rpc::{Denied, Details, Fault, Invalid};
use pg::RequestError;
use std::time::Duration;
use tonic::{Code, Status};

/// Everything that an op of this service can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Wrong address or password, number or code, id or secret: one answer for all.
    #[error("sign-in was refused")]
    SignInRefused,
    /// Too often, from there or at that.
    #[error("too many attempts; try again later")]
    TooManyAttempts {
        /// When a try is worth it again.
        retry_after: Duration,
    },
    /// Not the operator's setup token, or registration is closed.
    #[error("the setup token is not valid")]
    SetupTokenInvalid,
    /// Another member of staff signs in with it.
    #[error("this e-mail address is already used to sign in")]
    EmailTaken,
    /// Follows "the password" in a sentence.
    #[error("the password {0}")]
    PasswordTooWeak(&'static str),
    /// No such zone in the IANA database.
    #[error("{0:?} is not an IANA time zone")]
    TimeZoneUnknown(String),
    /// Not a currency that can be billed in.
    #[error("{0:?} is not a currency that can be billed in")]
    CurrencyUnknown(String),
    /// No live code.
    #[error("bill {0} has no live access code")]
    AccessCodeNotFound(ids::BillId),
    /// Somebody else's, or nobody's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The request id does not fit the request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A secret could not be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
}

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::SignInRefused | Self::SetupTokenInvalid => Code::Unauthenticated,
            Self::TooManyAttempts { .. } | Self::Request(RequestError::Crowded) => {
                Code::ResourceExhausted
            }
            Self::EmailTaken => Code::AlreadyExists,
            Self::PasswordTooWeak(_) | Self::TimeZoneUnknown(_) | Self::CurrencyUnknown(_) => {
                Code::InvalidArgument
            }
            Self::AccessCodeNotFound(_) => Code::NotFound,
            Self::Denied(denied) => denied.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Request(RequestError::Malformed | RequestError::Reused) => Code::InvalidArgument,
            Self::Request(RequestError::Database(error)) | Self::Database(error) => {
                if pg::is_transient(error) {
                    Code::Unavailable
                } else {
                    Code::Internal
                }
            }
            Self::Secret(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::SignInRefused => "SIGN_IN_REFUSED",
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::SetupTokenInvalid => "SETUP_TOKEN_INVALID",
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::PasswordTooWeak(_) => "PASSWORD_TOO_WEAK",
            Self::TimeZoneUnknown(_) => "TIME_ZONE_UNKNOWN",
            Self::CurrencyUnknown(_) => "CURRENCY_UNKNOWN",
            Self::AccessCodeNotFound(_) => "ACCESS_CODE_NOT_FOUND",
            Self::Denied(denied) => denied.reason(),
            Self::Invalid(invalid) => invalid.reason(),
            Self::Request(RequestError::Malformed) => "INVALID_FIELD",
            Self::Request(RequestError::Reused) => "REQUEST_ID_REUSED",
            Self::Request(RequestError::Crowded) => "OVERLOADED",
            Self::Request(RequestError::Database(_)) | Self::Database(_) => "DATABASE",
            Self::Secret(_) => "SECRET",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        match self {
            Self::TooManyAttempts { retry_after } => details.retry_after(*retry_after),
            Self::PasswordTooWeak(must) => details.field("owner_password", *must),
            Self::TimeZoneUnknown(_) => {
                details.field("practice.time_zone", "must be an IANA time zone")
            }
            Self::CurrencyUnknown(_) => {
                details.field("practice.currency_code", "must be an ISO 4217 currency")
            }
            Self::AccessCodeNotFound(bill) => details.resource("access_code", bill.to_string()),
            Self::Denied(denied) => denied.details(),
            Self::Invalid(invalid) => invalid.details(),
            Self::Request(RequestError::Crowded) => details.retry_after(Duration::from_millis(500)),
            Self::Request(RequestError::Malformed) => details.field("request_id", "must be a UUID"),
            Self::Request(RequestError::Reused) => {
                details.field("request_id", "was used for another request")
            }
            Self::SignInRefused
            | Self::SetupTokenInvalid
            | Self::EmailTaken
            | Self::Request(RequestError::Database(_))
            | Self::Secret(_)
            | Self::Database(_) => details,
        }
    }

    fn conflict(&self) -> bool {
        match self {
            Self::Database(error) | Self::Request(RequestError::Database(error)) => {
                pg::is_conflict(error)
            }
            Self::SignInRefused
            | Self::TooManyAttempts { .. }
            | Self::SetupTokenInvalid
            | Self::EmailTaken
            | Self::PasswordTooWeak(_)
            | Self::TimeZoneUnknown(_)
            | Self::CurrencyUnknown(_)
            | Self::AccessCodeNotFound(_)
            | Self::Denied(_)
            | Self::Invalid(_)
            | Self::Request(
                RequestError::Malformed | RequestError::Reused | RequestError::Crowded,
            )
            | Self::Secret(_) => false,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        ::rpc::status(&error)
    }
}
