use ::rpc::{Denied, Details, Fault, Invalid};
use pg::PageError;
use tonic::{Code, Status};

/// Everything that an op of this service can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else's, or nobody's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The page asked for is none.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Another worker has claimed the mail since.
    #[error("another worker has this mail now")]
    ClaimLost,
    /// A row holds what this code cannot read.
    #[error("{0} that cannot be read is stored")]
    Stored(&'static str),
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
}

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::Denied(denied) => denied.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Page(PageError::NegativeSize | PageError::ForeignToken) => Code::InvalidArgument,
            Self::ClaimLost => Code::Aborted,
            Self::Stored(_) => Code::Internal,
            Self::Database(error) if pg::is_transient(error) => Code::Unavailable,
            Self::Database(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Denied(denied) => denied.reason(),
            Self::Invalid(invalid) => invalid.reason(),
            Self::Page(PageError::NegativeSize) => "INVALID_FIELD",
            Self::Page(PageError::ForeignToken) => "PAGE_TOKEN_INVALID",
            Self::ClaimLost => "CLAIM_LOST",
            Self::Stored(_) => "STORED",
            Self::Database(_) => "DATABASE",
        }
    }

    fn details(&self) -> Details {
        match self {
            Self::Denied(denied) => denied.details(),
            Self::Invalid(invalid) => invalid.details(),
            Self::Page(PageError::NegativeSize) => {
                Details::default().field("page_size", "must not be negative")
            }
            Self::Page(PageError::ForeignToken) => {
                Details::default().field("page_token", "is not of this list")
            }
            Self::ClaimLost | Self::Stored(_) | Self::Database(_) => Details::default(),
        }
    }

    fn conflict(&self) -> bool {
        match self {
            Self::Database(error) => pg::is_conflict(error),
            Self::Denied(_)
            | Self::Invalid(_)
            | Self::Page(_)
            | Self::ClaimLost
            | Self::Stored(_) => false,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        ::rpc::status(&error)
    }
}
