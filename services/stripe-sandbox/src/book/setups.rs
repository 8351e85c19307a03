//! Setup intents: a method is stored for later charges while the customer is there to authenticate it.

use super::declines::Decline;
use super::machine::{self, Status, Step};
use super::rows::{Failure, Method, Setup};
use super::testcards::{Behaviour, NO_MICRODEPOSITS};
use super::{Act, customers, methods};
use crate::error::ApiError;
use crate::metadata::{Metadata, MetadataChange};
use crate::params::Edit;
use crate::shape;

/// The two small deposits of test mode, in cents.
const MICRODEPOSITS: [i64; 2] = [32, 45];
/// The descriptor code of test mode.
const DESCRIPTOR_CODE: &str = "SM11AA";

/// A setup intent to be made.
#[derive(Debug, Default)]
pub struct NewSetup {
    pub change: SetupChange,
    pub method_types: Vec<String>,
    pub automatic_redirects: Option<String>,
    pub return_url: Option<String>,
    pub usage: String,
}

/// What may be changed while it is not final; what is not said stays.
#[derive(Debug, Default)]
pub struct SetupChange {
    pub customer: Option<String>,
    pub method: Option<String>,
    pub description: Edit,
    pub metadata: Option<MetadataChange>,
}

/// Makes a setup intent and announces it.
pub fn create(act: &mut Act<'_>, new: NewSetup) -> Result<Setup, ApiError> {
    let id = act.new_id("seti_1");
    let secret = act.new_id("");
    let mut setup = Setup {
        client_secret: format!("{id}_secret_{secret}"),
        id,
        created: act.now,
        status: Status::RequiresPaymentMethod,
        customer: None,
        method: None,
        method_types: new.method_types,
        automatic_redirects: new.automatic_redirects,
        description: None,
        metadata: Metadata::new(),
        return_url: new.return_url,
        usage: new.usage,
        failure: None,
        cancellation_reason: None,
        microdeposits: false,
    };
    apply(act, &mut setup, new.change)?;
    Ok(keep(act, setup, "setup_intent.created"))
}

/// Changes a setup intent that is not final.
pub fn update(act: &mut Act<'_>, id: &str, change: SetupChange) -> Result<Setup, ApiError> {
    let mut setup = existing(act, id)?;
    let touches = change.customer.is_some() || change.method.is_some();
    if touches && machine::next(setup.status, Step::GiveMethod).is_none() {
        return Err(unexpected_state(act, &setup, "updated"));
    }
    apply(act, &mut setup, change)?;
    act.book.setups.put(setup.clone());
    Ok(setup)
}

fn apply(act: &mut Act<'_>, setup: &mut Setup, change: SetupChange) -> Result<(), ApiError> {
    if let Some(customer) = change.customer {
        customers::existing(act, &customer)?;
        setup.customer = Some(customer);
    }
    if let Some(metadata) = change.metadata {
        metadata.apply(&mut setup.metadata)?;
    }
    change.description.apply(&mut setup.description);
    if let Some(method) = change.method {
        give_method(act, setup, &method)?;
    }
    Ok(())
}

fn give_method(act: &mut Act<'_>, setup: &mut Setup, method: &str) -> Result<(), ApiError> {
    let method = methods::resolve(act, method)?;
    if method.customer.is_some() || method.spent {
        methods::check_usable(&method, setup.customer.as_deref())?;
    }
    let kind = shape::method_kind(&method);
    if !setup.method_types.iter().any(|known| known == kind) {
        let message = format!(
            "The PaymentMethod provided ({kind}) is not allowed for this SetupIntent. Please attach \
                a PaymentMethod of one of the following types: {}.",
            setup.method_types.join(", ")
        );
        return Err(ApiError::invalid(message)
            .code("setup_intent_unexpected_state")
            .param("payment_method"));
    }
    let Some(status) = machine::next(setup.status, Step::GiveMethod) else {
        return Err(unexpected_state(act, setup, "given a payment method"));
    };
    setup.method = Some(method.id);
    setup.status = status;
    Ok(())
}

/// Confirms a setup intent, as the browser does. A decline is a 402 that carries it.
pub fn confirm(
    act: &mut Act<'_>,
    id: &str,
    method: Option<String>,
    return_url: Option<String>,
) -> Result<Setup, ApiError> {
    let mut setup = existing(act, id)?;
    if machine::next(setup.status, Step::GiveMethod).is_none() {
        return Err(unexpected_state(act, &setup, "confirmed"));
    }
    let Some(named) = method.or_else(|| setup.method.clone()) else {
        let message = "You cannot confirm this SetupIntent because it's missing a payment method. \
            Update the SetupIntent with a payment method and then confirm it again.";
        return Err(ApiError::invalid(message)
            .code("setup_intent_unexpected_state")
            .field("setup_intent", shape::setup(act.book, act.base_url, &setup)));
    };
    setup.return_url = return_url.or(setup.return_url);
    give_method(act, &mut setup, &named)?;
    setup.failure = None;
    setup.microdeposits = false;
    let method = method_of(act, &setup)?;
    if methods::is_expired(act, &method) {
        return decline_with(act, setup, Decline::ExpiredCard);
    }
    match method.behaviour {
        Behaviour::Pays
        | Behaviour::Disputes
        | Behaviour::Inquires
        | Behaviour::RefundsLater
        | Behaviour::RefundsFail
        | Behaviour::DeclinesWhenCharged(_) => succeed(act, setup),
        Behaviour::Declines(decline) => decline_with(act, setup, decline),
        Behaviour::Authenticates(_) | Behaviour::AuthenticatesUntilSetUp => ask(act, setup),
        Behaviour::Debits(_) | Behaviour::DebitsOnCommand if method.unverified => {
            setup.microdeposits = true;
            ask(act, setup)
        }
        Behaviour::Debits(_) | Behaviour::DebitsOnCommand => succeed(act, setup),
    }
}

