//! What the processor paid out to the bank. An item's gross leaves clearing: what the bank got of it, and the fee. So the
//! clearing of a payment that was paid out, with its refunds and disputes, is 0.
//!
//! What is no payment that is known never came into clearing: it is in unmatched payouts, an account of its own, until it is
//! known what it is. That somebody of the practice closes it in payments changes no books: the bank has the money, and what
//! it was for is still not known. It is booked anew when it becomes known, closed or not.

use crate::domain::account::{Account, AccountKind};
use crate::domain::entry::{Transfer, Transfers};
use ids::{ClientId, DisputeMovementId, PaymentId, PayoutItemId, RefundId, TransferId};
use money::{Money, MoneyError};

/// What was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A payment.
    Charge,
    /// A refund; below 0.
    Refund,
    /// A refund that came back.
    RefundReturned,
    /// A dispute's money; its fee is booked with the dispute.
    Dispute,
    /// What the processor takes for itself.
    ProcessorFee,
    /// What is no payment that is known.
    Other,
}

impl ItemKind {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Charge,
        Self::Refund,
        Self::RefundReturned,
        Self::Dispute,
        Self::ProcessorFee,
        Self::Other,
    ];

    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::RefundReturned => "refund_returned",
            Self::Dispute => "dispute",
            Self::ProcessorFee => "processor_fee",
            Self::Other => "other",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A movement of money that a payout paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub item: PayoutItemId,
    /// What moved.
    pub kind: ItemKind,
    /// Before fees; below 0: taken.
    pub gross: Money,
    /// What the processor kept of it.
    pub fee: Money,
    /// The payment that it is, or is about.
    pub payment: Option<PaymentId>,
    /// The refund.
    pub refund: Option<RefundId>,
    /// The movement of a dispute's money.
    pub movement: Option<DisputeMovementId>,
    /// Whose payment.
    pub client: Option<ClientId>,
}

const BANK: Account = Account::practice(AccountKind::Bank);
const CLEARING: Account = Account::practice(AccountKind::ProcessorClearing);
const FEES: Account = Account::practice(AccountKind::ProcessorFees);
const UNMATCHED: Account = Account::practice(AccountKind::UnmatchedPayouts);

impl Item {
    /// What the bank gets of it.
    ///
    /// # Errors
    /// Two currencies, or too large an amount.
    pub fn net(&self) -> Result<Money, MoneyError> {
        self.gross.minus(self.fee)
    }

    /// What it does to the books.
    ///
    /// # Errors
    /// Two currencies, or too large an amount.
    pub fn transfers(&self) -> Result<Transfers, MoneyError> {
        let (net, fee) = (self.net()?, self.fee);
        let mut transfers = Transfers::new();
        match self.kind {
            ItemKind::Charge | ItemKind::Refund | ItemKind::RefundReturned => {
                move_signed(&mut transfers, (BANK, CLEARING), net)?;
                move_signed(&mut transfers, (FEES, CLEARING), fee)?;
            }
            ItemKind::Dispute => move_signed(&mut transfers, (BANK, CLEARING), net)?,
            ItemKind::ProcessorFee => move_signed(&mut transfers, (BANK, FEES), net)?,
            ItemKind::Other => {
                move_signed(&mut transfers, (BANK, UNMATCHED), net)?;
                move_signed(&mut transfers, (FEES, UNMATCHED), fee)?;
            }
        }
        Ok(transfers)
    }

    /// What it does to the books once it is known what it is: what was `posted` while it was not is reversed first.
    ///
    /// # Errors
    /// Two currencies, or too large an amount.
    pub fn rebooked(&self, posted: &[(TransferId, Transfer)]) -> Result<Transfers, MoneyError> {
        let mut transfers = Transfers::new();
        for (id, transfer) in posted {
            transfers.reverse(*id, *transfer);
        }
        for fresh in self.transfers()?.as_slice() {
            transfers.post(fresh.debit, fresh.credit, fresh.amount);
        }
        Ok(transfers)
    }
}

/// Below 0 it goes the other way.
fn move_signed(
    transfers: &mut Transfers,
    (debit, credit): (Account, Account),
    amount: Money,
) -> Result<(), MoneyError> {
    if amount.is_negative() {
        transfers.post(credit, debit, amount.negated()?);
    } else {
        transfers.post(debit, credit, amount);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
