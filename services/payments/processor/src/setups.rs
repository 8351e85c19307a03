use std::collections::HashMap;

use ids::{PracticeId, SetupId};
use secrecy::SecretString;
use stripe_client_core::StripeRequest;
use stripe_core::setup_intent::{
    CancelSetupIntent, CreateSetupIntent, CreateSetupIntentAutomaticPaymentMethods,
    CreateSetupIntentAutomaticPaymentMethodsAllowRedirects, CreateSetupIntentUsage,
    RetrieveSetupIntent,
};
use stripe_shared::SetupIntentStatus;

use crate::object_id::checked;
use crate::transport::under;
use crate::{Decline, Instrument, PaymentMethod, Processor, ProcessorError};

/// Read with every setup, so that one answer tells all.
const EXPANDED: [&str; 1] = ["payment_method"];

/// A way to pay that is to be stored while its holder is there.
#[derive(Clone, Copy, Debug)]
pub struct NewSetup<'a> {
    /// Metadata `practice_id`.
    pub practice: PracticeId,
    /// Metadata `setup_id`.
    pub setup: SetupId,
    /// `cus_…`, who gets it.
    pub customer: &'a str,
}

/// A setup as the processor sees it.
#[derive(Clone, Debug)]
pub struct SetupIntent {
    /// `seti_…`.
    pub id: String,
    /// How far it has come.
    pub status: SetupStatus,
    /// Our setup, from the metadata.
    pub setup: Option<SetupId>,
    /// `cus_…`.
    pub customer: Option<String>,
    /// What is stored, or is being stored.
    pub payment_method: Option<PaymentMethod>,
    /// Why the latest attempt failed; the setup takes another method all the same.
    pub last_error: Option<Decline>,
    /// What a browser needs to finish this setup, and nothing else may see.
    pub client_secret: Option<SecretString>,
}

/// How far a setup has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupStatus {
    /// Made, or its last attempt was declined.
    RequiresPaymentMethod,
    /// It has a method and waits for the browser.
    RequiresConfirmation,
    /// The holder has to authenticate, or to name the two small deposits.
    RequiresAction,
    /// Under way.
    Processing,
    /// Given up.
    Canceled,
    /// The method is stored.
    Succeeded,
    /// A status that is newer than this program. Not final, for all we know.
    Unrecognised(String),
}

impl Processor {
    /// Begins to store a method for charges without its holder. Nothing is charged.
    pub async fn create_setup_intent(
        &self,
        setup: NewSetup<'_>,
        key: &str,
    ) -> Result<SetupIntent, ProcessorError> {
        let metadata = HashMap::from([
            ("practice_id".to_owned(), setup.practice.to_string()),
            ("setup_id".to_owned(), setup.setup.to_string()),
        ]);
        let request = CreateSetupIntent::new()
            .customer(checked("customer", setup.customer)?)
            .usage(CreateSetupIntentUsage::OffSession)
            .automatic_payment_methods(CreateSetupIntentAutomaticPaymentMethods {
                allow_redirects: Some(
                    CreateSetupIntentAutomaticPaymentMethodsAllowRedirects::Never,
                ),
                enabled: true,
            })
            .metadata(metadata)
            .expand(expanded());
        let made = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(SetupIntent::read(made))
    }

    /// Reads a setup as it is now.
    pub async fn get_setup_intent(&self, setup: &str) -> Result<SetupIntent, ProcessorError> {
        let request = RetrieveSetupIntent::new(checked("intent", setup)?).expand(expanded());
        Ok(SetupIntent::read(request.send(&self.transport).await?))
    }

    /// Gives a setup up; `Rejected` when it has succeeded, or was given up before.
    pub async fn cancel_setup_intent(
        &self,
        setup: &str,
        key: &str,
    ) -> Result<SetupIntent, ProcessorError> {
        let request = CancelSetupIntent::new(checked("intent", setup)?).expand(expanded());
        let cancelled = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(SetupIntent::read(cancelled))
    }
}

impl SetupIntent {
    fn read(setup: stripe_shared::SetupIntent) -> Self {
        let metadata = setup.metadata.unwrap_or_default();
        let method = setup.payment_method.and_then(|method| method.into_object());
        Self {
            status: SetupStatus::read(setup.status),
            setup: metadata.get("setup_id").and_then(|id| id.parse().ok()),
            customer: setup
                .customer
                .map(|customer| customer.into_id().to_string()),
            payment_method: method.map(PaymentMethod::read),
            last_error: setup.last_setup_error.map(|error| Decline {
                code: error
                    .code
                    .map_or_else(|| "card_declined".into(), |code| code.as_str().to_owned()),
                decline_code: error.decline_code,
                advice_code: error.advice_code,
                message: error.message.unwrap_or_default(),
                instrument: error
                    .payment_method
                    .map(|method| Box::new(Instrument::of_method(&method))),
            }),
            client_secret: setup.client_secret.map(SecretString::from),
            id: setup.id.to_string(),
        }
    }
}

impl SetupStatus {
    fn read(status: SetupIntentStatus) -> Self {
        match status {
            SetupIntentStatus::RequiresPaymentMethod => Self::RequiresPaymentMethod,
            SetupIntentStatus::RequiresConfirmation => Self::RequiresConfirmation,
            SetupIntentStatus::RequiresAction => Self::RequiresAction,
            SetupIntentStatus::Processing => Self::Processing,
            SetupIntentStatus::Canceled => Self::Canceled,
            SetupIntentStatus::Succeeded => Self::Succeeded,
            SetupIntentStatus::Unknown(status) => Self::Unrecognised(status),
            other => Self::Unrecognised(other.as_str().to_owned()),
        }
    }
}

fn expanded() -> Vec<String> {
    EXPANDED.map(str::to_owned).to_vec()
}
