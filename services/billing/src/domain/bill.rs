use super::missed::Missed;
use super::shares::Shares;
use ids::{BillId, ClientId, PolicyId, Reference, SessionId};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use money::{Currency, Money, MoneyError};

/// Where a bill stands; derived from the ledger, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillStatus {
    /// Something is due from the client or the insurer.
    Open,
    /// Nothing is due from anyone.
    Paid,
    /// Taken back.
    Cancelled,
}

/// Which revenue a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revenue {
    /// A session that took place.
    Service,
    /// Something sold.
    Product,
    /// A no-show or late cancellation.
    Fee,
    /// None: earned in the former system, and brought from there.
    Opening,
}

/// What a line prices.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A line of a session, as it was recorded.
    Service {
        /// The session.
        session: SessionId,
        /// Its line, from 1.
        session_line: i32,
        /// The service's code.
        code: String,
        /// Modifiers of the code.
        modifiers: Vec<String>,
        /// Day of the service.
        date: Date,
        /// Who rendered it, as printed.
        clinician: String,
    },
    /// Something sold that is no session.
    Product,
    /// What was owed in the practice's former system.
    Brought {
        /// The day it stood so, or its invoice was issued.
        date: Date,
        /// The invoice's number there; none for a balance of several.
        former_number: Option<String>,
    },
}

/// One priced line of a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// 1, 2, 3, … within the bill.
    pub number: i32,
    /// What it prices.
    pub item: Item,
    /// In words for the client.
    pub description: String,
    /// Units, at least 1.
    pub units: i32,
    /// Of all units.
    pub price: Money,
    /// Who owes it.
    pub shares: Shares,
    /// The missed appointment that it is the fee for.
    pub fee: Option<Missed>,
}

impl Line {
    /// The session it prices.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match &self.item {
            Item::Service { session, .. } => Some(*session),
            Item::Product | Item::Brought { .. } => None,
        }
    }
}

/// The sums of a bill's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// All prices.
    pub total: Money,
    /// What the client owes.
    pub client: Money,
    /// What insurance owes.
    pub insurance: Money,
}

impl Totals {
    /// The sums of the lines, which may be none.
    ///
    /// # Errors
    /// A line in another currency, or too large a sum.
    pub fn of(currency: Currency, lines: &[Line]) -> Result<Self, MoneyError> {
        Ok(Self {
            total: Money::sum(currency, lines.iter().map(|line| line.price))?,
            client: Money::sum(currency, lines.iter().map(|line| line.shares.client))?,
            insurance: Money::sum(currency, lines.iter().map(|line| line.shares.insurance))?,
        })
    }
}

/// What an act on a bill needs to know of it, read under the bill's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The bill.
    pub bill: BillId,
    /// Whose bill.
    pub client: ClientId,
    /// Whose insurance owes; none when insurance owes nothing.
    pub policy: Option<PolicyId>,
    /// It was taken back.
    pub cancelled: bool,
    /// What the client owes, at first as billed, then as insurance decided.
    pub client_owes: Money,
    /// What insurance owes, the same way.
    pub insurance_owes: Money,
    /// What the client still owes; 0 to `client_owes`.
    pub client_balance: Money,
    /// What insurance still owes; 0 to `insurance_owes`.
    pub insurance_balance: Money,
    /// What of the client's share is paid from credit.
    pub credit_applied: Money,
}

impl Standing {
    /// Of a bill on which nothing is paid yet.
    #[must_use]
    pub const fn unpaid(
        (bill, client): (BillId, ClientId),
        policy: Option<PolicyId>,
        totals: Totals,
    ) -> Self {
        Self {
            bill,
            client,
            policy,
            cancelled: false,
            client_owes: totals.client,
            insurance_owes: totals.insurance,
            client_balance: totals.client,
            insurance_balance: totals.insurance,
            credit_applied: Money::zero(totals.total.currency()),
        }
    }

    /// Derived from the balances.
    #[must_use]
    pub const fn status(&self) -> BillStatus {
        status(self.cancelled, self.client_balance, self.insurance_balance)
    }

    /// What the client's share has been paid, by payments and credit.
    ///
    /// # Errors
    /// None while the amounts are in one currency, as the database keeps them.
    pub fn client_paid(&self) -> Result<Money, MoneyError> {
        self.client_owes.minus(self.client_balance)
    }

    /// Whether anybody has paid anything that is still on it.
    #[must_use]
    pub fn has_payments(&self) -> bool {
        self.client_balance != self.client_owes || self.insurance_balance != self.insurance_owes
    }
}

/// The last day on which a bill may be due: ten years from today. Later is a slip of the keyboard.
#[must_use]
pub fn last_due_date(today: Date) -> Date {
    today.saturating_add(10.years())
}

/// Cancelled; paid when both balances are 0; open otherwise.
#[must_use]
pub const fn status(
    cancelled: bool,
    client_balance: Money,
    insurance_balance: Money,
) -> BillStatus {
    if cancelled {
        BillStatus::Cancelled
    } else if client_balance.is_zero() && insurance_balance.is_zero() {
        BillStatus::Paid
    } else {
        BillStatus::Open
    }
}

/// What a bill says apart from what is owed on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// The practice's running number, from 1.
    pub number: i64,
    /// The Invoice #.
    pub reference: Reference,
    /// Local day it was issued.
    pub issue_date: Date,
    /// Local day by whose end it is due; not before the issue.
    pub due_date: Date,
    /// Latest service on it; none for products only.
    pub last_service_date: Option<Date>,
    /// Sum of the prices.
    pub total: Money,
    /// For the client.
    pub comments: String,
    /// Counts its changes.
    pub revision: i64,
    /// When it was issued.
    pub create_time: Timestamp,
    /// When it was last shared.
    pub share_time: Option<Timestamp>,
    /// When it was cancelled.
    pub cancel_time: Option<Timestamp>,
    /// The run of automation that made it.
    pub run_date: Option<Date>,
}

/// The latest day of service on these lines; none for products only.
#[must_use]
pub fn last_service_date(lines: &[Line]) -> Option<Date> {
    let service_date = |line: &Line| match &line.item {
        Item::Service { date, .. } => Some(*date),
        Item::Product | Item::Brought { .. } => None,
    };
    lines.iter().filter_map(service_date).max()
}

/// A bill without its lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// What is owed.
    pub standing: Standing,
    /// The rest.
    pub face: Face,
}

impl Bill {
    /// Which bill.
    #[must_use]
    pub const fn id(&self) -> BillId {
        self.standing.bill
    }
}
