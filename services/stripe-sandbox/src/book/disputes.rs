//! Disputes: the payer's bank takes the money back, with a fee, until it has decided. An inquiry takes nothing unless it
//! escalates.

use serde::Deserialize;
use serde_json::json;

use super::rows::{Charge, ChargeStatus, Dispute, DisputeStatus, Transaction};
use super::{Act, Book};
use crate::error::ApiError;
use crate::metadata::{Metadata, MetadataChange};
use crate::shape;

/// What a withdrawal costs, minor units; it is not given back.
const FEE: i64 = 1_500;

/// The evidence that wins or loses at once, as in Stripe's test mode.
const WINNING: &str = "winning_evidence";
const LOSING: &str = "losing_evidence";

/// A dispute to be opened, of a charge or of an intent's charge. `None` for the amount is all that is not refunded.
#[derive(Debug, Default)]
pub struct NewDispute {
    pub charge: Option<String>,
    pub intent: Option<String>,
    pub amount: Option<i64>,
    pub reason: Option<String>,
    pub inquiry: bool,
}

/// What the bank decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Won,
    Lost,
    /// An inquiry becomes a dispute.
    Escalated,
}

/// What is written into a dispute.
#[derive(Debug)]
pub struct Evidence {
    pub text: Option<String>,
    pub submit: bool,
    pub metadata: Option<MetadataChange>,
}

/// The disputes of a charge.
pub fn of_charge<'a>(book: &'a Book, charge: &'a str) -> impl Iterator<Item = &'a Dispute> {
    book.disputes
        .iter()
        .filter(move |dispute| dispute.charge == charge)
}

/// Opens a dispute; unless it is an inquiry, the money is withdrawn.
pub fn open(act: &mut Act<'_>, new: NewDispute) -> Result<Dispute, ApiError> {
    let charge = disputable(act, &new)?;
    let left = charge.amount_captured - charge.amount_refunded;
    let amount = new.amount.unwrap_or(left);
    if amount < 1 || amount > left {
        return Err(ApiError::invalid("There is not so much left to dispute.").param("amount"));
    }
    let mut dispute = Dispute {
        id: act.new_id("du_1"),
        created: act.now,
        charge: charge.id,
        intent: charge.intent,
        amount,
        currency: charge.currency,
        reason: new.reason.unwrap_or_else(|| "fraudulent".to_owned()),
        status: if new.inquiry {
            DisputeStatus::WarningNeedsResponse
        } else {
            DisputeStatus::NeedsResponse
        },
        metadata: Metadata::new(),
        transactions: Vec::new(),
        evidence: None,
        submissions: 0,
    };
    if !new.inquiry {
        enter(act, &mut dispute, -amount, FEE);
    }
    act.book.disputes.put(dispute.clone());
    announce(act, "charge.dispute.created", &dispute);
    if !new.inquiry {
        announce(act, "charge.dispute.funds_withdrawn", &dispute);
    }
    Ok(dispute)
}

fn disputable(act: &Act<'_>, new: &NewDispute) -> Result<Charge, ApiError> {
    let named = match (&new.charge, &new.intent) {
        (Some(charge), _) => Some(charge.clone()),
        (None, Some(intent)) => act
            .book
            .intents
            .find(intent)
            .and_then(|intent| intent.latest_charge.clone()),
        (None, None) => None,
    };
    let id = named.unwrap_or_default();
    let charge = act.book.charges.find(&id);
    let charge = charge.ok_or_else(|| ApiError::missing("charge", &id, "charge"))?;
    if of_charge(act.book, &id).any(|dispute| !dispute.status.is_closed()) {
        return Err(ApiError::invalid(format!(
            "Charge {id} is disputed already."
        )));
    }
    match charge.status {
        ChargeStatus::Succeeded => Ok(charge.clone()),
        ChargeStatus::Pending | ChargeStatus::Failed => {
            Err(ApiError::invalid(format!("Charge {id} took no money.")))
        }
    }
}

