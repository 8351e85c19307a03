//! Payment methods: minted from Stripe's test names or test numbers, attached to and detached from customers.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::declines::Decline;
use super::rows::{Contact, Method};
use super::testcards::{self, Behaviour, Specimen};
use super::{Act, customers};
use crate::error::ApiError;
use crate::metadata::{Metadata, MetadataChange};
use crate::shape;

/// The one routing number of test mode.
const ROUTING_NUMBER: &str = "110000000";

/// A card as it is typed in. The number and code are checked here and forgotten.
pub struct TypedCard {
    pub number: String,
    pub exp_month: i64,
    pub exp_year: i64,
    pub cvc: Option<String>,
}

/// The last four characters.
fn last4(number: &str) -> &str {
    number
        .get(number.len().saturating_sub(4)..)
        .unwrap_or(number)
}

/// The same for the same number.
fn fingerprint(number: &str) -> String {
    let digest = Sha256::digest(number.as_bytes());
    hex::encode(digest).chars().take(16).collect()
}

fn mint(act: &mut Act<'_>, specimen: Specimen, expiry: (i64, i64), billing: Contact) -> Method {
    let method = Method {
        id: act.new_id("pm_1"),
        created: act.now,
        brand: specimen.brand.to_owned(),
        funding: specimen.funding.to_owned(),
        last4: last4(specimen.number).to_owned(),
        exp_month: expiry.0,
        exp_year: expiry.1,
        fingerprint: fingerprint(specimen.number),
        billing,
        customer: None,
        metadata: Metadata::new(),
        behaviour: specimen.behaviour,
        set_up: false,
        spent: false,
        unverified: false,
        mandated: false,
    };
    act.book.methods.put(method.clone());
    method
}

/// The year of the act.
fn this_year(act: &Act<'_>) -> i64 {
    i64::from(act.clock.now().to_zoned(jiff::tz::TimeZone::UTC).year())
}

/// The method with this id; a ready-made test name becomes a new method, as at Stripe.
pub fn resolve(act: &mut Act<'_>, id: &str) -> Result<Method, ApiError> {
    if let Some(specimen) = testcards::by_name(id) {
        let expiry = (12, this_year(act) + 3);
        return Ok(mint(act, specimen, expiry, Contact::default()));
    }
    act.book
        .methods
        .find(id)
        .cloned()
        .ok_or_else(|| ApiError::missing("PaymentMethod", id, "payment_method"))
}

/// Makes a method from a typed test card.
pub fn create_from_card(
    act: &mut Act<'_>,
    card: &TypedCard,
    billing: Contact,
    metadata: Metadata,
) -> Result<Method, ApiError> {
    let number: String = card
        .number
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .collect();
    let digits = number.chars().all(|letter| letter.is_ascii_digit());
    if !digits || !(13..=19).contains(&number.len()) || !luhn(&number) {
        return Err(ApiError::card("Your card number is incorrect.")
            .code("incorrect_number")
            .param("number"));
    }
    let Some(specimen) = testcards::by_number(&number) else {
        let message = "Your card was declined. Your request was in test mode, but used a non test \
            (live) card. For a list of valid test cards, visit: https://stripe.com/docs/testing.";
        return Err(ApiError::card(message)
            .code("card_declined")
            .field("decline_code", "live_mode_test_card"));
    };
    check_expiry(act, card)?;
    if card.cvc.as_deref().is_some_and(|cvc| {
        !(3..=4).contains(&cvc.len()) || !cvc.bytes().all(|byte| byte.is_ascii_digit())
    }) {
        return Err(ApiError::card("Your card's security code is invalid.")
            .code("invalid_cvc")
            .param("cvc"));
    }
    let mut method = mint(act, specimen, (card.exp_month, card.exp_year), billing);
    method.metadata = metadata;
    act.book.methods.put(method.clone());
    Ok(method)
}

/// A bank account as it is typed in. The number is checked here and forgotten.
pub struct TypedAccount {
    pub account_number: String,
    pub routing_number: String,
    /// `checking` or `savings`.
    pub account_type: String,
}

