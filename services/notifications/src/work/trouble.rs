use crate::domain::message::NewMessage;
use ::rpc::Invalid;
use ids::ClientId;
use tonic::{Code, Status};

/// Why a mail could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may go later.
    Later(String),
    /// It never will.
    Never(String),
    /// There is no need any more.
    Needless(String),
}

impl NewMessage {
    /// Whose mail it is. Errors: `Never`, for one that is about nobody.
    pub(super) fn client(&self) -> Result<ClientId, Trouble> {
        let nobody = || Trouble::Never("it is about no client".to_owned());
        self.client.ok_or_else(nobody)
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        let said = format!("{}: {}", status.code(), status.message());
        match status.code() {
            Code::NotFound | Code::InvalidArgument | Code::FailedPrecondition => Self::Never(said),
            _ => Self::Later(said),
        }
    }
}

impl From<Invalid> for Trouble {
    fn from(invalid: Invalid) -> Self {
        Self::Later(format!("an answer could not be read: {invalid}"))
    }
}
