//! Why AutoPay does not do what was asked.

use crate::domain::upcoming::MoveRefusal;
use ::rpc::{Details, Fault};
use tonic::Code;

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AutoPayRefusal {
    /// Nothing could be charged.
    #[error("the payer has no payment method on file")]
    NoMethodOnFile,
    /// The practice does not let clients do it.
    #[error("only the practice can do this")]
    ByPracticeOnly,
    /// The charge stays on its day.
    #[error(transparent)]
    Move(#[from] MoveRefusal),
    /// Another worker has the practice's night now.
    #[error("the night was taken over by another worker")]
    NightTakenOver,
}

impl Fault for AutoPayRefusal {
    fn code(&self) -> Code {
        match self {
            Self::NoMethodOnFile
            | Self::ByPracticeOnly
            | Self::Move(MoveRefusal::WindowClosed(_)) => Code::FailedPrecondition,
            Self::Move(
                MoveRefusal::TooLate(_) | MoveRefusal::InPast | MoveRefusal::BeforeToldDay(_),
            ) => Code::InvalidArgument,
            Self::NightTakenOver => Code::Aborted,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoMethodOnFile => "NO_METHOD_ON_FILE",
            Self::ByPracticeOnly => "AUTO_PAY_BY_PRACTICE_ONLY",
            Self::Move(MoveRefusal::WindowClosed(_)) => "MOVE_WINDOW_CLOSED",
            Self::Move(MoveRefusal::TooLate(_)) => "CHARGE_DATE_TOO_LATE",
            Self::Move(MoveRefusal::InPast) => "CHARGE_DATE_IN_PAST",
            Self::Move(MoveRefusal::BeforeToldDay(_)) => "CHARGE_DATE_BEFORE_TOLD",
            Self::NightTakenOver => "NIGHT_TAKEN_OVER",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        match self {
            Self::Move(
                MoveRefusal::TooLate(_) | MoveRefusal::InPast | MoveRefusal::BeforeToldDay(_),
            ) => details.field("charge_date", self.to_string()),
            Self::NoMethodOnFile
            | Self::ByPracticeOnly
            | Self::Move(MoveRefusal::WindowClosed(_))
            | Self::NightTakenOver => {
                details.precondition("AUTO_PAY", self.reason(), self.to_string())
            }
        }
    }
}
