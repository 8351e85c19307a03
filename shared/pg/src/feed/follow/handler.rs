use crate::feed::Event;
use crate::{Tx, is_transient};

/// What an event does here.
pub trait Handler: Send + Sync + 'static {
    /// Writes the event's effect in the transaction that also moves the cursor. It sees the event's practice. No
    /// network in here, and no commit. Events that do not matter here are `Ok(())`.
    fn apply(
        &self,
        tx: &mut Tx,
        event: &Event,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

/// Why an event has no effect yet.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It may go the next time: tried until it does.
    #[error("{0}")]
    Transient(Box<dyn std::error::Error + Send + Sync>),
    /// It will fail again: tried a few times, then parked with this text. The text is kept and shown to operators, so
    /// it must not hold health data.
    #[error("{0}")]
    Poison(Box<dyn std::error::Error + Send + Sync>),
}

impl HandlerError {
    /// A passing failure.
    pub fn transient(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Transient(error.into())
    }

    /// A failure of the event itself.
    pub fn poison(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Poison(error.into())
    }
}

impl From<sqlx::Error> for HandlerError {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::transient(error)
        } else {
            Self::poison(error)
        }
    }
}

impl From<prost::DecodeError> for HandlerError {
    fn from(error: prost::DecodeError) -> Self {
        Self::poison(error)
    }
}
