use serde_json::{Map, Value, json};

use super::people::{billing_details, method as method_object, method_kind};
use crate::book::Book;
use crate::book::declines::Decline;
use crate::book::machine::Status;
use crate::book::rows::{Charge, ChargeStatus, Contact, Failure, Intent, Method};

/// A payment intent. `base_url` is where a person completes 3-D Secure.
pub fn intent(book: &Book, base_url: &str, intent: &Intent) -> Value {
    let automatic = intent
        .automatic_redirects
        .as_ref()
        .map(|redirects| json!({ "allow_redirects": redirects, "enabled": true }));
    let method_options = if intent.method_types.iter().any(|kind| kind == "card") {
        json!({ "card": { "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic" } })
    } else {
        json!({})
    };
    json!({
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": { "tip": {} },
        "amount_received": intent.amount_received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": automatic,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": "automatic",
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.description,
        "last_payment_error": intent.failure.as_ref().map(|failure| payment_error(book, failure)),
        "latest_charge": intent.latest_charge,
        "livemode": false,
        "metadata": intent.metadata,
        "next_action": next_action(base_url, intent),
        "on_behalf_of": null,
        "payment_method": intent.method,
        "payment_method_configuration_details": null,
        "payment_method_options": method_options,
        "payment_method_types": intent.method_types,
        "processing": null,
        "receipt_email": intent.receipt_email,
        "review": null,
        "setup_future_usage": intent.setup_future_usage,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": intent.statement_suffix,
        "status": intent.status.word(),
        "transfer_data": null,
        "transfer_group": null,
    })
}

fn next_action(base_url: &str, intent: &Intent) -> Value {
    if intent.status != Status::RequiresAction {
        return Value::Null;
    }
    let url = format!("{base_url}/_sandbox/authenticate/{}", intent.id);
    match &intent.return_url {
        Some(return_url) => {
            json!({ "type": "redirect_to_url", "redirect_to_url": { "return_url": return_url, "url": url } })
        }
        None => {
            json!({ "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": url } })
        }
    }
}

/// Why the last attempt failed, as `last_payment_error` and `last_setup_error` have it.
pub(super) fn payment_error(book: &Book, failure: &Failure) -> Value {
    let decline = failure.decline;
    let code = decline.code();
    let mut fields = Map::new();
    fields.insert(
        "type".into(),
        json!(match decline {
            Decline::AuthenticationFailed
            | Decline::SetupAuthenticationFailed
            | Decline::MicrodepositsFailed => "invalid_request_error",
            Decline::Generic
            | Decline::InsufficientFunds
            | Decline::LostCard
            | Decline::StolenCard
            | Decline::ExpiredCard
            | Decline::IncorrectCvc
            | Decline::ProcessingError
            | Decline::VelocityExceeded
            | Decline::Fraudulent
            | Decline::AuthenticationRequired
            | Decline::BankInsufficientFunds
            | Decline::BankNoAccount
            | Decline::BankDebitNotAuthorized
            | Decline::BankAccountClosed => "card_error",
        }),
    );
    fields.insert("code".into(), json!(code));
    fields.insert(
        "doc_url".into(),
        json!(format!(
            "https://stripe.com/docs/error-codes/{}",
            code.replace('_', "-")
        )),
    );
    fields.insert("message".into(), json!(decline.message()));
    for (name, value) in [
        ("decline_code", decline.decline_code()),
        ("advice_code", decline.advice_code()),
        ("charge", failure.charge.as_deref()),
    ] {
        if let Some(value) = value {
            fields.insert(name.into(), json!(value));
        }
    }
    if let Some(method) = book.methods.find(&failure.method) {
        fields.insert("payment_method".into(), method_object(method));
        fields.insert("payment_method_type".into(), json!(method_kind(method)));
    }
    Value::Object(fields)
}

/// A charge.
pub fn charge(book: &Book, charge: &Charge) -> Value {
    let method = book.methods.find(&charge.method);
    let billing = method.map_or_else(Contact::default, |method| method.billing.clone());
    let paid = charge.status == ChargeStatus::Succeeded;
    json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": charge.amount_refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": charge.transaction,
        "billing_details": billing_details(&billing),
        "calculated_statement_descriptor": "EVENKEEL SANDBOX",
        "captured": paid,
        "created": charge.created,
        "currency": charge.currency,
        "customer": charge.customer,
        "description": charge.description,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": charge.failure.map(Decline::code),
        "failure_message": charge.failure.map(Decline::message),
        "fraud_details": {},
        "livemode": false,
        "metadata": charge.metadata,
        "on_behalf_of": null,
        "outcome": outcome(charge),
        "paid": paid,
        "payment_intent": charge.intent,
        "payment_method": charge.method,
        "payment_method_details": method.map(|method| method_details(charge, method)),
        "receipt_email": charge.receipt_email,
        "receipt_number": null,
        "receipt_url": paid.then(|| format!("https://pay.stripe.com/receipts/sandbox/{}", charge.id)),
        "refunded": charge.amount_captured > 0 && charge.amount_refunded == charge.amount_captured,
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": charge.statement_suffix,
        "status": charge.status.word(),
        "transfer_data": null,
        "transfer_group": null,
    })
}

fn outcome(charge: &Charge) -> Value {
    let Some(decline) = charge.failure else {
        return json!({
            "advice_code": null,
            "network_advice_code": null,
            "network_decline_code": null,
            "network_status": "approved_by_network",
            "reason": null,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "Payment complete.",
            "type": "authorized",
        });
    };
    let seller_message = if decline == Decline::Fraudulent {
        "Stripe blocked this payment as too risky."
    } else {
        "The bank did not return any further details with this decline."
    };
    let blocked = decline == Decline::Fraudulent;
    json!({
        "advice_code": decline.advice_code(),
        "network_advice_code": null,
        "network_decline_code": null,
        "network_status": if blocked { "not_sent_to_network" } else { "declined_by_network" },
        "reason": if blocked { "highest_risk_level" } else { decline.decline_code().unwrap_or(decline.code()) },
        "risk_level": if blocked { "highest" } else { "normal" },
        "risk_score": if blocked { 95 } else { 20 },
        "seller_message": seller_message,
        "type": if blocked { "blocked" } else { "issuer_declined" },
    })
}

fn method_details(charge: &Charge, method: &Method) -> Value {
    if method_kind(method) == "us_bank_account" {
        return json!({
            "type": "us_bank_account",
            "us_bank_account": {
                "account_holder_type": "individual",
                "account_type": method.funding,
                "bank_name": method.brand,
                "fingerprint": method.fingerprint,
                "last4": method.last4,
                "mandate": null,
                "payment_reference": null,
                "routing_number": "110000000",
            },
        });
    }
    let secure = charge.authenticated.then(|| {
        json!({
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": null,
            "result": "authenticated",
            "result_reason": null,
            "transaction_id": null,
            "version": "2.2.0",
        })
    });
    json!({
        "type": "card",
        "card": {
            "amount_authorized": charge.amount,
            "authorization_code": null,
            "brand": method.brand,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": "US",
            "exp_month": method.exp_month,
            "exp_year": method.exp_year,
            "extended_authorization": { "status": "disabled" },
            "fingerprint": method.fingerprint,
            "funding": method.funding,
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": method.last4,
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": method.brand,
            "network_token": { "used": false },
            "network_transaction_id": null,
            "overcapture": { "maximum_amount_capturable": charge.amount, "status": "unavailable" },
            "regulated_status": "unregulated",
            "three_d_secure": secure,
            "wallet": null,
        },
    })
}
