//! Why nothing is done on an account at the processor.

use crate::Error;
use crate::domain::connection::NotReady;
use ::rpc::{Details, Fault};
use ids::{MethodId, PaymentId, RefundId};
use tonic::Code;

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// The installation demands one of the practice's own.
    #[error("online payments need an account of the practice's own at the processor; connect one")]
    NotConnected,
    /// Its owner has taken our access away.
    #[error("the practice's account at the processor is not connected any more")]
    Disconnected,
    /// It was given to an account that the practice does not use any more.
    #[error("method {0} is on file with a former account; it has to be added again")]
    FormerMethod(MethodId),
    /// Its end is known, or will be without anybody's word.
    #[error(
        "payment {0} has ended or ends by itself; only one that was charged on an account that was taken away since is closed by hand"
    )]
    EndsByItself(PaymentId),
    /// The same of a refund.
    #[error(
        "refund {0} has ended or ends by itself; only one that was sent on an account that was taken away since is closed by hand"
    )]
    RefundEndsByItself(RefundId),
}

impl From<NotReady> for Error {
    fn from(why: NotReady) -> Self {
        match why {
            NotReady::NotConnected => AccountRefusal::NotConnected.into(),
            NotReady::Disconnected => AccountRefusal::Disconnected.into(),
            NotReady::ChargesNotEnabled(why) => Self::ChargesNotEnabled(why),
        }
    }
}

impl Fault for AccountRefusal {
    fn code(&self) -> Code {
        Code::FailedPrecondition
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotConnected => "ACCOUNT_NOT_CONNECTED",
            Self::Disconnected => "ACCOUNT_DISCONNECTED",
            Self::FormerMethod(_) => "METHOD_OF_FORMER_ACCOUNT",
            Self::EndsByItself(_) => "PAYMENT_ENDS_BY_ITSELF",
            Self::RefundEndsByItself(_) => "REFUND_ENDS_BY_ITSELF",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        let text = self.to_string();
        match self {
            Self::NotConnected | Self::Disconnected => {
                details.precondition("PROCESSOR_ACCOUNT", "practice", text)
            }
            Self::FormerMethod(method) => {
                details.precondition("METHOD_STATE", method.to_string(), text)
            }
            Self::EndsByItself(payment) => {
                details.precondition("PAYMENT_STATE", payment.to_string(), text)
            }
            Self::RefundEndsByItself(refund) => {
                details.precondition("REFUND_STATE", refund.to_string(), text)
            }
        }
    }
}
