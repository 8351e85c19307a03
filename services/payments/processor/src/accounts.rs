use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{Processor, ProcessorError};

/// The account that takes the money, as the processor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `acct_…`.
    pub id: String,
    /// The processor takes charges for it.
    pub charges_enabled: bool,
    /// The processor pays out what came.
    pub payouts_enabled: bool,
    /// What the processor wants to know, in its own words, overdue or not.
    pub requirements_due: Vec<String>,
    /// Why something is disabled, in the processor's word.
    pub disabled_reason: Option<String>,
}

impl Processor {
    /// Reads the account that this processor acts for.
    pub async fn get_account(&self) -> Result<Account, ProcessorError> {
        let request = RequestBuilder::new(StripeMethod::Get, "/account");
        let account: stripe_shared::Account = request.customize().send(&self.transport).await?;
        let requirements = account.requirements;
        let due = requirements
            .as_ref()
            .and_then(|known| known.currently_due.clone());
        let disabled = requirements.and_then(|known| known.disabled_reason);
        Ok(Account {
            id: account.id.to_string(),
            charges_enabled: account.charges_enabled.unwrap_or(false),
            payouts_enabled: account.payouts_enabled.unwrap_or(false),
            requirements_due: due.unwrap_or_default(),
            disabled_reason: disabled.map(|reason| reason.as_str().to_owned()),
        })
    }
}
