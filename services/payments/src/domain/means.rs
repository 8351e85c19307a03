//! With what a charge is made.

use super::on_file::Funding;
use super::payer::Payer;
use ids::MethodId;

/// With what a payment is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Means {
    /// The practice's own account at the processor, `acct_…`; none: the installation's. All of the rest is there.
    pub account: Option<String>,
    /// The processor's token, `pm_…`; none for offline payments.
    pub token: Option<String>,
    /// The method on file; one that comes on file with the payment is known when it has succeeded.
    pub method: Option<MethodId>,
    /// Whose it is at the processor, `cus_…`; of one that is to come on file once it is known.
    pub customer: Option<String>,
    /// Whose it becomes when it has paid.
    pub save_for: Option<Payer>,
    /// Of cards, once the processor has told.
    pub funding: Funding,
    /// The payer says that it is a health savings or flexible spending card.
    pub hsa_fsa: bool,
}

impl Means {
    /// Of money that came outside the processor.
    #[must_use]
    pub const fn offline() -> Self {
        Self {
            account: None,
            token: None,
            method: None,
            customer: None,
            save_for: None,
            funding: Funding::Unknown,
            hsa_fsa: false,
        }
    }
}
