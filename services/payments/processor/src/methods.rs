use secrecy::SecretString;
use stripe_client_core::StripeRequest;
use stripe_core::setup_intent::{CreateSetupIntent, CreateSetupIntentUsage, RetrieveSetupIntent};
use stripe_payment::payment_method::{
    AttachPaymentMethod, DetachPaymentMethod, ListPaymentMethod, RetrievePaymentMethod,
};
use stripe_shared::SetupIntentStatus;

use crate::object_id::checked;
use crate::transport::under;
use crate::{Decline, Instrument, Processor, ProcessorError};

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
}

/// A method being stored without a payment.
#[derive(Clone, Debug)]
pub struct SetupIntent {
    /// `seti_…`.
    pub id: String,
    /// How far it has come.
    pub status: SetupStatus,
    /// `pm_…`, once there is one.
    pub payment_method: Option<String>,
    /// Why the latest attempt failed.
    pub last_error: Option<Decline>,
    /// What a browser needs to finish it, and nothing else may see.
    pub client_secret: Option<SecretString>,
}

/// How far the storing of a method has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupStatus {
    /// Made, or its last attempt failed.
    RequiresPaymentMethod,
    /// It has a method and waits for the browser.
    RequiresConfirmation,
    /// The payer has to authenticate.
    RequiresAction,
    /// Under way.
    Processing,
    /// Cancelled.
    Canceled,
    /// The method is stored.
    Succeeded,
    /// A status that is newer than this program.
    Unrecognised(String),
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

    /// Starts storing a method for charges without the payer; the browser finishes it with the
    /// client secret.
    pub async fn create_setup_intent(
        &self,
        customer: &str,
        key: &str,
    ) -> Result<SetupIntent, ProcessorError> {
        let request = CreateSetupIntent::new()
            .customer(checked("customer", customer)?)
            .usage(CreateSetupIntentUsage::OffSession);
        let made = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(SetupIntent::read(made))
    }

    /// Reads a setup (`seti_…`) as it is now.
    pub async fn get_setup_intent(&self, setup: &str) -> Result<SetupIntent, ProcessorError> {
        let request = RetrieveSetupIntent::new(checked("setup_intent", setup)?);
        Ok(SetupIntent::read(request.send(&self.transport).await?))
    }
}

impl PaymentMethod {
    fn read(method: stripe_shared::PaymentMethod) -> Self {
        let instrument = Instrument::of_method(&method);
        let card = method.card.and_then(|card| card.fingerprint);
        let account = method
            .us_bank_account
            .and_then(|account| account.fingerprint);
        Self {
            instrument,
            fingerprint: card.or(account),
            customer: method
                .customer
                .map(|customer| customer.into_id().to_string()),
            id: method.id.to_string(),
        }
    }
}

impl SetupIntent {
    fn read(setup: stripe_shared::SetupIntent) -> Self {
        Self {
            status: match setup.status {
                SetupIntentStatus::RequiresPaymentMethod => SetupStatus::RequiresPaymentMethod,
                SetupIntentStatus::RequiresConfirmation => SetupStatus::RequiresConfirmation,
                SetupIntentStatus::RequiresAction => SetupStatus::RequiresAction,
                SetupIntentStatus::Processing => SetupStatus::Processing,
                SetupIntentStatus::Canceled => SetupStatus::Canceled,
                SetupIntentStatus::Succeeded => SetupStatus::Succeeded,
                SetupIntentStatus::Unknown(status) => SetupStatus::Unrecognised(status),
                other => SetupStatus::Unrecognised(other.as_str().to_owned()),
            },
            payment_method: setup
                .payment_method
                .map(|method| method.into_id().to_string()),
            last_error: setup.last_setup_error.map(|error| Decline {
                code: error
                    .code
                    .map_or_else(|| "card_declined".into(), |code| code.as_str().to_owned()),
                decline_code: error.decline_code,
                message: error.message.unwrap_or_default(),
            }),
            client_secret: setup.client_secret.map(SecretString::from),
            id: setup.id.to_string(),
        }
    }
}
