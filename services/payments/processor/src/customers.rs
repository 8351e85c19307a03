use std::collections::HashMap;

use ids::{PayerAccountId, PracticeId};
use stripe_client_core::StripeRequest;
use stripe_core::customer::CreateCustomer;

use crate::transport::under;
use crate::{Processor, ProcessorError};

/// Whom a customer at the processor stands for: opaque ids, never a name or an address.
#[derive(Clone, Copy, Debug)]
pub struct NewCustomer {
    /// Metadata `practice_id`.
    pub practice: PracticeId,
    /// Metadata `payer_account_id`.
    pub payer_account: PayerAccountId,
}

impl Processor {
    /// Makes a customer and returns its id, `cus_…`.
    pub async fn create_customer(
        &self,
        customer: NewCustomer,
        key: &str,
    ) -> Result<String, ProcessorError> {
        let metadata = HashMap::from([
            ("practice_id".to_owned(), customer.practice.to_string()),
            (
                "payer_account_id".to_owned(),
                customer.payer_account.to_string(),
            ),
        ]);
        let request = CreateCustomer::new().metadata(metadata);
        let made = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(made.id.to_string())
    }
}
