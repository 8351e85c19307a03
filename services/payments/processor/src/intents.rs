use std::collections::HashMap;

use ids::{PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use secrecy::SecretString;
use stripe_client_core::StripeRequest;
use stripe_core::payment_intent::{
    CancelPaymentIntent, ConfirmPaymentIntent, ConfirmPaymentIntentMandateData,
    ConfirmPaymentIntentOffSession, ConfirmPaymentIntentSecretKeyParam,
    ConfirmPaymentIntentSecretKeyParamCustomerAcceptance as CustomerAcceptance,
    ConfirmPaymentIntentSecretKeyParamCustomerAcceptanceType as AcceptanceType,
    CreatePaymentIntent, CreatePaymentIntentAutomaticPaymentMethods,
    CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects, OnlineParam, RetrievePaymentIntent,
};
use stripe_shared::{PaymentIntentSetupFutureUsage, PaymentIntentStatus};

use crate::object_id::checked;
use crate::transport::under;
use crate::{Decline, Instrument, PaymentMethod, Processor, ProcessorError, currency};

/// What the payer's bank and Stripe's dashboard show. Constants, so that nothing about care can get
/// there.
const DESCRIPTION: &str = "Invoice payment";
const STATEMENT_SUFFIX: &str = "INVOICE";

/// Read with every intent, so that one answer tells all.
const EXPANDED: [&str; 2] = ["latest_charge", "payment_method"];

/// A payment to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewIntent<'a> {
    /// Metadata `practice_id`.
    pub practice: PracticeId,
    /// Metadata `payment_id`.
    pub payment: PaymentId,
    /// Above zero.
    pub amount: Money,
    /// `cus_…`; needed when the method is stored with a customer or is to be kept.
    pub customer: Option<&'a str>,
    /// `pm_…`; may come with the confirmation instead.
    pub payment_method: Option<&'a str>,
    /// Whether the method is stored with the customer when the payment succeeds, for charges
    /// without the payer.
    pub keep_method: bool,
}

/// How a payment is confirmed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confirmation<'a> {
    /// `pm_…`, unless the intent has one.
    pub payment_method: Option<&'a str>,
    /// Where the payer comes back to after authenticating on the bank's page.
    pub return_url: Option<&'a str>,
    /// The payer is not there (AutoPay): authentication needed is then a decline.
    pub off_session: bool,
    /// That the payer agrees to a debit; needed for a bank account that is not stored yet.
    pub acceptance: Option<Acceptance<'a>>,
}

/// When and how a payer agreed to be debited.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance<'a> {
    /// To the second.
    pub time: Timestamp,
    /// From which address and with which program; none when the payer was not at a browser.
    pub online: Option<(&'a str, &'a str)>,
}

impl Acceptance<'_> {
    fn sent(self) -> ConfirmPaymentIntentMandateData {
        let kind = match self.online {
            Some(_) => AcceptanceType::Online,
            None => AcceptanceType::Offline,
        };
        let online = self.online.map(|(address, user_agent)| OnlineParam {
            ip_address: address.to_owned(),
            user_agent: user_agent.to_owned(),
        });
        let acceptance = CustomerAcceptance {
            accepted_at: Some(self.time.as_second()),
            online,
            ..CustomerAcceptance::new(kind)
        };
        ConfirmPaymentIntentMandateData::SecretKeyParam(ConfirmPaymentIntentSecretKeyParam::new(
            acceptance,
        ))
    }
}