/// Makes a method from a typed test account; it is verified by small deposits when it is set up.
pub fn create_from_account(
    act: &mut Act<'_>,
    account: &TypedAccount,
    billing: Contact,
    metadata: Metadata,
) -> Result<Method, ApiError> {
    if account.routing_number != ROUTING_NUMBER {
        let message = "Invalid routing number for test mode. Use 110000000.";
        return Err(ApiError::malformed(message)
            .code("routing_number_invalid")
            .param("us_bank_account[routing_number]"));
    }
    if billing.name.is_none() {
        return Err(crate::params::ParamError::Missing("billing_details[name]".to_owned()).into());
    }
    let Some(specimen) = testcards::by_account(&account.account_number) else {
        let message = "You must use a test bank account number in test mode.";
        return Err(ApiError::malformed(message)
            .code("account_number_invalid")
            .param("us_bank_account[account_number]"));
    };
    let mut method = mint(act, specimen, (0, 0), billing);
    method.funding = account.account_type.clone();
    method.metadata = metadata;
    method.unverified = true;
    act.book.methods.put(method.clone());
    Ok(method)
}

/// What may be changed of a method; what is not said stays.
#[derive(Debug, Default)]
pub struct MethodChange {
    pub exp_month: Option<i64>,
    pub exp_year: Option<i64>,
    pub postal_code: Option<String>,
    pub metadata: Option<MetadataChange>,
}

/// Changes a method that a customer has, and announces it.
pub fn update(act: &mut Act<'_>, id: &str, change: MethodChange) -> Result<Method, ApiError> {
    let mut method = resolve(act, id)?;
    if method.customer.is_none() {
        let message = "You must save this PaymentMethod to a customer before you can update it.";
        return Err(ApiError::invalid(message).code("payment_method_unexpected_state"));
    }
    let before = (method.exp_month, method.exp_year);
    if let Some(change) = &change.metadata {
        change.apply(&mut method.metadata)?;
    }
    if let Some(postal_code) = change.postal_code {
        let mut address = method.billing.address.take().unwrap_or_default();
        address.postal_code = Some(postal_code);
        method.billing.address = Some(address);
    }
    method.exp_month = change.exp_month.unwrap_or(method.exp_month);
    method.exp_year = change.exp_year.unwrap_or(method.exp_year);
    act.book.methods.put(method.clone());
    let previous = json!({ "card": { "exp_month": before.0, "exp_year": before.1 } });
    act.announce(
        "payment_method.updated",
        shape::method(&method),
        Some(previous),
    );
    Ok(method)
}

/// What the card network tells of a card that is stored: another expiry, and with a new plastic another number.
#[derive(Debug, Default)]
pub struct Renewal {
    pub exp_month: i64,
    pub exp_year: i64,
    /// A test card's number.
    pub number: Option<String>,
}

/// The bank has renewed, or ended, a card; the network tells without anybody asking.
pub fn renew(act: &mut Act<'_>, id: &str, renewal: &Renewal) -> Result<Method, ApiError> {
    let mut method = resolve(act, id)?;
    if method.behaviour.is_bank() || method.customer.is_none() {
        return Err(ApiError::invalid(
            "Only a card that is attached to a customer is updated by the network.",
        ));
    }
    let previous = json!({ "card": {
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "fingerprint": method.fingerprint,
        "last4": method.last4,
    } });
    if let Some(number) = &renewal.number {
        let specimen = testcards::by_number(number)
            .ok_or_else(|| ApiError::malformed("not a test card's number").param("number"))?;
        method.last4 = last4(specimen.number).to_owned();
        method.fingerprint = fingerprint(specimen.number);
        method.behaviour = specimen.behaviour;
    }
    method.exp_month = renewal.exp_month;
    method.exp_year = renewal.exp_year;
    act.book.methods.put(method.clone());
    act.announce(
        "payment_method.automatically_updated",
        shape::method(&method),
        Some(previous),
    );
    Ok(method)
}

/// Whether a card's last month is over.
pub fn is_expired(act: &Act<'_>, method: &Method) -> bool {
    let today = act.clock.now().to_zoned(jiff::tz::TimeZone::UTC);
    let this_month = (i64::from(today.year()), i64::from(today.month()));
    !method.behaviour.is_bank() && (method.exp_year, method.exp_month) < this_month
}

