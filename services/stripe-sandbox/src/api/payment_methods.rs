use super::Answer;
use super::customers::read_address;
use super::paging::Page;
use crate::book::Act;
use crate::book::customers;
use crate::book::methods::{self, MethodChange, TypedAccount, TypedCard};
use crate::book::rows::Contact;
use crate::error::ApiError;
use crate::metadata::Metadata;
use crate::params::{ParamError, Params};
use crate::shape;

const KINDS: &[&str] = &["card", "us_bank_account"];

/// `POST /v1/payment_methods` with `type=card` and a test number, or a token of one (`card[token]=tok_visa`); or with
/// `type=us_bank_account` and a test account.
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    let kind = params
        .one_of("type", KINDS)?
        .ok_or_else(|| ParamError::Missing("type".to_owned()))?;
    if kind == "us_bank_account" {
        return create_account(act, params);
    }
    let mut card = params
        .hash(kind)?
        .ok_or_else(|| ParamError::Missing(kind.to_owned()))?;
    let token = card.text("token")?;
    let typed = match token {
        Some(_) => None,
        None => Some(TypedCard {
            number: card.required("number")?,
            exp_month: card.required_integer("exp_month")?,
            exp_year: card.required_integer("exp_year")?,
            cvc: card.text("cvc")?,
        }),
    };
    card.finish()?;
    let billing = read_billing(&mut params)?;
    params.one_of("allow_redisplay", &["always", "limited", "unspecified"])?;
    let mut metadata = Metadata::new();
    if let Some(change) = params.metadata()? {
        change.apply(&mut metadata)?;
    }
    params.finish()?;
    let method = match (typed, token) {
        (Some(typed), _) => methods::create_from_card(act, &typed, billing, metadata)?,
        (None, token) => {
            let token = token.unwrap_or_default();
            let name = token.replacen("tok_", "pm_card_", 1);
            methods::resolve(act, &name)
                .map_err(|_| ApiError::missing("token", &token, "card[token]"))?
        }
    };
    Ok(shape::method(&method))
}

fn create_account(act: &mut Act<'_>, mut params: Params) -> Answer {
    let name = "us_bank_account";
    let mut account = params
        .hash(name)?
        .ok_or_else(|| ParamError::Missing(name.to_owned()))?;
    account.one_of("account_holder_type", &["individual", "company"])?;
    let typed = TypedAccount {
        account_number: account.required("account_number")?,
        routing_number: account.required("routing_number")?,
        account_type: account
            .one_of("account_type", &["checking", "savings"])?
            .unwrap_or("checking")
            .to_owned(),
    };
    account.finish()?;
    let billing = read_billing(&mut params)?;
    let mut metadata = Metadata::new();
    if let Some(change) = params.metadata()? {
        change.apply(&mut metadata)?;
    }
    params.finish()?;
    let method = methods::create_from_account(act, &typed, billing, metadata)?;
    Ok(shape::method(&method))
}

/// `POST /v1/payment_methods/:id`: a card's expiry, the billing zip, metadata.
pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let mut change = MethodChange {
        metadata: params.metadata()?,
        ..MethodChange::default()
    };
    if let Some(mut card) = params.hash("card")? {
        change.exp_month = card.integer("exp_month")?;
        change.exp_year = card.integer("exp_year")?;
        card.finish()?;
    }
    let billing = read_billing(&mut params)?;
    change.postal_code = billing.address.and_then(|address| address.postal_code);
    params.one_of("allow_redisplay", &["always", "limited", "unspecified"])?;
    params.finish()?;
    Ok(shape::method(&methods::update(act, id, change)?))
}

fn read_billing(params: &mut Params) -> Result<Contact, ApiError> {
    let Some(mut hash) = params.hash("billing_details")? else {
        return Ok(Contact::default());
    };
    let contact = Contact {
        email: hash.edit("email")?.into_text(),
        name: hash.edit("name")?.into_text(),
        phone: hash.edit("phone")?.into_text(),
        address: read_address(&mut hash)?,
    };
    hash.finish()?;
    Ok(contact)
}

/// `GET /v1/payment_methods/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::method(&methods::resolve(act, id)?))
}

/// `GET /v1/customers/:customer/payment_methods/:id`
pub fn retrieve_of(act: &mut Act<'_>, owner: &str, id: &str, params: Params) -> Answer {
    params.finish()?;
    let found = act
        .book
        .methods
        .find(id)
        .filter(|method| method.customer.as_deref() == Some(owner));
    found
        .map(shape::method)
        .ok_or_else(|| ApiError::missing("PaymentMethod", id, "payment_method"))
}

/// `POST /v1/payment_methods/:id/attach`
pub fn attach(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let customer = params.required("customer")?;
    params.finish()?;
    Ok(shape::method(&methods::attach(act, id, &customer)?))
}

/// `POST /v1/payment_methods/:id/detach`
pub fn detach(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::method(&methods::detach(act, id)?))
}

/// `GET /v1/payment_methods?customer=…&type=…`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let customer = params.required("customer")?;
    list_at(act, "/v1/payment_methods", &customer, params)
}

/// `GET /v1/customers/:id/payment_methods`
pub fn list_of(act: &mut Act<'_>, customer: &str, params: Params) -> Answer {
    list_at(
        act,
        &format!("/v1/customers/{customer}/payment_methods"),
        customer,
        params,
    )
}

fn list_at(act: &mut Act<'_>, url: &str, customer: &str, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let kind = params.one_of("type", KINDS)?;
    params.finish()?;
    customers::existing(act, customer)?;
    page.of(
        url,
        &act.book.methods,
        |method| {
            method.customer.as_deref() == Some(customer)
                && kind.is_none_or(|kind| kind == shape::method_kind(method))
        },
        shape::method,
    )
}
