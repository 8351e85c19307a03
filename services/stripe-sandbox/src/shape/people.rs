use serde_json::{Map, Value, json};

use crate::book::rows::{AccountLink, Address, Contact, Customer, Method, Standing};

/// A postal address, or null.
fn address(address: Option<&Address>) -> Value {
    match address {
        None => Value::Null,
        Some(known) => json!({
            "city": known.city,
            "country": known.country,
            "line1": known.line1,
            "line2": known.line2,
            "postal_code": known.postal_code,
            "state": known.state,
        }),
    }
}

/// `billing_details`: its address is never null.
pub fn billing_details(contact: &Contact) -> Value {
    json!({
        "address": address(Some(&contact.address.clone().unwrap_or_default())),
        "email": contact.email,
        "name": contact.name,
        "phone": contact.phone,
        "tax_id": null,
    })
}

/// A customer, or what is left of a deleted one.
pub fn customer(customer: &Customer) -> Value {
    if customer.deleted {
        return deleted_customer(&customer.id);
    }
    json!({
        "id": customer.id,
        "object": "customer",
        "address": address(customer.contact.address.as_ref()),
        "balance": 0,
        "created": customer.created,
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "description": customer.description,
        "discount": null,
        "email": customer.contact.email,
        "invoice_prefix": customer.id.chars().skip(4).take(8).collect::<String>().to_uppercase(),
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": customer.default_method,
            "footer": null,
            "rendering_options": null,
        },
        "livemode": false,
        "metadata": customer.metadata,
        "name": customer.contact.name,
        "next_invoice_sequence": 1,
        "phone": customer.contact.phone,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": null,
    })
}

/// What a deleted customer answers.
fn deleted_customer(id: &str) -> Value {
    json!({ "id": id, "object": "customer", "deleted": true })
}

/// `card` or `us_bank_account`.
pub fn method_kind(method: &Method) -> &'static str {
    if method.behaviour.is_bank() {
        "us_bank_account"
    } else {
        "card"
    }
}

/// A payment method.
pub fn method(method: &Method) -> Value {
    let kind = method_kind(method);
    let mut fields = Map::new();
    fields.insert("id".into(), json!(method.id));
    fields.insert("object".into(), json!("payment_method"));
    fields.insert("allow_redisplay".into(), json!("unspecified"));
    fields.insert("billing_details".into(), billing_details(&method.billing));
    fields.insert(
        kind.into(),
        if kind == "card" {
            card(method)
        } else {
            bank_account(method)
        },
    );
    fields.insert("created".into(), json!(method.created));
    fields.insert("customer".into(), json!(method.customer));
    fields.insert("livemode".into(), json!(false));
    fields.insert("metadata".into(), json!(method.metadata));
    fields.insert("type".into(), json!(kind));
    Value::Object(fields)
}

fn card(method: &Method) -> Value {
    json!({
        "brand": method.brand,
        "checks": { "address_line1_check": null, "address_postal_code_check": postal_code_check(method), "cvc_check": "pass" },
        "country": "US",
        "display_brand": method.brand,
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "fingerprint": method.fingerprint,
        "funding": method.funding,
        "generated_from": null,
        "last4": method.last4,
        "networks": { "available": [method.brand], "preferred": null },
        "regulated_status": "unregulated",
        "three_d_secure_usage": { "supported": true },
        "wallet": null,
    })
}

/// The bank is asked when the card is stored, if a postal code was given; some test cards answer in any case.
fn postal_code_check(method: &Method) -> Option<&'static str> {
    let given = method
        .billing
        .address
        .as_ref()
        .is_some_and(|address| address.postal_code.is_some());
    match (&*method.last4, &method.customer) {
        ("0010" | "0036", Some(_)) => Some("fail"),
        ("0044", Some(_)) => Some("unchecked"),
        (_, Some(_)) => given.then_some("pass"),
        (_, None) => given.then_some("unchecked"),
    }
}

fn bank_account(method: &Method) -> Value {
    json!({
        "account_holder_type": "individual",
        "account_type": method.funding,
        "bank_name": method.brand,
        "financial_connections_account": null,
        "fingerprint": method.fingerprint,
        "last4": method.last4,
        "networks": { "preferred": "ach", "supported": ["ach"] },
        "routing_number": "110000000",
        "status_details": {},
    })
}

/// An account; one without a row may do everything.
pub fn account(id: &str, standing: Option<&Standing>) -> Value {
    let due = standing.map_or_else(Vec::new, |known| known.requirements_due.clone());
    let charges = standing.is_none_or(|known| known.charges_enabled);
    let capability = if charges { "active" } else { "inactive" };
    json!({
        "id": id,
        "object": "account",
        "business_type": "company",
        "capabilities": { "card_payments": capability, "transfers": capability, "us_bank_account_ach_payments": capability },
        "charges_enabled": charges,
        "country": standing.and_then(|known| known.country.as_deref()).unwrap_or("US"),
        "created": standing.map_or(0, |known| known.created),
        "default_currency": "usd",
        "details_submitted": standing.is_none_or(|known| known.details_submitted),
        "email": standing.and_then(|known| known.email.as_deref()),
        "metadata": standing.map(|known| known.metadata.clone()).unwrap_or_default(),
        "payouts_enabled": standing.is_none_or(|known| known.payouts_enabled),
        "requirements": {
            "alternatives": [],
            "current_deadline": null,
            "currently_due": due.clone(),
            "disabled_reason": standing.and_then(|known| known.disabled_reason.clone()),
            "errors": [],
            "eventually_due": due,
            "past_due": [],
            "pending_verification": [],
        },
        "type": "standard",
    })
}

/// A link to an account's onboarding; shown once.
pub fn account_link(base_url: &str, link: &AccountLink) -> Value {
    json!({
        "object": "account_link",
        "created": link.created,
        "expires_at": link.expires,
        "url": format!("{base_url}/_sandbox/onboarding/{}", link.id),
    })
}

/// The platform's program, as an account's owner sees it.
pub fn application() -> Value {
    json!({ "id": "ca_1SandboxPlatform", "object": "application", "name": "Sandbox platform" })
}
