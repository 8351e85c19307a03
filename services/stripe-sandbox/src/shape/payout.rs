use serde_json::{Value, json};

use crate::book::rows::Payout;

/// A payout.
pub fn payout(payout: &Payout) -> Value {
    let reconciliation = match (payout.automatic, payout.reconciled) {
        (false, _) => "not_applicable",
        (true, false) => "in_progress",
        (true, true) => "completed",
    };
    let failure = payout.failure_code.as_deref();
    json!({
        "id": payout.id,
        "object": "payout",
        "amount": payout.amount,
        "application_fee": null,
        "application_fee_amount": null,
        "arrival_date": payout.arrival_date,
        "automatic": payout.automatic,
        "balance_transaction": payout.transaction,
        "created": payout.created,
        "currency": payout.currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_1Sandbox",
        "failure_balance_transaction": payout.failure_transaction,
        "failure_code": failure,
        "failure_message": failure.map(|_| "The bank did not take the payout."),
        "livemode": false,
        "metadata": {},
        "method": "standard",
        "original_payout": null,
        "payout_method": null,
        "reconciliation_status": reconciliation,
        "reversed_by": null,
        "source_type": "card",
        "statement_descriptor": null,
        "status": payout.status.word(),
        "trace_id": null,
        "type": "bank_account",
    })
}
