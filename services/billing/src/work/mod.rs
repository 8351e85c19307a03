//! The loops: following portal-auth's practices and payments' money; billing by night, and sharing bills when their time
//! has come.

mod automation;
mod payments;
mod practices;
mod share;
mod verify;

pub use automation::{automate, automate_due};
pub use payments::Payments;
pub use practices::Practices;
pub use share::{share_due, share_scheduled};
pub use verify::verify_all;

use crate::Error;
use ::rpc::Fault as _;
use pg::RequestError;
use pg::feed::HandlerError;

/// What may go well the next time is tried again; the rest is the event's own fault.
fn failed(error: Error) -> HandlerError {
    match error {
        Error::Database(error) | Error::Request(RequestError::Database(error)) => {
            HandlerError::from(error)
        }
        other if other.conflict() || other.code() == tonic::Code::Unavailable => {
            HandlerError::transient(other)
        }
        other => HandlerError::poison(other),
    }
}