/// A payment as the processor sees it.
#[derive(Clone, Debug)]
pub struct PaymentIntent {
    /// `pi_…`.
    pub id: String,
    /// How far it has come.
    pub status: IntentStatus,
    /// What is to be paid.
    pub amount: Money,
    /// What has been paid: `amount` when it succeeded, zero before.
    pub amount_received: Money,
    /// What of it went back, as the latest charge says.
    pub amount_refunded: Money,
    /// Whether the payer's bank disputes the latest charge.
    pub disputed: bool,
    /// When it was created, by the processor's clock.
    pub created: Timestamp,
    /// Our payment, from the metadata.
    pub payment: Option<PaymentId>,
    /// `cus_…`.
    pub customer: Option<String>,
    /// `pm_…`.
    pub payment_method: Option<String>,
    /// The method, unless a declined one was taken away again.
    pub method: Option<PaymentMethod>,
    /// What was paid with; before the first charge, what is to be paid with.
    pub instrument: Option<Instrument>,
    /// The latest attempt, `ch_…`.
    pub charge: Option<String>,
    /// Why the latest attempt failed. Stays empty once another succeeds.
    pub last_error: Option<Decline>,
    /// Where the payer has to authenticate, with `RequiresAction` and a return URL.
    pub redirect_url: Option<String>,
    /// What a browser needs to finish this payment, and nothing else may see.
    pub client_secret: Option<SecretString>,
}

/// How far a payment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentStatus {
    /// Made, or its last attempt was declined.
    RequiresPaymentMethod,
    /// It has a method and waits for us.
    RequiresConfirmation,
    /// The payer has to authenticate.
    RequiresAction,
    /// Under way; days for bank accounts.
    Processing,
    /// Authorized only. We never ask for that.
    RequiresCapture,
    /// Cancelled: it can never be paid any more.
    Canceled,
    /// The money is ours.
    Succeeded,
    /// A status that is newer than this program. Not final, for all we know.
    Unrecognised(String),
}

impl Processor {
    /// Makes a payment without charging anything yet. Its id must be kept before it is confirmed.
    pub async fn create_payment_intent(
        &self,
        intent: NewIntent<'_>,
        key: &str,
    ) -> Result<PaymentIntent, ProcessorError> {
        let (amount, currency) = currency::sent(intent.amount)?;
        let metadata = HashMap::from([
            ("practice_id".to_owned(), intent.practice.to_string()),
            ("payment_id".to_owned(), intent.payment.to_string()),
        ]);
        let mut request = CreatePaymentIntent::new(amount, currency)
            .automatic_payment_methods(CreatePaymentIntentAutomaticPaymentMethods {
                allow_redirects: Some(
                    CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects::Never,
                ),
                enabled: true,
            })
            .confirm(false)
            .description(DESCRIPTION)
            .statement_descriptor_suffix(STATEMENT_SUFFIX)
            .metadata(metadata)
            .expand(expanded());
        if let Some(customer) = intent.customer {
            request = request.customer(checked("customer", customer)?);
        }
        if let Some(method) = intent.payment_method {
            request = request.payment_method(checked("payment_method", method)?);
        }
        if intent.keep_method {
            request = request.setup_future_usage(PaymentIntentSetupFutureUsage::OffSession);
        }
        let made = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        PaymentIntent::read(made)
    }

    /// Charges. `Declined` is an answer too: the intent lives on and takes another method.
    pub async fn confirm_payment_intent(
        &self,
        intent: &str,
        confirmation: Confirmation<'_>,
        key: &str,
    ) -> Result<PaymentIntent, ProcessorError> {
        let mut request = ConfirmPaymentIntent::new(checked("intent", intent)?).expand(expanded());
        if let Some(method) = confirmation.payment_method {
            request = request.payment_method(checked("payment_method", method)?);
        }
        if let Some(url) = confirmation.return_url {
            request = request.return_url(url);
        }
        if confirmation.off_session {
            request = request.off_session(ConfirmPaymentIntentOffSession::Bool(true));
        }
        if let Some(acceptance) = confirmation.acceptance {
            request = request.mandate_data(acceptance.sent());
        }
        let confirmed = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        PaymentIntent::read(confirmed)
    }

