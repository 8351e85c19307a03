//! What is new about a disputed payment.

use serde::{Deserialize, Serialize};

/// What is new about a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeNews {
    /// The bank inquires; no money was taken.
    Inquiry,
    /// It was opened, and the money taken.
    Opened,
    /// The practice keeps the money.
    Won,
    /// The money is gone.
    Lost,
    /// The inquiry came to nothing.
    CameToNothing,
}

impl DisputeNews {
    /// As keys name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Opened => "opened",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::CameToNothing => "came_to_nothing",
        }
    }
}
