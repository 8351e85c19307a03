use ::rpc::{Details, Fault};
use tonic::Code;
use typeset::PictureError;

/// Why a practice is refused a document, or what it wants on one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The logo's bytes are not what they say, or nothing that can be printed.
    #[error("the logo cannot be used: {0}")]
    Logo(#[from] PictureError),
    /// It was decoded and breaks the rules of archival PDF all the same.
    #[error(
        "the logo cannot be used: it has colors or effects that a printed document cannot have"
    )]
    LogoNotPrintable,
    /// Nothing on a superbill.
    #[error("there are no completed services on bills that stand")]
    NoBilledServices,
}

impl Fault for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::Logo(_) | Self::LogoNotPrintable => Code::InvalidArgument,
            Self::NoBilledServices => Code::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Logo(_) | Self::LogoNotPrintable => "LOGO_UNREADABLE",
            Self::NoBilledServices => "NO_BILLED_SERVICES",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        match self {
            Self::Logo(_) | Self::LogoNotPrintable => {
                details.field("letterhead.logo.content", self.to_string())
            }
            Self::NoBilledServices => {
                details.precondition("SERVICES", "superbill".to_owned(), self.to_string())
            }
        }
    }
}
