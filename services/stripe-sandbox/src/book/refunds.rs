//! Refunds: never more than was captured, whatever arrives at once.

use serde_json::json;

use super::rows::{Charge, ChargeStatus, Refund, RefundStatus, Transaction};
use super::testcards::Behaviour;
use super::{Act, currency, disputes};
use crate::error::ApiError;
use crate::metadata::{Metadata, MetadataChange};
use crate::shape;

/// A refund to be made: of a charge or of an intent's charge. `None` for the amount is all that is left.
#[derive(Debug, Default)]
pub struct NewRefund {
    pub charge: Option<String>,
    pub intent: Option<String>,
    pub amount: Option<i64>,
    pub reason: Option<&'static str>,
    pub metadata: Metadata,
}

/// Makes a refund and announces it.
pub fn create(act: &mut Act<'_>, new: NewRefund) -> Result<Refund, ApiError> {
    let mut charge = refundable(act, &new)?;
    let left = charge.amount_captured - charge.amount_refunded;
    if left == 0 {
        return Err(
            ApiError::invalid(format!("Charge {} has already been refunded.", charge.id))
                .code("charge_already_refunded"),
        );
    }
    let amount = new.amount.unwrap_or(left);
    if amount > left {
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            currency::show(amount, &charge.currency),
            currency::show(left, &charge.currency)
        );
        return Err(ApiError::invalid(message).param("amount"));
    }
    let (status, later) = match act
        .book
        .methods
        .find(&charge.method)
        .map(|method| method.behaviour)
    {
        Some(Behaviour::RefundsLater | Behaviour::Debits(_) | Behaviour::DebitsOnCommand) => {
            (RefundStatus::Pending, Some(RefundStatus::Succeeded))
        }
        Some(Behaviour::RefundsFail) => (RefundStatus::Succeeded, Some(RefundStatus::Failed)),
        Some(
            Behaviour::Pays
            | Behaviour::Disputes
            | Behaviour::Inquires
            | Behaviour::Declines(_)
            | Behaviour::DeclinesWhenCharged(_)
            | Behaviour::Authenticates(_)
            | Behaviour::AuthenticatesUntilSetUp,
        )
        | None => (RefundStatus::Succeeded, None),
    };
    let mut refund = Refund {
        id: act.new_id("re_3"),
        created: act.now,
        charge: charge.id.clone(),
        intent: charge.intent.clone(),
        amount,
        currency: charge.currency.clone(),
        status,
        reason: new.reason.map(str::to_owned),
        metadata: new.metadata,
        transaction: None,
        failure_transaction: None,
        later,
    };
    refund.transaction = Some(enter(act, &refund, "refund", -amount));
    act.book.refunds.put(refund.clone());
    let before = json!({ "amount_refunded": charge.amount_refunded, "refunded": false });
    charge.amount_refunded += amount;
    act.book.charges.put(charge.clone());
    act.announce("refund.created", shape::refund(&refund), None);
    act.announce(
        "charge.refunded",
        shape::charge(act.book, &charge),
        Some(before),
    );
    Ok(refund)
}

/// The charge that is meant, when it took money.
fn refundable(act: &Act<'_>, new: &NewRefund) -> Result<Charge, ApiError> {
    let id = match (&new.charge, &new.intent) {
        (Some(charge), _) => charge.clone(),
        (None, Some(intent)) => {
            let found = act
                .book
                .intents
                .find(intent)
                .ok_or_else(|| ApiError::missing("payment_intent", intent, "payment_intent"))?;
            found
                .latest_charge
                .clone()
                .ok_or_else(|| nothing_to_refund(intent))?
        }
        (None, None) => {
            return Err(ApiError::malformed(
                "One of the following params should be provided for \
                this request: payment_intent or charge.",
            )
            .code("parameter_missing"));
        }
    };
    let charge = act
        .book
        .charges
        .find(&id)
        .ok_or_else(|| ApiError::missing("charge", &id, "charge"))?;
    if new
        .intent
        .as_ref()
        .is_some_and(|intent| *intent != charge.intent)
    {
        return Err(
            ApiError::invalid("The charge does not belong to the payment_intent.")
                .param("payment_intent"),
        );
    }
    if disputes::of_charge(act.book, &id).any(|dispute| !dispute.status.lets_refund()) {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(ApiError::invalid(message).code("charge_disputed"));
    }
    match charge.status {
        ChargeStatus::Succeeded => Ok(charge.clone()),
        ChargeStatus::Pending | ChargeStatus::Failed => Err(nothing_to_refund(&charge.intent)),
    }
}

fn nothing_to_refund(intent: &str) -> ApiError {
    ApiError::invalid(format!(
        "This PaymentIntent ({intent}) does not have a successful charge to refund."
    ))
    .code("payment_intent_unexpected_state")
}

/// Changes a refund's metadata.
pub fn update(act: &mut Act<'_>, id: &str, change: &MetadataChange) -> Result<Refund, ApiError> {
    let mut refund = existing(act, id)?;
    let before = json!({ "metadata": refund.metadata });
    change.apply(&mut refund.metadata)?;
    act.book.refunds.put(refund.clone());
    act.announce("refund.updated", shape::refund(&refund), Some(before));
    Ok(refund)
}

/// The bank's last word on a refund that was not settled yet. A failed one gives the money back to the charge.
pub fn settle(act: &mut Act<'_>, id: &str, status: RefundStatus) -> Result<Refund, ApiError> {
    let mut refund = existing(act, id)?;
    if refund.later.is_none() {
        return Err(ApiError::invalid(format!(
            "Refund {id} is settled already: {}.",
            refund.status.word()
        )));
    }
    let before = json!({ "status": refund.status.word() });
    refund.status = status;
    refund.later = None;
    let failed = match status {
        RefundStatus::Failed => true,
        RefundStatus::Pending | RefundStatus::Succeeded => false,
    };
    if failed {
        refund.failure_transaction = Some(enter(act, &refund, "refund_failure", refund.amount));
        if let Some(charge) = act.book.charges.change(&refund.charge) {
            charge.amount_refunded -= refund.amount;
        }
    }
    act.book.refunds.put(refund.clone());
    let object = shape::refund(&refund);
    act.announce("refund.updated", object.clone(), Some(before.clone()));
    act.announce("charge.refund.updated", object.clone(), Some(before));
    if failed {
        act.announce("refund.failed", object, None);
    }
    Ok(refund)
}

/// The refund, or 404.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Refund, ApiError> {
    act.book
        .refunds
        .find(id)
        .cloned()
        .ok_or_else(|| ApiError::missing("refund", id, "refund"))
}

fn enter(act: &mut Act<'_>, refund: &Refund, kind: &str, amount: i64) -> String {
    let transaction = Transaction {
        id: act.new_id("txn_3"),
        created: act.now,
        amount,
        fee: 0,
        currency: refund.currency.clone(),
        kind: kind.to_owned(),
        source: refund.id.clone(),
        description: Some(format!(
            "{} of {}",
            if amount < 0 {
                "Refund"
            } else {
                "Failed refund"
            },
            refund.charge
        )),
        payout: None,
    };
    let id = transaction.id.clone();
    act.book.transactions.put(transaction);
    id
}
