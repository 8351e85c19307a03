//! `expand[]`: ids replaced by their objects, along dotted paths, `data.` in front for lists.

use serde_json::Value;

use super::{charge, customer, dispute, intent, method, payout, refund, setup, transaction};
use crate::book::Book;
use crate::error::ApiError;

/// Expansions in one request, at most; Stripe's own limit of depth is 4.
const MAX_PATHS: usize = 20;
const MAX_DEPTH: usize = 4;

/// (object, field) pairs that can be expanded.
const EXPANDABLE: &[(&str, &str)] = &[
    ("payment_intent", "customer"),
    ("payment_intent", "latest_charge"),
    ("payment_intent", "payment_method"),
    ("setup_intent", "customer"),
    ("setup_intent", "payment_method"),
    ("charge", "balance_transaction"),
    ("charge", "customer"),
    ("charge", "payment_intent"),
    ("refund", "balance_transaction"),
    ("refund", "charge"),
    ("refund", "failure_balance_transaction"),
    ("refund", "payment_intent"),
    ("dispute", "charge"),
    ("dispute", "payment_intent"),
    ("balance_transaction", "source"),
    ("payout", "balance_transaction"),
    ("payout", "failure_balance_transaction"),
    ("payment_method", "customer"),
];

/// Replaces the ids at these paths by the objects they name.
pub fn expand(
    book: &Book,
    base_url: &str,
    object: &mut Value,
    paths: &[String],
) -> Result<(), ApiError> {
    if paths.len() > MAX_PATHS {
        return Err(ApiError::malformed(format!(
            "You cannot expand more than {MAX_PATHS} properties."
        ))
        .param("expand"));
    }
    let mut sorted: Vec<&String> = paths.iter().collect();
    sorted.sort_by_key(|path| path.split('.').count());
    for path in sorted {
        let segments: Vec<&str> = path.split('.').collect();
        if segments.len() > MAX_DEPTH {
            return Err(ApiError::malformed(format!(
                "You cannot expand more than {MAX_DEPTH} levels of a property."
            ))
            .param("expand"));
        }
        walk(book, base_url, object, &segments).map_err(|CannotExpand| {
            ApiError::malformed(format!("This property cannot be expanded ({path})."))
                .param("expand")
        })?;
    }
    Ok(())
}

struct CannotExpand;

fn walk(
    book: &Book,
    base_url: &str,
    object: &mut Value,
    segments: &[&str],
) -> Result<(), CannotExpand> {
    let Some((&field, rest)) = segments.split_first() else {
        return Ok(());
    };
    let kind = object
        .get("object")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if kind == "list" && field == "data" {
        let Some(items) = object.get_mut("data").and_then(Value::as_array_mut) else {
            return Err(CannotExpand);
        };
        return items
            .iter_mut()
            .try_for_each(|item| walk(book, base_url, item, rest));
    }
    if !EXPANDABLE.contains(&(kind, field)) {
        return Err(CannotExpand);
    }
    let Some(value) = object.get_mut(field) else {
        return Ok(());
    };
    if let Value::String(id) = value
        && let Some(found) = by_id(book, base_url, id)
    {
        *value = found;
    }
    if value.is_object() {
        walk(book, base_url, value, rest)
    } else {
        Ok(())
    }
}

/// The object with this id, whatever it is.
fn by_id(book: &Book, base_url: &str, id: &str) -> Option<Value> {
    match id.split_once('_')?.0 {
        "cus" => book.customers.find(id).map(customer),
        "pm" => book.methods.find(id).map(method),
        "pi" => book.intents.find(id).map(|row| intent(book, base_url, row)),
        "seti" => book.setups.find(id).map(|row| setup(book, base_url, row)),
        "ch" => book.charges.find(id).map(|row| charge(book, row)),
        "re" => book.refunds.find(id).map(refund),
        "du" => book.disputes.find(id).map(|row| dispute(book, row)),
        "po" => book.payouts.find(id).map(payout),
        "txn" => book.transactions.find(id).map(transaction),
        _ => None,
    }
}
