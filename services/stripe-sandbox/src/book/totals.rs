//! The book for comparing: every charge, refund, dispute and payout, and their totals per currency.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Book;
use super::rows::{Charge, ChargeStatus, Dispute, Refund, RefundStatus};
use crate::metadata::Metadata;

/// One account's book.
#[derive(Debug, Serialize)]
pub struct Statement {
    pub account: String,
    pub charges: Vec<ChargeLine>,
    pub refunds: Vec<RefundLine>,
    pub disputes: Vec<DisputeLine>,
    pub payouts: Vec<PayoutLine>,
    /// By currency.
    pub totals: BTreeMap<String, Totals>,
    pub open_intents: usize,
}

/// A charge that took or tried to take money; minor units.
#[derive(Debug, Serialize)]
pub struct ChargeLine {
    pub id: String,
    pub payment_intent: String,
    pub status: &'static str,
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    pub fee: i64,
    pub currency: String,
    pub created: i64,
    pub metadata: Metadata,
}

/// A refund; minor units.
#[derive(Debug, Serialize)]
pub struct RefundLine {
    pub id: String,
    pub charge: String,
    pub payment_intent: String,
    pub status: &'static str,
    pub amount: i64,
    pub currency: String,
    pub created: i64,
    pub metadata: Metadata,
}

/// A dispute; minor units.
#[derive(Debug, Serialize)]
pub struct DisputeLine {
    pub id: String,
    pub charge: String,
    pub payment_intent: String,
    pub status: &'static str,
    pub amount: i64,
    /// Withdrawn and not reinstated.
    pub withdrawn: i64,
    pub fee: i64,
    pub currency: String,
}

/// A payout; minor units.
#[derive(Debug, Serialize)]
pub struct PayoutLine {
    pub id: String,
    pub status: &'static str,
    pub amount: i64,
    pub currency: String,
    pub created: i64,
}

/// Sums of one currency, minor units. `net` is what the balance transactions but for payouts sum to; `captured - refunded -
/// withdrawn - fees` is the same from the other side.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub captured: i64,
    pub refunded: i64,
    /// By disputes, and not reinstated.
    pub withdrawn: i64,
    pub fees: i64,
    pub net: i64,
    /// Sent to the bank and not returned.
    pub paid_out: i64,
    pub charges: usize,
    pub failed_charges: usize,
    pub refunds: usize,
}

/// Reads the book.
pub fn statement(book: &Book) -> Statement {
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    for charge in book.charges.iter() {
        let sum = totals.entry(charge.currency.clone()).or_default();
        match charge.status {
            ChargeStatus::Succeeded => sum.charges += 1,
            ChargeStatus::Failed => sum.failed_charges += 1,
            ChargeStatus::Pending => {}
        }
        sum.captured += charge.amount_captured;
    }
    for refund in book.refunds.iter() {
        let sum = totals.entry(refund.currency.clone()).or_default();
        if refund.status != RefundStatus::Failed {
            sum.refunded += refund.amount;
            sum.refunds += 1;
        }
    }
    let disputes: Vec<DisputeLine> = book.disputes.iter().map(|row| line_of(book, row)).collect();
    for line in &disputes {
        totals.entry(line.currency.clone()).or_default().withdrawn += line.withdrawn;
    }
    for row in book.transactions.iter() {
        let sum = totals.entry(row.currency.clone()).or_default();
        match row.kind.as_str() {
            "payout" | "payout_failure" | "payout_cancel" => sum.paid_out -= row.amount,
            "stripe_fee" => {
                sum.fees -= row.amount;
                sum.net += row.amount;
            }
            _money_of_payers => {
                sum.fees += row.fee;
                sum.net += row.amount - row.fee;
            }
        }
    }
    let payouts = book.payouts.iter().map(|row| PayoutLine {
        id: row.id.clone(),
        status: row.status.word(),
        amount: row.amount,
        currency: row.currency.clone(),
        created: row.created,
    });
    let open_intents = book
        .intents
        .iter()
        .filter(|intent| !intent.status.is_final())
        .count();
    Statement {
        account: book.account.clone(),
        charges: book.charges.iter().map(|row| charged(book, row)).collect(),
        refunds: book.refunds.iter().map(given_back).collect(),
        disputes,
        payouts: payouts.collect(),
        totals,
        open_intents,
    }
}

fn charged(book: &Book, charge: &Charge) -> ChargeLine {
    let entered = charge.transaction.as_deref();
    let entered = entered.and_then(|id| book.transactions.find(id));
    ChargeLine {
        id: charge.id.clone(),
        payment_intent: charge.intent.clone(),
        status: charge.status.word(),
        amount: charge.amount,
        amount_captured: charge.amount_captured,
        amount_refunded: charge.amount_refunded,
        fee: entered.map_or(0, |row| row.fee),
        currency: charge.currency.clone(),
        created: charge.created,
        metadata: charge.metadata.clone(),
    }
}

fn given_back(refund: &Refund) -> RefundLine {
    RefundLine {
        id: refund.id.clone(),
        charge: refund.charge.clone(),
        payment_intent: refund.intent.clone(),
        status: refund.status.word(),
        amount: refund.amount,
        currency: refund.currency.clone(),
        created: refund.created,
        metadata: refund.metadata.clone(),
    }
}

fn line_of(book: &Book, dispute: &Dispute) -> DisputeLine {
    let moved = dispute.transactions.iter();
    let moved: Vec<_> = moved.filter_map(|id| book.transactions.find(id)).collect();
    DisputeLine {
        id: dispute.id.clone(),
        charge: dispute.charge.clone(),
        payment_intent: dispute.intent.clone(),
        status: dispute.status.word(),
        amount: dispute.amount,
        withdrawn: -moved.iter().map(|row| row.amount).sum::<i64>(),
        fee: moved.iter().map(|row| row.fee).sum(),
        currency: dispute.currency.clone(),
    }
}