/// Writes evidence down, and hands it in when it is submitted.
pub fn update(act: &mut Act<'_>, id: &str, given: Evidence) -> Result<Dispute, ApiError> {
    let mut dispute = unsettled(act, id)?;
    if let Some(change) = &given.metadata {
        change.apply(&mut dispute.metadata)?;
    }
    dispute.evidence = given.text.or(dispute.evidence);
    if given.submit {
        dispute.submissions += 1;
        dispute.status = if dispute.status.is_inquiry() {
            DisputeStatus::WarningUnderReview
        } else {
            DisputeStatus::UnderReview
        };
    }
    act.book.disputes.put(dispute.clone());
    announce(act, "charge.dispute.updated", &dispute);
    match dispute.evidence.as_deref() {
        Some(WINNING) if given.submit => settle(act, id, Outcome::Won),
        Some(LOSING) if given.submit => settle(act, id, Outcome::Lost),
        Some(_) | None => Ok(dispute),
    }
}

/// The bank's decision. What is won comes back without its fee.
pub fn settle(act: &mut Act<'_>, id: &str, outcome: Outcome) -> Result<Dispute, ApiError> {
    let mut dispute = unsettled(act, id)?;
    let inquiry = dispute.status.is_inquiry();
    let (status, moved) = match outcome {
        Outcome::Escalated if inquiry => (DisputeStatus::NeedsResponse, Some((-1, FEE))),
        Outcome::Escalated => {
            return Err(ApiError::invalid(format!("Dispute {id} is no inquiry.")));
        }
        Outcome::Won | Outcome::Lost if inquiry => (DisputeStatus::WarningClosed, None),
        Outcome::Won => (DisputeStatus::Won, Some((1, 0))),
        Outcome::Lost => (DisputeStatus::Lost, None),
    };
    dispute.status = status;
    if let Some((sign, fee)) = moved {
        let amount = sign * dispute.amount;
        enter(act, &mut dispute, amount, fee);
    }
    act.book.disputes.put(dispute.clone());
    match outcome {
        Outcome::Escalated => {
            announce(act, "charge.dispute.updated", &dispute);
            announce(act, "charge.dispute.funds_withdrawn", &dispute);
        }
        Outcome::Won | Outcome::Lost => {
            if moved.is_some() {
                announce(act, "charge.dispute.funds_reinstated", &dispute);
            }
            announce(act, "charge.dispute.closed", &dispute);
        }
    }
    Ok(dispute)
}

/// The dispute, or 404.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Dispute, ApiError> {
    let found = act.book.disputes.find(id).cloned();
    found.ok_or_else(|| ApiError::missing("dispute", id, "dispute"))
}

fn unsettled(act: &Act<'_>, id: &str) -> Result<Dispute, ApiError> {
    let dispute = existing(act, id)?;
    if dispute.status.is_closed() {
        let message = format!("Dispute {id} is closed: {}.", dispute.status.word());
        return Err(ApiError::invalid(message));
    }
    Ok(dispute)
}

fn announce(act: &mut Act<'_>, kind: &str, dispute: &Dispute) {
    let object = shape::dispute(act.book, dispute);
    act.announce(kind, object, Some(json!({})));
}

fn enter(act: &mut Act<'_>, dispute: &mut Dispute, amount: i64, fee: i64) {
    let transaction = Transaction {
        id: act.new_id("txn_1"),
        created: act.now,
        amount,
        fee,
        currency: dispute.currency.clone(),
        kind: "adjustment".to_owned(),
        source: dispute.id.clone(),
        description: Some(format!(
            "Chargeback {} of {}",
            if amount < 0 { "withdrawal" } else { "reversal" },
            dispute.charge
        )),
        payout: None,
    };
    dispute.transactions.push(transaction.id.clone());
    act.book.transactions.put(transaction);
}
