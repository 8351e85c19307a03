//! Attempts to take money: confirmation, 3-D Secure, and what becomes of each.

use super::declines::Decline;
use super::disputes::{self, NewDispute};
use super::machine::{self, Status, Step};
use super::rows::{Charge, ChargeStatus, Failure, Intent, Method, Transaction};
use super::testcards::Behaviour;
use super::{Act, currency, intents, methods};
use crate::error::ApiError;
use crate::shape;

/// How an intent is confirmed.
#[derive(Debug, Default)]
pub struct Confirmation {
    pub method: Option<String>,
    pub return_url: Option<String>,
    /// The customer is not there: authentication cannot be asked for.
    pub off_session: bool,
    /// Fail instead of asking for authentication.
    pub error_on_action: bool,
    pub receipt_email: Option<String>,
    pub setup_future_usage: Option<String>,
    /// The customer agrees to debits of this bank account.
    pub mandate: bool,
}

/// Confirms an intent. A decline is a 402 that carries the intent; the book keeps what happened all the same.
pub fn confirm(act: &mut Act<'_>, id: &str, how: Confirmation) -> Result<Intent, ApiError> {
    let mut intent = intents::existing(act, id)?;
    if act.standing.as_ref().is_some_and(|it| !it.charges_enabled) {
        return Err(ApiError::invalid(
            "Your account cannot currently make charges.",
        ));
    }
    if machine::next(intent.status, Step::GiveMethod).is_none() {
        return Err(intents::unexpected_state(act, &intent, "confirmed"));
    }
    let Some(named) = how.method.or_else(|| intent.method.clone()) else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment \
            method. You can either update the PaymentIntent with a payment method and then \
            confirm it again, or confirm it again directly with a payment method or \
            ConfirmationToken.";
        return Err(ApiError::invalid(message)
            .code("payment_intent_unexpected_state")
            .field(
                "payment_intent",
                shape::intent(act.book, act.base_url, &intent),
            ));
    };
    intent.return_url = how.return_url.or(intent.return_url);
    intent.receipt_email = how.receipt_email.or(intent.receipt_email);
    intent.setup_future_usage = how.setup_future_usage.or(intent.setup_future_usage);
    if intent.automatic_redirects.as_deref() == Some("always")
        && intent.return_url.is_none()
        && !how.off_session
    {
        return Err(return_url_needed());
    }
    intents::give_method(act, &mut intent, &named)?;
    intent.failure = None;
    let method = method_of(act, &intent)?;
    check_mandate(&method, how.mandate)?;
    let absent = how.off_session || how.error_on_action;
    if methods::is_expired(act, &method) {
        return decline_with(act, intent, Decline::ExpiredCard);
    }
    match method.behaviour {
        Behaviour::Pays | Behaviour::RefundsLater | Behaviour::RefundsFail => {
            succeed(act, intent, false)
        }
        Behaviour::Disputes | Behaviour::Inquires => {
            let paid = succeed(act, intent, false)?;
            let new = NewDispute {
                intent: Some(paid.id.clone()),
                inquiry: method.behaviour == Behaviour::Inquires,
                ..NewDispute::default()
            };
            disputes::open(act, new)?;
            Ok(paid)
        }
        Behaviour::Declines(decline) | Behaviour::DeclinesWhenCharged(decline) => {
            decline_with(act, intent, decline)
        }
        Behaviour::AuthenticatesUntilSetUp if method.set_up && how.off_session => {
            succeed(act, intent, false)
        }
        Behaviour::Authenticates(_) | Behaviour::AuthenticatesUntilSetUp if absent => {
            decline_with(act, intent, Decline::AuthenticationRequired)
        }
        Behaviour::Authenticates(_) | Behaviour::AuthenticatesUntilSetUp => wait(
            act,
            intent,
            Step::AskForAction,
            "payment_intent.requires_action",
        ),
        Behaviour::Debits(_) | Behaviour::DebitsOnCommand => debit(act, intent, &method),
    }
}

/// A debit needs its holder's word: with it, or from before.
fn check_mandate(method: &Method, given: bool) -> Result<(), ApiError> {
    if !method.behaviour.is_bank() || method.mandated || given {
        return Ok(());
    }
    let refused = ApiError::invalid(
        "This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate \
            acceptance from the customer and try again, providing acceptance data in the \
            mandate_data parameter.",
    );
    Err(refused
        .code("payment_intent_mandate_invalid")
        .param("mandate_data"))
}

