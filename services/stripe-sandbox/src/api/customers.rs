use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::book::customers::{self, CustomerChange};
use crate::book::rows::Address;
use crate::error::ApiError;
use crate::params::{Edit, Params};
use crate::shape;

/// `POST /v1/customers`
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    let change = read_change(&mut params)?;
    params.finish()?;
    Ok(shape::customer(&customers::create(act, change)?))
}

/// `POST /v1/customers/:id`
pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let change = read_change(&mut params)?;
    params.finish()?;
    Ok(shape::customer(&customers::update(act, id, change)?))
}

/// `GET /v1/customers/:id`; a deleted one answers `deleted: true`.
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    let found = act
        .book
        .customers
        .find(id)
        .ok_or_else(|| ApiError::missing("customer", id, "id"))?;
    Ok(shape::customer(found))
}

/// `DELETE /v1/customers/:id`
pub fn delete(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::customer(&customers::delete(act, id)?))
}

/// `GET /v1/customers`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let email = params.text("email")?;
    params.finish()?;
    page.of(
        "/v1/customers",
        &act.book.customers,
        |customer| !customer.deleted && (email.is_none() || email == customer.contact.email),
        shape::customer,
    )
}

fn read_change(params: &mut Params) -> Result<CustomerChange, ApiError> {
    let default_method = match params.hash("invoice_settings")? {
        None => Edit::Keep,
        Some(mut settings) => {
            let method = settings.edit("default_payment_method")?;
            settings.finish()?;
            method
        }
    };
    Ok(CustomerChange {
        email: params.edit("email")?,
        name: params.edit("name")?,
        phone: params.edit("phone")?,
        address: read_address(params)?,
        description: params.edit("description")?,
        default_method,
        metadata: params.metadata()?,
    })
}

/// `address[line1]` and so on; shared with billing details.
pub fn read_address(params: &mut Params) -> Result<Option<Address>, ApiError> {
    let Some(mut hash) = params.hash("address")? else {
        return Ok(None);
    };
    let address = Address {
        line1: hash.edit("line1")?.into_text(),
        line2: hash.edit("line2")?.into_text(),
        city: hash.edit("city")?.into_text(),
        state: hash.edit("state")?.into_text(),
        postal_code: hash.edit("postal_code")?.into_text(),
        country: hash.edit("country")?.into_text(),
    };
    hash.finish()?;
    Ok(Some(address))
}
