//! Why nothing is said of what a payout paid out.

use ::rpc::{Details, Fault};
use ids::PayoutItemId;
use tonic::Code;

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayoutRefusal {
    /// There is nothing to say.
    #[error("it is known what payout item {0} is")]
    ItemKnown(PayoutItemId),
    /// Once is enough.
    #[error("payout item {0} is closed already")]
    ItemClosed(PayoutItemId),
}

impl Fault for PayoutRefusal {
    fn code(&self) -> Code {
        Code::FailedPrecondition
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::ItemKnown(_) => "PAYOUT_ITEM_KNOWN",
            Self::ItemClosed(_) => "PAYOUT_ITEM_CLOSED",
        }
    }

    fn details(&self) -> Details {
        match self {
            Self::ItemKnown(item) | Self::ItemClosed(item) => Details::default().precondition(
                "PAYOUT_ITEM_STATE",
                item.to_string(),
                self.to_string(),
            ),
        }
    }
}
