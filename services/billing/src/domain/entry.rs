//! Entries and their transfers: the only way money moves.

use super::account::Account;
use ids::{
    AdjustmentId, BillId, ClientId, DisputeId, DisputeMovementId, EntryId, InsurerPaymentId,
    PaymentId, PayoutItemId, RefundId, TransferId,
};
use jiff::civil::Date;
use money::{Money, MoneyError};
use std::collections::BTreeMap;

/// A positive amount moved from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Debited.
    pub debit: Account,
    /// Credited.
    pub credit: Account,
    /// Above 0.
    pub amount: Money,
    /// The transfer that this one reverses.
    pub reverses: Option<TransferId>,
}

/// The transfers of one act, in order. It takes only amounts above 0: moving nothing is no transfer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfers(Vec<Transfer>);

impl Transfers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `debit ← credit amount`, as the tables of the books are written.
    pub fn post(&mut self, debit: Account, credit: Account, amount: Money) {
        debug_assert!(
            debit != credit && !amount.is_negative(),
            "{debit:?} ← {credit:?} {amount}"
        );
        if amount.is_positive() {
            self.0.push(Transfer {
                debit,
                credit,
                amount,
                reverses: None,
            });
        }
    }

    /// The opposite of a transfer that was posted.
    pub fn reverse(&mut self, id: TransferId, posted: Transfer) {
        self.0.push(Transfer {
            debit: posted.credit,
            credit: posted.debit,
            amount: posted.amount,
            reverses: Some(id),
        });
    }

    /// In order.
    #[must_use]
    pub fn as_slice(&self) -> &[Transfer] {
        &self.0
    }

    /// What they add to each account, in the order in which balances are locked.
    ///
    /// # Errors
    /// Amounts of two currencies, or too large a sum.
    pub fn movements(&self) -> Result<Vec<Movement>, MoneyError> {
        let mut sums: BTreeMap<Account, Movement> = BTreeMap::new();
        for transfer in &self.0 {
            let nothing = Money::zero(transfer.amount.currency());
            let empty = |account| Movement {
                account,
                debits: nothing,
                credits: nothing,
            };
            let debit = sums
                .entry(transfer.debit)
                .or_insert_with(|| empty(transfer.debit));
            debit.debits = debit.debits.plus(transfer.amount)?;
            let credit = sums
                .entry(transfer.credit)
                .or_insert_with(|| empty(transfer.credit));
            credit.credits = credit.credits.plus(transfer.amount)?;
        }
        Ok(sums.into_values().collect())
    }
}

/// What an act adds to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The account.
    pub account: Account,
    /// Added to its debits, 0 or more.
    pub debits: Money,
    /// Added to its credits, 0 or more.
    pub credits: Money,
}

/// The business act an entry records, with what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A bill was issued.
    BillIssued(BillId),
    /// A bill was edited: what was booked of it reversed, and booked anew.
    BillEdited(BillId),
    /// A bill was cancelled: its entry reversed.
    BillCancelled(BillId),
    /// A client's or contact's payment.
    Payment(PaymentId),
    /// An insurer's payment or decision on a bill.
    InsurerPayment(InsurerPaymentId, BillId),
    /// A refund of a payment.
    Refund(RefundId),
    /// Credit used for a bill.
    CreditApplied(BillId),
    /// Something taken off what the client owes.
    Adjusted(AdjustmentId, BillId),
    /// An adjustment taken back.
    AdjustmentReversed(AdjustmentId, BillId),
    /// What a client owed in the former system became a bill.
    OpeningBalance(BillId),
    /// What the former system held for a client became credit.
    CreditBrought,
    /// Credit from the former system taken back with its import.
    CreditTakenBack,
    /// Credit taken off a bill again.
    CreditReversed(BillId),
    /// A refund that the payer's bank sent back.
    RefundReturned(RefundId),
    /// The processor withdrew or reinstated money for a dispute.
    DisputeMoved(DisputeMovementId),
    /// A dispute was lost.
    DisputeLost(DisputeId),
    /// The processor paid money out to the bank.
    PaidOut(PayoutItemId),
    /// A payout failed: what was booked of its item reversed.
    PayoutFailed(PayoutItemId),
    /// What an item of a payout is became known: what was booked of it reversed, and booked anew.
    PayoutMatched(PayoutItemId),
    /// A payment's entry, which is named, reversed: the money came on another day.
    PaymentReversed(EntryId),
    /// The same payment booked anew, on the day it came.
    PaymentRebooked(EntryId),
}

