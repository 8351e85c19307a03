//! Customers.

use serde_json::json;

use super::Act;
use super::rows::{Contact, Customer};
use crate::error::ApiError;
use crate::metadata::{Metadata, MetadataChange};
use crate::params::Edit;
use crate::shape;

/// What may be said about a customer; what is not said stays.
#[derive(Debug, Default)]
pub struct CustomerChange {
    pub email: Edit,
    pub name: Edit,
    pub phone: Edit,
    pub address: Option<super::rows::Address>,
    pub description: Edit,
    pub default_method: Edit,
    pub metadata: Option<MetadataChange>,
}

impl CustomerChange {
    fn apply(self, customer: &mut Customer) -> Result<(), ApiError> {
        if let Some(change) = &self.metadata {
            change.apply(&mut customer.metadata)?;
        }
        self.email.apply(&mut customer.contact.email);
        self.name.apply(&mut customer.contact.name);
        self.phone.apply(&mut customer.contact.phone);
        self.description.apply(&mut customer.description);
        self.default_method.apply(&mut customer.default_method);
        if let Some(address) = self.address {
            customer.contact.address = Some(address);
        }
        Ok(())
    }
}

/// Makes a customer and announces it.
pub fn create(act: &mut Act<'_>, change: CustomerChange) -> Result<Customer, ApiError> {
    let mut customer = Customer {
        id: act.new_id("cus_"),
        created: act.now,
        contact: Contact::default(),
        description: None,
        metadata: Metadata::new(),
        default_method: None,
        deleted: false,
    };
    change.apply(&mut customer)?;
    act.book.customers.put(customer.clone());
    act.announce("customer.created", shape::customer(&customer), None);
    Ok(customer)
}

/// Changes a customer and announces it. A default method must be attached to it.
pub fn update(act: &mut Act<'_>, id: &str, change: CustomerChange) -> Result<Customer, ApiError> {
    let mut customer = existing(act, id)?;
    if let Edit::Set(method) = &change.default_method {
        let attached = act
            .book
            .methods
            .find(method)
            .is_some_and(|found| found.customer.as_deref() == Some(id));
        if !attached {
            return Err(ApiError::missing(
                "PaymentMethod",
                method,
                "invoice_settings[default_payment_method]",
            ));
        }
    }
    change.apply(&mut customer)?;
    act.book.customers.put(customer.clone());
    act.announce(
        "customer.updated",
        shape::customer(&customer),
        Some(json!({})),
    );
    Ok(customer)
}

/// Marks a customer as deleted; its payment methods are detached for good.
pub fn delete(act: &mut Act<'_>, id: &str) -> Result<Customer, ApiError> {
    let mut customer = existing(act, id)?;
    let attached: Vec<String> = act
        .book
        .methods
        .iter()
        .filter(|method| method.customer.as_deref() == Some(id))
        .map(|method| method.id.clone())
        .collect();
    for method in attached {
        if let Some(method) = act.book.methods.change(&method) {
            method.customer = None;
            method.spent = true;
        }
    }
    act.announce("customer.deleted", shape::customer(&customer), None);
    customer.deleted = true;
    act.book.customers.put(customer.clone());
    Ok(customer)
}

/// The customer, or 404 also when it was deleted.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Customer, ApiError> {
    let found = act
        .book
        .customers
        .find(id)
        .filter(|customer| !customer.deleted);
    found
        .cloned()
        .ok_or_else(|| ApiError::missing("customer", id, "customer"))
}