/// The 400 of an intent that might redirect and has nowhere to return to.
pub fn return_url_needed() -> ApiError {
    ApiError::invalid(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. \
            Because some of these payment methods might redirect your customer off of your page, \
            you must provide a `return_url`. If you don't want to accept redirect-based payment \
            methods, set `automatic_payment_methods[enabled]` to `true` and \
            `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents \
            and Payment Intents.",
    )
}

fn method_of(act: &Act<'_>, intent: &Intent) -> Result<Method, ApiError> {
    let id = intent.method.as_deref().unwrap_or_default();
    act.book
        .methods
        .find(id)
        .cloned()
        .ok_or_else(|| ApiError::missing("PaymentMethod", id, "payment_method"))
}

/// The customer passed or failed 3-D Secure.
pub fn authenticate(act: &mut Act<'_>, id: &str, passed: bool) -> Result<Intent, ApiError> {
    let intent = intents::existing(act, id)?;
    if intent.status != Status::RequiresAction {
        return Err(intents::unexpected_state(act, &intent, "authenticated"));
    }
    let method = method_of(act, &intent)?;
    let outcome = match (passed, method.behaviour) {
        (false, _) => fail(act, intent, Decline::AuthenticationFailed, None),
        (true, Behaviour::Authenticates(Some(decline))) => {
            return declined_quietly(act, intent, decline);
        }
        (true, _) => return succeed(act, intent, true),
    };
    outcome.map(|(intent, _)| intent)
}

fn declined_quietly(
    act: &mut Act<'_>,
    intent: Intent,
    decline: Decline,
) -> Result<Intent, ApiError> {
    let charge = write_charge(act, &intent, ChargeStatus::Failed, Some(decline));
    act.announce("charge.failed", shape::charge(act.book, &charge), None);
    fail(act, intent, decline, Some(charge.id)).map(|(intent, _)| intent)
}

fn decline_with(act: &mut Act<'_>, intent: Intent, decline: Decline) -> Result<Intent, ApiError> {
    let charge = write_charge(act, &intent, ChargeStatus::Failed, Some(decline));
    act.announce("charge.failed", shape::charge(act.book, &charge), None);
    let (intent, method) = fail(act, intent, decline, Some(charge.id.clone()))?;
    Err(methods::declined(decline)
        .field("charge", charge.id)
        .field("payment_method", shape::method(&method))
        .field("payment_method_type", shape::method_kind(&method))
        .field(
            "payment_intent",
            shape::intent(act.book, act.base_url, &intent),
        ))
}

fn fail(
    act: &mut Act<'_>,
    mut intent: Intent,
    decline: Decline,
    charge: Option<String>,
) -> Result<(Intent, Method), ApiError> {
    let method = method_of(act, &intent)?;
    intent.status = step(act, &intent, Step::Fail)?;
    intent.latest_charge = charge.clone().or(intent.latest_charge);
    intent.failure = Some(Failure {
        decline,
        charge,
        method: method.id.clone(),
    });
    intent.method = None;
    intent.processing_since = None;
    act.book.intents.put(intent.clone());
    act.announce(
        "payment_intent.payment_failed",
        shape::intent(act.book, act.base_url, &intent),
        None,
    );
    Ok((intent, method))
}

fn wait(
    act: &mut Act<'_>,
    mut intent: Intent,
    what: Step,
    event: &str,
) -> Result<Intent, ApiError> {
    intent.status = step(act, &intent, what)?;
    act.book.intents.put(intent.clone());
    act.announce(event, shape::intent(act.book, act.base_url, &intent), None);
    Ok(intent)
}

fn debit(act: &mut Act<'_>, mut intent: Intent, method: &Method) -> Result<Intent, ApiError> {
    let charge = write_charge(act, &intent, ChargeStatus::Pending, None);
    intent.latest_charge = Some(charge.id.clone());
    intent.processing_since = Some(act.now);
    bind_method(act, &intent, method.clone());
    act.announce("charge.pending", shape::charge(act.book, &charge), None);
    wait(act, intent, Step::Process, "payment_intent.processing")
}

