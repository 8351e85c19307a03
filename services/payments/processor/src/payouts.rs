use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::Money;
use stripe_core::balance_transaction::{ListBalanceTransaction, RetrieveBalanceTransaction};
use stripe_core::payout::{ListPayout, RetrievePayout};
use stripe_shared::{BalanceTransactionSource, BalanceTransactionType, PayoutReconciliationStatus};
use stripe_types::RangeQueryTs;

use crate::intents::instant;
use crate::object_id::checked;
use crate::transactions::TransactionSource;
use crate::{Processor, ProcessorError, currency};

const PAGE: i64 = 100;
const PAGES_MAX: usize = 200;

/// What the processor sends to the account's bank, as it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// `po_…`.
    pub id: String,
    /// How far it has come.
    pub status: PayoutStatus,
    /// What the bank gets; below 0: what it is debited.
    pub amount: Money,
    /// The day on which the bank has it, as far as that is known.
    pub arrival_date: Date,
    /// When it was made, by the processor's clock.
    pub created: Timestamp,
    /// What can be said of what is in it.
    pub content: PayoutContent,
    /// Stripe's word for why it failed: `account_closed`.
    pub failure_code: Option<String>,
}

/// How far a payout has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutStatus {
    /// It waits to be handed to the bank.
    Pending,
    /// The bank has it.
    InTransit,
    /// It arrived. It may still fail for some days.
    Paid,
    /// The bank did not take it, or sent it back.
    Failed,
    /// It was stopped before.
    Canceled,
    /// A status that is newer than this program.
    Unrecognised(String),
}

/// What can be said of what is in a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutContent {
    /// All of it can be listed.
    Listed,
    /// It is not complete yet.
    NotYet,
    /// It was asked for by hand: nobody can say.
    Unknown,
}

/// A movement of the balance that a payout paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidOut {
    /// `txn_…`.
    pub id: String,
    /// Before fees; below 0: taken.
    pub gross: Money,
    /// What the processor kept of it.
    pub fee: Money,
    /// What moved.
    pub what: PaidOutSource,
}

/// What a movement that was paid out is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaidOutSource {
    /// A payer's money, or what went back of it.
    Payers(TransactionSource),
    /// An earlier payout, `po_…`, that failed or was stopped, and whose money is in this one.
    ReturnedPayout(String),
    /// What the processor takes for itself.
    ProcessorFee,
    /// Anything else, by Stripe's word for it.
    Other(String),
}

impl Processor {
    /// Reads a payout (`po_…`) as it is now.
    pub async fn get_payout(&self, payout: &str) -> Result<Payout, ProcessorError> {
        let request = RetrievePayout::new(checked("payout", payout)?);
        Payout::read(request.send(&self.transport).await?)
    }

    /// The payouts that were made from `start` on, newest first.
    ///
    /// # Errors
    /// `Unknown` above 20,000 of them: a list that is cut must not pass for a whole one.
    pub async fn list_payouts(&self, start: Timestamp) -> Result<Vec<Payout>, ProcessorError> {
        let first = ListPayout::new()
            .created(RangeQueryTs::gte(start.as_second()))
            .limit(PAGE);
        let mut request = first.clone();
        let mut found: Vec<Payout> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = request.send(&self.transport).await?;
            for payout in page.data {
                found.push(Payout::read(payout)?);
            }
            match found.last() {
                Some(last) if page.has_more => {
                    request = first.clone().starting_after(last.id.clone());
                }
                Some(_) | None => return Ok(found),
            }
        }
        Err(ProcessorError::unknown("more payouts than we read"))
    }

    /// Reads a movement (`txn_…`) that was paid out.
    pub async fn get_paid_out(&self, transaction: &str) -> Result<PaidOut, ProcessorError> {
        let request = RetrieveBalanceTransaction::new(checked("transaction", transaction)?)
            .expand(vec!["source".to_owned()]);
        let moved = request.send(&self.transport).await?;
        PaidOut::read("", &moved)?.ok_or_else(|| ProcessorError::unknown("a payout in a payout"))
    }

    /// What is in a payout whose content is listed, oldest first, without the payout's own movement.
    ///
    /// # Errors
    /// `Unknown` above 20,000 movements: a list that is cut must not pass for a whole one.
    pub async fn list_paid_out(&self, payout: &str) -> Result<Vec<PaidOut>, ProcessorError> {
        let payout = checked("payout", payout)?;
        let first = ListBalanceTransaction::new()
            .payout(payout)
            .expand(vec!["data.source".to_owned()])
            .limit(PAGE);
        let mut request = first.clone();
        let mut found: Vec<PaidOut> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = request.send(&self.transport).await?;
            let last = page.data.last().map(|moved| moved.id.to_string());
            for moved in &page.data {
                found.extend(PaidOut::read(payout, moved)?);
            }
            match last {
                Some(last) if page.has_more => request = first.clone().starting_after(last),
                Some(_) | None => {
                    found.reverse();
                    return Ok(found);
                }
            }
        }
        Err(ProcessorError::unknown(
            "a payout with more movements than we read",
        ))
    }
}