    /// Reads a payment as it is now.
    pub async fn get_payment_intent(&self, intent: &str) -> Result<PaymentIntent, ProcessorError> {
        let request = RetrievePaymentIntent::new(checked("intent", intent)?).expand(expanded());
        PaymentIntent::read(request.send(&self.transport).await?)
    }

    /// Cancels a payment that has not succeeded; `Rejected` when it has, or was cancelled before.
    pub async fn cancel_payment_intent(
        &self,
        intent: &str,
        key: &str,
    ) -> Result<PaymentIntent, ProcessorError> {
        let request = CancelPaymentIntent::new(checked("intent", intent)?).expand(expanded());
        let cancelled = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        PaymentIntent::read(cancelled)
    }
}

impl PaymentIntent {
    fn read(intent: stripe_shared::PaymentIntent) -> Result<Self, ProcessorError> {
        let charge = intent
            .latest_charge
            .as_ref()
            .and_then(|charge| charge.as_object());
        let method = intent
            .payment_method
            .as_ref()
            .and_then(|method| method.as_object());
        let charged_with = charge.and_then(|charge| charge.payment_method_details.as_ref());
        let instrument = charged_with
            .map(Instrument::of_charge)
            .or_else(|| method.map(Instrument::of_method));
        let amount_refunded = charge.map_or(0, |charge| charge.amount_refunded);
        let shown = method.cloned().map(PaymentMethod::read);
        let disputed = charge.is_some_and(|charge| charge.disputed);
        let redirect = intent
            .next_action
            .and_then(|action| action.redirect_to_url)
            .and_then(|redirect| redirect.url);
        Ok(Self {
            amount: currency::received(intent.amount, &intent.currency)?,
            amount_received: currency::received(intent.amount_received, &intent.currency)?,
            amount_refunded: currency::received(amount_refunded, &intent.currency)?,
            disputed,
            method: shown,
            instrument,
            created: instant(intent.created)?,
            payment: intent
                .metadata
                .get("payment_id")
                .and_then(|id| id.parse().ok()),
            customer: intent
                .customer
                .map(|customer| customer.into_id().to_string()),
            payment_method: intent
                .payment_method
                .map(|method| method.into_id().to_string()),
            charge: intent
                .latest_charge
                .map(|charge| charge.into_id().to_string()),
            last_error: intent.last_payment_error.map(|error| Decline {
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
            redirect_url: redirect,
            client_secret: intent.client_secret.map(SecretString::from),
            status: IntentStatus::read(intent.status),
            id: intent.id.to_string(),
        })
    }
}

impl IntentStatus {
    fn read(status: PaymentIntentStatus) -> Self {
        match status {
            PaymentIntentStatus::RequiresPaymentMethod => Self::RequiresPaymentMethod,
            PaymentIntentStatus::RequiresConfirmation => Self::RequiresConfirmation,
            PaymentIntentStatus::RequiresAction => Self::RequiresAction,
            PaymentIntentStatus::Processing => Self::Processing,
            PaymentIntentStatus::RequiresCapture => Self::RequiresCapture,
            PaymentIntentStatus::Canceled => Self::Canceled,
            PaymentIntentStatus::Succeeded => Self::Succeeded,
            PaymentIntentStatus::Unknown(status) => Self::Unrecognised(status),
            other => Self::Unrecognised(other.as_str().to_owned()),
        }
    }

    /// Whether the status can never change again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Succeeded | Self::Canceled => true,
            Self::RequiresPaymentMethod
            | Self::RequiresConfirmation
            | Self::RequiresAction
            | Self::Processing
            | Self::RequiresCapture
            | Self::Unrecognised(_) => false,
        }
    }
}

/// Seconds since 1970, as Stripe tells time.
pub(crate) fn instant(seconds: i64) -> Result<Timestamp, ProcessorError> {
    Timestamp::from_second(seconds).map_err(|_| ProcessorError::unknown("a time out of range"))
}

fn expanded() -> Vec<String> {
    EXPANDED.map(str::to_owned).to_vec()
}
