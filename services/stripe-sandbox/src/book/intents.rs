//! Payment intents: made, changed, canceled. How they are confirmed stands in `charges`.

use super::machine::{self, Status, Step};
use super::rows::Intent;
use super::{Act, currency, customers, methods};
use crate::error::ApiError;
use crate::metadata::{Metadata, MetadataChange};
use crate::params::Edit;
use crate::shape;

/// A payment intent to be made. Amount in minor units.
#[derive(Debug, Default)]
pub struct NewIntent {
    pub amount: i64,
    pub currency: String,
    pub change: IntentChange,
    pub method_types: Vec<String>,
    pub automatic_redirects: Option<String>,
    pub return_url: Option<String>,
}

/// What may be changed while an intent is not final; what is not said stays.
#[derive(Debug, Default)]
pub struct IntentChange {
    pub amount: Option<i64>,
    pub currency: Option<String>,
    pub customer: Option<String>,
    pub method: Option<String>,
    pub description: Edit,
    pub receipt_email: Edit,
    pub statement_suffix: Edit,
    pub setup_future_usage: Option<String>,
    pub metadata: Option<MetadataChange>,
}

impl IntentChange {
    /// Whether it touches what a final intent keeps fixed.
    fn touches_money(&self) -> bool {
        self.amount.is_some()
            || self.currency.is_some()
            || self.customer.is_some()
            || self.method.is_some()
            || self.setup_future_usage.is_some()
            || self.statement_suffix != Edit::Keep
    }
}

/// Makes an intent and announces it.
pub fn create(act: &mut Act<'_>, new: NewIntent) -> Result<Intent, ApiError> {
    check_amount(new.amount, &new.currency)?;
    let id = act.new_id("pi_3");
    let secret = act.new_id("");
    let mut intent = Intent {
        client_secret: format!("{id}_secret_{secret}"),
        id,
        created: act.now,
        amount: new.amount,
        amount_received: 0,
        currency: new.currency,
        status: Status::RequiresPaymentMethod,
        customer: None,
        method: None,
        method_types: new.method_types,
        automatic_redirects: new.automatic_redirects,
        description: None,
        metadata: Metadata::new(),
        receipt_email: None,
        statement_suffix: None,
        setup_future_usage: None,
        return_url: new.return_url,
        latest_charge: None,
        failure: None,
        canceled_at: None,
        cancellation_reason: None,
        processing_since: None,
    };
    apply(act, &mut intent, new.change)?;
    act.book.intents.put(intent.clone());
    act.announce(
        "payment_intent.created",
        shape::intent(act.book, act.base_url, &intent),
        None,
    );
    Ok(intent)
}

/// Changes an intent. Metadata, description and receipt e-mail may change at any time, the rest while nothing is under way.
pub fn update(act: &mut Act<'_>, id: &str, change: IntentChange) -> Result<Intent, ApiError> {
    let mut intent = existing(act, id)?;
    if change.touches_money() && machine::next(intent.status, Step::GiveMethod).is_none() {
        return Err(unexpected_state(act, &intent, "updated"));
    }
    apply(act, &mut intent, change)?;
    act.book.intents.put(intent.clone());
    Ok(intent)
}

fn apply(act: &mut Act<'_>, intent: &mut Intent, change: IntentChange) -> Result<(), ApiError> {
    intent.amount = change.amount.unwrap_or(intent.amount);
    if let Some(currency) = change.currency {
        intent.currency = currency;
    }
    check_amount(intent.amount, &intent.currency)?;
    if let Some(customer) = change.customer {
        customers::existing(act, &customer)?;
        intent.customer = Some(customer);
    }
    if let Some(metadata) = change.metadata {
        metadata.apply(&mut intent.metadata)?;
    }
    change.description.apply(&mut intent.description);
    change.receipt_email.apply(&mut intent.receipt_email);
    change.statement_suffix.apply(&mut intent.statement_suffix);
    intent.setup_future_usage = change
        .setup_future_usage
        .or(intent.setup_future_usage.take());
    if let Some(method) = change.method {
        give_method(act, intent, &method)?;
    }
    Ok(())
}

/// Names the method to pay with; the intent then waits for its confirmation.
pub fn give_method(act: &mut Act<'_>, intent: &mut Intent, method: &str) -> Result<(), ApiError> {
    let method = methods::resolve(act, method)?;
    methods::check_usable(&method, intent.customer.as_deref())?;
    let kind = if method.behaviour.is_bank() {
        "us_bank_account"
    } else {
        "card"
    };
    if !intent.method_types.iter().any(|known| known == kind) {
        let message = format!(
            "The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent. Please \
                attach a PaymentMethod of one of the following types: {}.",
            intent.method_types.join(", ")
        );
        return Err(ApiError::invalid(message)
            .code("payment_intent_incompatible_payment_method")
            .param("payment_method"));
    }
    let Some(status) = machine::next(intent.status, Step::GiveMethod) else {
        return Err(unexpected_state(act, intent, "given a payment method"));
    };
    intent.method = Some(method.id);
    intent.status = status;
    Ok(())
}

/// Gives an intent up and announces it.
pub fn cancel(act: &mut Act<'_>, id: &str, reason: Option<&str>) -> Result<Intent, ApiError> {
    let mut intent = existing(act, id)?;
    let Some(status) = machine::next(intent.status, Step::Cancel) else {
        return Err(unexpected_state(act, &intent, "canceled"));
    };
    intent.status = status;
    intent.canceled_at = Some(act.now);
    intent.cancellation_reason = reason.map(str::to_owned);
    act.book.intents.put(intent.clone());
    act.announce(
        "payment_intent.canceled",
        shape::intent(act.book, act.base_url, &intent),
        None,
    );
    Ok(intent)
}

/// The intent, or 404.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Intent, ApiError> {
    act.book
        .intents
        .find(id)
        .cloned()
        .ok_or_else(|| ApiError::missing("payment_intent", id, "intent"))
}

/// The 400 of an act that the status forbids, with the intent in it.
pub fn unexpected_state(act: &Act<'_>, intent: &Intent, verb: &str) -> ApiError {
    let message = format!(
        "This PaymentIntent's status is {}, so it could not be {verb}.",
        intent.status.word()
    );
    ApiError::invalid(message)
        .code("payment_intent_unexpected_state")
        .field(
            "payment_intent",
            shape::intent(act.book, act.base_url, intent),
        )
}

fn check_amount(amount: i64, code: &str) -> Result<(), ApiError> {
    let Some(least) = currency::minimum(code) else {
        let message = format!(
            "Invalid currency: {code}. The sandbox supports these currencies: {}",
            currency::codes()
        );
        return Err(ApiError::malformed(message).param("currency"));
    };
    if amount < 0 {
        return Err(ApiError::malformed("Invalid non-negative integer")
            .code("parameter_invalid_integer")
            .param("amount"));
    }
    if amount < least {
        let message = format!("Amount must be at least {}", currency::show(least, code));
        return Err(ApiError::malformed(message)
            .code("amount_too_small")
            .param("amount"));
    }
    if amount > currency::MAX_AMOUNT {
        let message = format!(
            "Amount must be no more than {}",
            currency::show(currency::MAX_AMOUNT, code)
        );
        return Err(ApiError::malformed(message)
            .code("amount_too_large")
            .param("amount"));
    }
    Ok(())
}