/// The bank's answer to a debit: the money came, or why not.
pub fn settle(
    act: &mut Act<'_>,
    id: &str,
    outcome: Result<(), Decline>,
) -> Result<Intent, ApiError> {
    let mut intent = intents::existing(act, id)?;
    if intent.status != Status::Processing {
        return Err(intents::unexpected_state(act, &intent, "settled"));
    }
    let pending = intent.latest_charge.clone().unwrap_or_default();
    let Some(mut charge) = act.book.charges.find(&pending).cloned() else {
        return Err(ApiError::missing("charge", &pending, "charge"));
    };
    match outcome {
        Err(decline) => {
            charge.status = ChargeStatus::Failed;
            charge.failure = Some(decline);
            act.book.charges.put(charge.clone());
            act.announce("charge.failed", shape::charge(act.book, &charge), None);
            fail(act, intent, decline, Some(charge.id)).map(|(intent, _)| intent)
        }
        Ok(()) => {
            charge.status = ChargeStatus::Succeeded;
            charge.amount_captured = charge.amount;
            charge.transaction = Some(enter(act, &charge, currency::bank_fee(charge.amount)));
            act.book.charges.put(charge.clone());
            intent.status = step(act, &intent, Step::Succeed)?;
            intent.amount_received = intent.amount;
            intent.processing_since = None;
            Ok(conclude(act, intent, &charge))
        }
    }
}

fn succeed(act: &mut Act<'_>, mut intent: Intent, authenticated: bool) -> Result<Intent, ApiError> {
    let mut method = method_of(act, &intent)?;
    intent.status = step(act, &intent, Step::Succeed)?;
    let mut charge = write_charge(act, &intent, ChargeStatus::Succeeded, None);
    charge.authenticated = authenticated;
    charge.transaction = Some(enter(act, &charge, currency::card_fee(charge.amount)));
    act.book.charges.put(charge.clone());
    method.set_up |= authenticated && intent.setup_future_usage.as_deref() == Some("off_session");
    bind_method(act, &intent, method);
    intent.latest_charge = Some(charge.id.clone());
    intent.amount_received = intent.amount;
    Ok(conclude(act, intent, &charge))
}

fn conclude(act: &mut Act<'_>, intent: Intent, charge: &Charge) -> Intent {
    act.book.intents.put(intent.clone());
    act.announce("charge.succeeded", shape::charge(act.book, charge), None);
    act.announce(
        "payment_intent.succeeded",
        shape::intent(act.book, act.base_url, &intent),
        None,
    );
    intent
}

/// A method saved for later is attached to the customer; one that belongs to nobody is spent by its use.
fn bind_method(act: &mut Act<'_>, intent: &Intent, mut method: Method) {
    let attaches = method.customer.is_none()
        && intent.setup_future_usage.is_some()
        && intent.customer.is_some();
    if attaches {
        method.customer.clone_from(&intent.customer);
        // The mandate that it was debited with is for later debits too.
        method.mandated = method.behaviour.is_bank();
    }
    method.spent = method.customer.is_none();
    act.book.methods.put(method.clone());
    if attaches {
        act.announce("payment_method.attached", shape::method(&method), None);
    }
}

fn step(act: &Act<'_>, intent: &Intent, step: Step) -> Result<Status, ApiError> {
    machine::next(intent.status, step)
        .ok_or_else(|| intents::unexpected_state(act, intent, "taken further"))
}

fn write_charge(
    act: &mut Act<'_>,
    intent: &Intent,
    status: ChargeStatus,
    failure: Option<Decline>,
) -> Charge {
    let charge = Charge {
        id: act.new_id("ch_3"),
        created: act.now,
        intent: intent.id.clone(),
        amount: intent.amount,
        amount_captured: if status == ChargeStatus::Succeeded {
            intent.amount
        } else {
            0
        },
        amount_refunded: 0,
        currency: intent.currency.clone(),
        status,
        failure,
        customer: intent.customer.clone(),
        method: intent.method.clone().unwrap_or_default(),
        description: intent.description.clone(),
        metadata: intent.metadata.clone(),
        receipt_email: intent.receipt_email.clone(),
        statement_suffix: intent.statement_suffix.clone(),
        transaction: None,
        authenticated: false,
    };
    act.book.charges.put(charge.clone());
    charge
}

/// Enters the charge into the account's balance, less the processor's fee.
fn enter(act: &mut Act<'_>, charge: &Charge, fee: i64) -> String {
    let transaction = Transaction {
        id: act.new_id("txn_3"),
        created: act.now,
        amount: charge.amount,
        fee,
        currency: charge.currency.clone(),
        kind: "charge".to_owned(),
        source: charge.id.clone(),
        description: charge.description.clone(),
        payout: None,
    };
    let id = transaction.id.clone();
    act.book.transactions.put(transaction);
    id
}