impl Act {
    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BillIssued(_) => "bill_issued",
            Self::BillCancelled(_) => "bill_cancelled",
            Self::Payment(_) => "payment",
            Self::InsurerPayment(..) => "insurer_payment",
            Self::Refund(_) => "refund",
            Self::CreditApplied(_) => "credit_applied",
            Self::BillEdited(_) => "bill_edited",
            Self::Adjusted(..) => "adjustment",
            Self::AdjustmentReversed(..) => "adjustment_reversed",
            Self::OpeningBalance(_) => "opening_balance",
            Self::CreditBrought => "credit_brought",
            Self::CreditTakenBack => "credit_taken_back",
            Self::CreditReversed(_) => "credit_reversed",
            Self::RefundReturned(_) => "refund_returned",
            Self::DisputeMoved(_) => "dispute_moved",
            Self::DisputeLost(_) => "dispute_lost",
            Self::PaidOut(_) => "paid_out",
            Self::PayoutFailed(_) => "payout_failed",
            Self::PayoutMatched(_) => "payout_matched",
            Self::PaymentReversed(_) => "payment_reversed",
            Self::PaymentRebooked(_) => "payment_rebooked",
        }
    }

    /// The one bill it is about.
    #[must_use]
    pub const fn bill(self) -> Option<BillId> {
        match self {
            Self::BillIssued(bill)
            | Self::BillEdited(bill)
            | Self::BillCancelled(bill)
            | Self::Adjusted(_, bill)
            | Self::AdjustmentReversed(_, bill)
            | Self::InsurerPayment(_, bill)
            | Self::CreditApplied(bill)
            | Self::CreditReversed(bill)
            | Self::OpeningBalance(bill) => Some(bill),
            Self::Payment(_)
            | Self::Refund(_)
            | Self::CreditBrought
            | Self::CreditTakenBack
            | Self::RefundReturned(_)
            | Self::DisputeMoved(_)
            | Self::DisputeLost(_)
            | Self::PaidOut(_)
            | Self::PayoutFailed(_)
            | Self::PayoutMatched(_)
            | Self::PaymentReversed(_)
            | Self::PaymentRebooked(_) => None,
        }
    }
}

/// One business act in the books, ready to be written with the balances it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// What happened.
    pub act: Act,
    /// Business date in the practice's time zone.
    pub date: Date,
    /// Whose it is; none for an act of the practice itself.
    pub client: Option<ClientId>,
    /// In order, each with its id.
    pub transfers: Vec<(TransferId, Transfer)>,
    /// The sum of the transfers by account, in lock order.
    pub movements: Vec<Movement>,
}

impl Entry {
    /// An entry of these transfers; `ids` are drawn by the caller, since drawing is not pure.
    ///
    /// # Errors
    /// As [`Transfers::movements`].
    pub fn new(
        (id, mut next_id): (EntryId, impl FnMut() -> TransferId),
        (act, client): (Act, Option<ClientId>),
        date: Date,
        transfers: &Transfers,
    ) -> Result<Self, MoneyError> {
        let movements = transfers.movements()?;
        let transfers = transfers
            .as_slice()
            .iter()
            .map(|transfer| (next_id(), *transfer))
            .collect();
        Ok(Self {
            id,
            act,
            date,
            client,
            transfers,
            movements,
        })
    }
}
