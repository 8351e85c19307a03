use serde_json::{Value, json};

use super::money::transaction;
use crate::book::Book;
use crate::book::rows::Dispute;

/// Days the bank gives to answer.
const ANSWER_SECONDS: i64 = 9 * 24 * 3600;

/// A dispute.
pub fn dispute(book: &Book, dispute: &Dispute) -> Value {
    let moved = dispute.transactions.iter();
    let moved: Vec<Value> = moved
        .filter_map(|id| book.transactions.find(id))
        .map(transaction)
        .collect();
    let case = if dispute.status.is_inquiry() {
        "inquiry"
    } else {
        "chargeback"
    };
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transaction": dispute.transactions.first(),
        "balance_transactions": moved,
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": evidence(dispute),
        "evidence_details": {
            "due_by": dispute.created + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": dispute.evidence.is_some(),
            "past_due": false,
            "submission_count": dispute.submissions,
        },
        "is_charge_refundable": dispute.status.lets_refund(),
        "livemode": false,
        "metadata": dispute.metadata,
        "network_reason_code": "10.4",
        "payment_intent": dispute.intent,
        "payment_method_details": {
            "card": { "brand": "visa", "case_type": case, "network": "visa", "network_reason_code": "10.4" },
            "type": "card",
        },
        "reason": dispute.reason,
        "status": dispute.status.word(),
    })
}

fn evidence(dispute: &Dispute) -> Value {
    const FIELDS: [&str; 26] = [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
    ];
    let mut fields: serde_json::Map<String, Value> = FIELDS
        .iter()
        .map(|name| ((*name).to_owned(), Value::Null))
        .collect();
    fields.insert("enhanced_evidence".to_owned(), json!({}));
    fields.insert("uncategorized_text".to_owned(), json!(dispute.evidence));
    Value::Object(fields)
}
