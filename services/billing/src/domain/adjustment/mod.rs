//! What takes something off what a client owes, and why.

mod reason;

pub use reason::{AdjustmentReason, Waiver};

use crate::domain::account::{Account, AccountKind};
use crate::domain::bill::{Line, Standing};
use crate::domain::entry::{Transfer, Transfers};
use ids::{AdjustmentId, EntryId, TransferId};
use jiff::Timestamp;
use money::{Money, MoneyError, Rate};

/// What kind of reduction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdjustmentKind {
    /// A lower price, agreed before it is paid.
    Discount,
    /// Given up in favour of the client.
    Waiver,
    /// Given up because it will not be paid.
    WriteOff,
}

impl AdjustmentKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Discount, Self::Waiver, Self::WriteOff];

    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discount => "discount",
            Self::Waiver => "waiver",
            Self::WriteOff => "write_off",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What a client is told when nobody chose the words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Discount => "A discount was applied",
            Self::Waiver => "Waived: this is free of charge",
            Self::WriteOff => "Written off",
        }
    }

    const fn account(self) -> AccountKind {
        match self {
            Self::Discount => AccountKind::Discounts,
            Self::Waiver => AccountKind::Waivers,
            Self::WriteOff => AccountKind::WriteOffs,
        }
    }
}

/// How much is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// That much, above 0.
    Amount(Money),
    /// A percentage of the client's share of the line, or of what the client owes on the bill; half to even.
    Percent(Rate),
    /// All that is left.
    Whole,
}

/// An adjustment as it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    /// What kind.
    pub kind: AdjustmentKind,
    /// Why.
    pub reason: AdjustmentReason,
    /// How much.
    pub extent: Extent,
    /// The line of the bill, from 1; none is the whole bill.
    pub line: Option<i32>,
    /// For the client.
    pub client_text: String,
}

/// An adjustment as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// What was asked for.
    pub reduction: Reduction,
    /// What it took off, above 0.
    pub amount: Money,
    /// Its entry.
    pub entry: EntryId,
    /// When.
    pub create_time: Timestamp,
    /// When it was taken back; none while it counts.
    pub reverse_time: Option<Timestamp>,
}

impl Adjustment {
    /// Whether it counts.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.reverse_time.is_none()
    }
}

/// Why a bill is not adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentRefusal {
    /// The bill was taken back.
    #[error("the bill is cancelled")]
    Cancelled,
    /// The bill has no such line.
    #[error("the bill has no line {0}")]
    NoSuchLine(i32),
    /// The client owes less for the line.
    #[error("{0} of the line is left")]
    ExceedsLine(Money),
    /// The client owes less on the bill, apart from what an online payment holds.
    #[error("{0} is left to adjust")]
    ExceedsBalance(Money),
    /// It would take nothing off.
    #[error("there is nothing to adjust")]
    Nothing,
    /// Two currencies, or too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What an adjustment does to the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduced {
    /// To write.
    pub transfers: Transfers,
    /// The bill after it.
    pub bill: Standing,
    /// What was taken off.
    pub amount: Money,
}

/// What an act that adjusts a bill knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Adjustable<'a> {
    /// What is owed.
    pub bill: &'a Standing,
    /// Its lines.
    pub lines: &'a [Line],
    /// What was taken off before.
    pub adjustments: &'a [Adjustment],
    /// What online payments in progress have set aside.
    pub held: Money,
}

/// Takes something off what the client owes: discounts, waivers or write-offs ← client receivable. What was paid
/// stays paid: no more can be taken off than is still owed.
///
/// # Errors
/// See [`AdjustmentRefusal`].
pub fn adjust(on: Adjustable<'_>, reduction: &Reduction) -> Result<Reduced, AdjustmentRefusal> {
    let bill = on.bill;
    if bill.cancelled {
        return Err(AdjustmentRefusal::Cancelled);
    }
    let free = bill.client_balance.minus(on.held)?;
    let (base, left) = match reduction.line {
        None => (bill.client_owes, free),
        Some(number) => {
            let line = on.lines.iter().find(|line| line.number == number);
            let line = line.ok_or(AdjustmentRefusal::NoSuchLine(number))?;
            (line.shares.client, left_of_line(line, on.adjustments)?)
        }
    };
    let amount = match reduction.extent {
        Extent::Amount(amount) => amount,
        Extent::Percent(rate) => base.percent(rate)?,
        Extent::Whole => left.at_most(free)?,
    };
    if !amount.is_positive() {
        return Err(AdjustmentRefusal::Nothing);
    }
    if amount.compare(left)?.is_gt() && reduction.line.is_some() {
        return Err(AdjustmentRefusal::ExceedsLine(left));
    }
    if amount.compare(free)?.is_gt() {
        return Err(AdjustmentRefusal::ExceedsBalance(free));
    }
    let mut transfers = Transfers::new();
    transfers.post(
        Account::practice(reduction.kind.account()),
        Account::client_receivable(bill.bill, bill.client),
        amount,
    );
    let after = Standing {
        client_owes: bill.client_owes.minus(amount)?,
        client_balance: bill.client_balance.minus(amount)?,
        ..*bill
    };
    Ok(Reduced {
        transfers,
        bill: after,
        amount,
    })
}

/// What the client owes of a share when what the practice has taken off stays taken off; at least nothing.
///
/// # Errors
/// Two currencies.
pub fn less_taken(share: Money, adjustments: &[Adjustment]) -> Result<Money, MoneyError> {
    let live = adjustments.iter().filter(|adjustment| adjustment.is_live());
    live.map(|adjustment| adjustment.amount)
        .try_fold(share, |left, taken| left.minus(taken.at_most(left)?))
}

fn left_of_line(line: &Line, adjustments: &[Adjustment]) -> Result<Money, MoneyError> {
    adjustments
        .iter()
        .filter(|adjustment| adjustment.is_live() && adjustment.reduction.line == Some(line.number))
        .try_fold(line.shares.client, |left, adjustment| {
            left.minus(adjustment.amount)
        })
}

/// Takes an adjustment back: its transfers are reversed, and the client owes it again.
///
/// # Errors
/// `Cancelled` for a bill that was taken back.
pub fn reverse_adjustment(
    bill: &Standing,
    amount: Money,
    posted: &[(TransferId, Transfer)],
) -> Result<(Transfers, Standing), AdjustmentRefusal> {
    if bill.cancelled {
        return Err(AdjustmentRefusal::Cancelled);
    }
    let mut transfers = Transfers::new();
    for (id, transfer) in posted {
        transfers.reverse(*id, *transfer);
    }
    let after = Standing {
        client_owes: bill.client_owes.plus(amount)?,
        client_balance: bill.client_balance.plus(amount)?,
        ..*bill
    };
    Ok((transfers, after))
}

#[cfg(test)]
mod tests;
