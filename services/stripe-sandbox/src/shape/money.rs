use serde_json::{Value, json};

use crate::book::rows::{Refund, RefundStatus, Transaction};

/// A refund.
pub fn refund(refund: &Refund) -> Value {
    let failed = match refund.status {
        RefundStatus::Failed => true,
        RefundStatus::Pending | RefundStatus::Succeeded => false,
    };
    let mut object = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.transaction,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": {
            "card": { "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund" },
            "type": "card",
        },
        "metadata": refund.metadata,
        "payment_intent": refund.intent,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status.word(),
        "transfer_reversal": null,
    });
    if failed {
        object["failure_reason"] = json!("expired_or_canceled_card");
        object["failure_balance_transaction"] = json!(refund.failure_transaction);
    }
    object
}

/// A movement of the balance.
pub fn transaction(row: &Transaction) -> Value {
    let fees = if row.fee == 0 {
        json!([])
    } else {
        json!([{ "amount": row.fee, "application": null, "currency": row.currency, "description": "Stripe processing fees", "type": "stripe_fee" }])
    };
    json!({
        "id": row.id,
        "object": "balance_transaction",
        "amount": row.amount,
        "available_on": row.created,
        "balance_type": "payments",
        "created": row.created,
        "currency": row.currency,
        "description": row.description,
        "exchange_rate": null,
        "fee": row.fee,
        "fee_details": fees,
        "net": row.amount - row.fee,
        "reporting_category": row.kind,
        "source": (!row.source.is_empty()).then_some(&row.source),
        "status": "available",
        "type": row.kind,
    })
}