/// The customer passed or failed 3-D Secure.
pub fn authenticate(act: &mut Act<'_>, id: &str, passed: bool) -> Result<Setup, ApiError> {
    let setup = existing(act, id)?;
    if setup.status != Status::RequiresAction || setup.microdeposits {
        return Err(unexpected_state(act, &setup, "authenticated"));
    }
    if passed {
        succeed(act, setup)
    } else {
        fail(act, setup, Decline::SetupAuthenticationFailed).map(|(setup, _)| setup)
    }
}

/// What the customer read on the account statement: the two amounts, or the code.
pub fn verify(
    act: &mut Act<'_>,
    id: &str,
    amounts: &[i64],
    code: Option<&str>,
) -> Result<Setup, ApiError> {
    let setup = existing(act, id)?;
    if setup.status != Status::RequiresAction || !setup.microdeposits {
        return Err(unexpected_state(act, &setup, "verified"));
    }
    let method = method_of(act, &setup)?;
    if method.last4 == NO_MICRODEPOSITS {
        return fail(act, setup, Decline::MicrodepositsFailed).map(|(setup, _)| setup);
    }
    let mut amounts = amounts.to_vec();
    amounts.sort_unstable();
    if amounts == MICRODEPOSITS || code == Some(DESCRIPTOR_CODE) {
        return succeed(act, setup);
    }
    Err(ApiError::invalid(
        "The amounts provided do not match the amounts that were sent to the bank account.",
    )
    .code("payment_method_microdeposit_verification_amounts_mismatch"))
}

/// Gives it up and announces that.
pub fn cancel(act: &mut Act<'_>, id: &str, reason: Option<&str>) -> Result<Setup, ApiError> {
    let mut setup = existing(act, id)?;
    let Some(status) = machine::next(setup.status, Step::Cancel) else {
        return Err(unexpected_state(act, &setup, "canceled"));
    };
    setup.status = status;
    setup.cancellation_reason = reason.map(str::to_owned);
    Ok(keep(act, setup, "setup_intent.canceled"))
}

fn succeed(act: &mut Act<'_>, mut setup: Setup) -> Result<Setup, ApiError> {
    let mut method = method_of(act, &setup)?;
    setup.status = step(act, &setup, Step::Succeed)?;
    method.set_up = setup.usage == "off_session";
    method.unverified = false;
    // The browser has shown the mandate and names itself.
    method.mandated = method.behaviour.is_bank();
    let attaches = method.customer.is_none() && setup.customer.is_some();
    if attaches {
        method.customer.clone_from(&setup.customer);
    }
    act.book.methods.put(method.clone());
    if attaches {
        act.announce("payment_method.attached", shape::method(&method), None);
    }
    Ok(keep(act, setup, "setup_intent.succeeded"))
}

fn ask(act: &mut Act<'_>, mut setup: Setup) -> Result<Setup, ApiError> {
    setup.status = step(act, &setup, Step::AskForAction)?;
    Ok(keep(act, setup, "setup_intent.requires_action"))
}

fn decline_with(act: &mut Act<'_>, setup: Setup, decline: Decline) -> Result<Setup, ApiError> {
    let (setup, method) = fail(act, setup, decline)?;
    Err(methods::declined(decline)
        .field("payment_method", shape::method(&method))
        .field("payment_method_type", shape::method_kind(&method))
        .field("setup_intent", shape::setup(act.book, act.base_url, &setup)))
}

fn fail(
    act: &mut Act<'_>,
    mut setup: Setup,
    decline: Decline,
) -> Result<(Setup, Method), ApiError> {
    let method = method_of(act, &setup)?;
    setup.status = step(act, &setup, Step::Fail)?;
    setup.failure = Some(Failure {
        decline,
        charge: None,
        method: method.id.clone(),
    });
    setup.method = None;
    setup.microdeposits = false;
    Ok((keep(act, setup, "setup_intent.setup_failed"), method))
}

fn keep(act: &mut Act<'_>, setup: Setup, event: &str) -> Setup {
    act.book.setups.put(setup.clone());
    act.announce(event, shape::setup(act.book, act.base_url, &setup), None);
    setup
}

fn step(act: &Act<'_>, setup: &Setup, step: Step) -> Result<Status, ApiError> {
    machine::next(setup.status, step).ok_or_else(|| unexpected_state(act, setup, "changed"))
}

fn method_of(act: &Act<'_>, setup: &Setup) -> Result<Method, ApiError> {
    let id = setup.method.as_deref().unwrap_or_default();
    act.book
        .methods
        .find(id)
        .cloned()
        .ok_or_else(|| ApiError::missing("PaymentMethod", id, "payment_method"))
}

/// The setup intent, or 404.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Setup, ApiError> {
    act.book
        .setups
        .find(id)
        .cloned()
        .ok_or_else(|| ApiError::missing("setupintent", id, "intent"))
}

/// The 400 of an act that the status forbids, with the setup intent in it.
fn unexpected_state(act: &Act<'_>, setup: &Setup, verb: &str) -> ApiError {
    let message = format!(
        "This SetupIntent's status is {}, so it could not be {verb}.",
        setup.status.word()
    );
    ApiError::invalid(message)
        .code("setup_intent_unexpected_state")
        .field("setup_intent", shape::setup(act.book, act.base_url, setup))
}
