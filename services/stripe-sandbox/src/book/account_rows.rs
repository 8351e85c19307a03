//! What the platform's book keeps of accounts.

use serde::{Deserialize, Serialize};

use crate::metadata::Metadata;

/// What the processor lets an account do. Of the key's own account there may be no row: it may do everything. Of an account
/// that is connected with it there is always one, which is how it is known.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Standing {
    /// `acct_…`.
    pub id: String,
    pub created: i64,
    pub charges_enabled: bool,
    pub payouts_enabled: bool,
    #[serde(default = "yes")]
    pub details_submitted: bool,
    pub requirements_due: Vec<String>,
    pub disabled_reason: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub country: Option<String>,
    /// Whoever it is of has taken the platform's access away.
    #[serde(default)]
    pub deauthorized: bool,
}

fn yes() -> bool {
    true
}

/// A way to the pages where an account's owner answers what the processor asks, for once and a few minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountLink {
    pub id: String,
    pub created: i64,
    pub account: String,
    pub return_url: String,
    pub refresh_url: String,
    pub expires: i64,
    pub used: bool,
}
