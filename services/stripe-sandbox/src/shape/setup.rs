use serde_json::{Value, json};

use super::payment::payment_error;
use crate::book::Book;
use crate::book::machine::Status;
use crate::book::rows::Setup;

/// A setup intent. `base_url` is where a person completes 3-D Secure.
pub fn setup(book: &Book, base_url: &str, setup: &Setup) -> Value {
    let automatic = setup
        .automatic_redirects
        .as_ref()
        .map(|redirects| json!({ "allow_redirects": redirects, "enabled": true }));
    let method_options = if setup.method_types.iter().any(|kind| kind == "card") {
        json!({ "card": { "mandate_options": null, "network": null, "request_three_d_secure": "automatic" } })
    } else {
        json!({})
    };
    json!({
        "id": setup.id,
        "object": "setup_intent",
        "application": null,
        "automatic_payment_methods": automatic,
        "cancellation_reason": setup.cancellation_reason,
        "client_secret": setup.client_secret,
        "created": setup.created,
        "customer": setup.customer,
        "description": setup.description,
        "flow_directions": null,
        "last_setup_error": setup.failure.as_ref().map(|failure| payment_error(book, failure)),
        "latest_attempt": null,
        "livemode": false,
        "mandate": null,
        "metadata": setup.metadata,
        "next_action": next_action(base_url, setup),
        "on_behalf_of": null,
        "payment_method": setup.method,
        "payment_method_configuration_details": null,
        "payment_method_options": method_options,
        "payment_method_types": setup.method_types,
        "single_use_mandate": null,
        "status": setup.status.word(),
        "usage": setup.usage,
    })
}

fn next_action(base_url: &str, setup: &Setup) -> Value {
    if setup.status != Status::RequiresAction {
        return Value::Null;
    }
    if setup.microdeposits {
        return json!({
            "type": "verify_with_microdeposits",
            "verify_with_microdeposits": {
                "arrival_date": setup.created + 2 * 24 * 3600,
                "hosted_verification_url": format!("{base_url}/_sandbox/"),
                "microdeposit_type": "amounts",
            },
        });
    }
    let url = format!("{base_url}/_sandbox/authenticate/{}", setup.id);
    match &setup.return_url {
        Some(return_url) => {
            json!({ "type": "redirect_to_url", "redirect_to_url": { "return_url": return_url, "url": url } })
        }
        None => {
            json!({ "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": url } })
        }
    }
}