impl Payout {
    fn read(payout: stripe_shared::Payout) -> Result<Self, ProcessorError> {
        let content = match payout.reconciliation_status {
            PayoutReconciliationStatus::Completed => PayoutContent::Listed,
            PayoutReconciliationStatus::NotApplicable => PayoutContent::Unknown,
            PayoutReconciliationStatus::InProgress | PayoutReconciliationStatus::Unknown(_) => {
                PayoutContent::NotYet
            }
            _newer_than_this_program => PayoutContent::NotYet,
        };
        // Stripe writes the day as its midnight in UTC.
        let arrival = instant(payout.arrival_date)?.to_zoned(TimeZone::UTC);
        Ok(Self {
            status: PayoutStatus::read(payout.status),
            amount: currency::received(payout.amount, &payout.currency)?,
            arrival_date: arrival.date(),
            created: instant(payout.created)?,
            failure_code: payout.failure_code,
            id: payout.id.to_string(),
            content,
        })
    }
}

impl PayoutStatus {
    fn read(status: String) -> Self {
        match status.as_str() {
            "pending" => Self::Pending,
            "in_transit" => Self::InTransit,
            "paid" => Self::Paid,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            _newer_than_this_program => Self::Unrecognised(status),
        }
    }
}

impl PaidOut {
    /// None for the payout's own movement, which is listed among what is in it.
    fn read(
        payout: &str,
        moved: &stripe_shared::BalanceTransaction,
    ) -> Result<Option<Self>, ProcessorError> {
        let source = moved.source.as_ref().and_then(|source| source.as_object());
        let what = match (&moved.type_, source) {
            (BalanceTransactionType::Payout, Some(BalanceTransactionSource::Payout(own)))
                if own.id.as_str() == payout =>
            {
                return Ok(None);
            }
            (
                BalanceTransactionType::PayoutFailure | BalanceTransactionType::PayoutCancel,
                Some(BalanceTransactionSource::Payout(returned)),
            ) => PaidOutSource::ReturnedPayout(returned.id.to_string()),
            (BalanceTransactionType::StripeFee | BalanceTransactionType::StripeFxFee, _) => {
                PaidOutSource::ProcessorFee
            }
            (
                BalanceTransactionType::Charge
                | BalanceTransactionType::Payment
                | BalanceTransactionType::Refund
                | BalanceTransactionType::PaymentRefund
                | BalanceTransactionType::PaymentFailureRefund
                | BalanceTransactionType::PaymentReversal
                | BalanceTransactionType::RefundFailure
                | BalanceTransactionType::Adjustment,
                Some(source),
            ) => match TransactionSource::read(source) {
                TransactionSource::Other => PaidOutSource::Other(moved.type_.to_string()),
                payers => PaidOutSource::Payers(payers),
            },
            (other, _) => PaidOutSource::Other(other.to_string()),
        };
        Ok(Some(Self {
            id: moved.id.to_string(),
            gross: currency::received(moved.amount, &moved.currency)?,
            fee: currency::received(moved.fee, &moved.currency)?,
            what,
        }))
    }
}