fn check_expiry(act: &Act<'_>, card: &TypedCard) -> Result<(), ApiError> {
    let today = act.clock.now().to_zoned(jiff::tz::TimeZone::UTC);
    if !(1..=12).contains(&card.exp_month) {
        return Err(ApiError::card("Your card's expiration month is invalid.")
            .code("invalid_expiry_month")
            .param("exp_month"));
    }
    let year = this_year(act);
    let over = card.exp_year < year
        || (card.exp_year == year && card.exp_month < i64::from(today.month()));
    if over || card.exp_year > year + 50 {
        return Err(ApiError::card("Your card's expiration year is invalid.")
            .code("invalid_expiry_year")
            .param("exp_year"));
    }
    Ok(())
}

/// The checksum every card number satisfies; digits only.
fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Attaches a method to a customer; cards that decline are declined here already, save those made to fail later.
pub fn attach(act: &mut Act<'_>, id: &str, customer: &str) -> Result<Method, ApiError> {
    customers::existing(act, customer)?;
    let mut method = resolve(act, id)?;
    if method.spent {
        return Err(spent_error());
    }
    match method.customer.as_deref() {
        Some(same) if same == customer => return Ok(method),
        Some(_) => {
            let message =
                "The payment method you provided has already been attached to a customer.";
            return Err(ApiError::invalid(message).code("payment_method_unexpected_state"));
        }
        None => {}
    }
    match method.behaviour {
        Behaviour::Declines(decline) => return Err(declined(decline)),
        Behaviour::Pays
        | Behaviour::DeclinesWhenCharged(_)
        | Behaviour::Authenticates(_)
        | Behaviour::AuthenticatesUntilSetUp
        | Behaviour::RefundsLater
        | Behaviour::RefundsFail
        | Behaviour::Disputes
        | Behaviour::Inquires
        | Behaviour::Debits(_)
        | Behaviour::DebitsOnCommand => {}
    }
    method.customer = Some(customer.to_owned());
    act.book.methods.put(method.clone());
    act.announce("payment_method.attached", shape::method(&method), None);
    Ok(method)
}

/// Detaches a method; it cannot be used again.
pub fn detach(act: &mut Act<'_>, id: &str) -> Result<Method, ApiError> {
    let mut method = resolve(act, id)?;
    let Some(customer) = method.customer.take() else {
        let message = "The payment method you provided is not attached to a customer so \
            detachment is impossible.";
        return Err(ApiError::invalid(message).code("payment_method_unexpected_state"));
    };
    method.spent = true;
    act.book.methods.put(method.clone());
    if let Some(owner) = act.book.customers.change(&customer)
        && owner.default_method.as_deref() == Some(id)
    {
        owner.default_method = None;
    }
    act.announce(
        "payment_method.detached",
        shape::method(&method),
        Some(json!({ "customer": customer })),
    );
    Ok(method)
}

/// Whether this customer (or nobody) may pay with this method.
pub fn check_usable(method: &Method, customer: Option<&str>) -> Result<(), ApiError> {
    if method.spent {
        return Err(spent_error());
    }
    match (method.customer.as_deref(), customer) {
        (Some(owner), Some(payer)) if owner != payer => {
            let message = format!(
                "The customer does not have a payment method with the ID {}. The payment method \
                    must be attached to the customer.",
                method.id
            );
            Err(ApiError::invalid(message)
                .code("payment_intent_invalid_parameter")
                .param("payment_method"))
        }
        (Some(_), None) => {
            let message = "The PaymentMethod you provided is attached to a customer so for \
                security purposes you must provide the customer in the request.";
            Err(ApiError::invalid(message).param("payment_method"))
        }
        (Some(_), Some(_)) | (None, _) => Ok(()),
    }
}

fn spent_error() -> ApiError {
    ApiError::invalid(
        "The provided PaymentMethod was previously used with a PaymentIntent \
        without Customer attachment, shared with a connected account without Customer attachment, \
        or was detached from a Customer. It may not be used again. To use a PaymentMethod \
        multiple times, you must attach it to a Customer first.",
    )
    .param("payment_method")
}

/// The 402 of a decline, without the objects around it.
pub fn declined(decline: Decline) -> ApiError {
    let mut error = ApiError::card(decline.message()).code(decline.code());
    for (name, word) in [
        ("decline_code", decline.decline_code()),
        ("advice_code", decline.advice_code()),
    ] {
        if let Some(word) = word {
            error = error.field(name, word);
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_knows_the_test_cards() {
        assert!(luhn("4242424242424242"));
        assert!(luhn("378282246310005"));
        assert!(!luhn("4242424242424241"));
    }
}
