use stripe_client_core::StripeRequest;
use stripe_payment::payment_method::{
    AttachPaymentMethod, DetachPaymentMethod, ListPaymentMethod, RetrievePaymentMethod,
};

use crate::object_id::checked;
use crate::transport::under;
use crate::{Instrument, Processor, ProcessorError};

const PAGE: i64 = 100;
const PAGES_MAX: usize = 5;

/// A stored way to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// `pm_…`.
    pub id: String,
    /// `cus_…`; none when it was detached or never attached.
    pub customer: Option<String>,
    /// What it is.
    pub instrument: Instrument,
    /// The same for the same card or account, to see that it is stored already.
    pub fingerprint: Option<String>,
    /// What the bank said of the billing zip: `pass`, `fail`, `unavailable`, `unchecked`; none when none was given.
    pub zip_check: Option<String>,
}

impl Processor {
    /// Stores a method (`pm_…`) with a customer (`cus_…`). `Declined` when the bank refuses the
    /// card.
    pub async fn attach_payment_method(
        &self,
        method: &str,
        customer: &str,
        key: &str,
    ) -> Result<PaymentMethod, ProcessorError> {
        let request = AttachPaymentMethod::new(checked("payment_method", method)?);
        let request = request.customer(checked("customer", customer)?);
        let attached = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(PaymentMethod::read(attached))
    }

    /// Forgets a stored method for good.
    pub async fn detach_payment_method(
        &self,
        method: &str,
        key: &str,
    ) -> Result<PaymentMethod, ProcessorError> {
        let request = DetachPaymentMethod::new(checked("payment_method", method)?);
        let detached = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(PaymentMethod::read(detached))
    }

    /// Reads a method as it is now: banks renew cards.
    pub async fn get_payment_method(&self, method: &str) -> Result<PaymentMethod, ProcessorError> {
        let request = RetrievePaymentMethod::new(checked("payment_method", method)?);
        Ok(PaymentMethod::read(request.send(&self.transport).await?))
    }

    /// A customer's stored methods, newest first.
    ///
    /// # Errors
    /// `Unknown` above 500 of them: a list that is cut must not pass for a whole one.
    pub async fn list_payment_methods(
        &self,
        customer: &str,
    ) -> Result<Vec<PaymentMethod>, ProcessorError> {
        let first = ListPaymentMethod::new()
            .customer(checked("customer", customer)?)
            .limit(PAGE);
        let mut request = first.clone();
        let mut methods: Vec<PaymentMethod> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = request.send(&self.transport).await?;
            methods.extend(page.data.into_iter().map(PaymentMethod::read));
            match methods.last() {
                Some(last) if page.has_more => {
                    request = first.clone().starting_after(last.id.as_str())
                }
                Some(_) | None => return Ok(methods),
            }
        }
        Err(ProcessorError::unknown(
            "a customer with more methods than we read",
        ))
    }
}

impl PaymentMethod {
    pub(crate) fn read(method: stripe_shared::PaymentMethod) -> Self {
        let instrument = Instrument::of_method(&method);
        let checks = method.card.as_ref().and_then(|card| card.checks.as_ref());
        let zip_check = checks.and_then(|checks| checks.address_postal_code_check.clone());
        let card = method.card.and_then(|card| card.fingerprint);
        let account = method
            .us_bank_account
            .and_then(|account| account.fingerprint);
        Self {
            instrument,
            fingerprint: card.or(account),
            zip_check,
            customer: method
                .customer
                .map(|customer| customer.into_id().to_string()),
            id: method.id.to_string(),
        }
    }
}
