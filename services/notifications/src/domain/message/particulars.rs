//! What a mail is about: what the event said and nobody can be asked for later.

use super::Kind;
use crate::domain::account::AccountNews;
use crate::domain::adjustment::Change;
use crate::domain::card::{Audience, CardNews};
use crate::domain::dispute::DisputeNews;
use ids::{BillId, DisputeId, DocumentId, EventId, PaymentId, PayoutId, RefundId, ShareId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use serde::{Deserialize, Serialize};

/// What of a payment went to a bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// The bill.
    pub bill: BillId,
    /// Above 0.
    pub amount: Money,
}

/// How a night of AutoPay went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFigures {
    /// Charges that went well, and their sum.
    pub charged: (i64, Money),
    /// What credit paid.
    pub credited: Money,
    /// Charges that were declined.
    pub declined: i64,
    /// Charges that are on their way.
    pub pending: i64,
    /// Bills that were left out.
    pub skipped: i64,
}

/// What the event said and nobody can be asked for later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Particulars {
    /// A bill was shared.
    Bill {
        /// The bill.
        bill: BillId,
        /// The act of sharing.
        share: ShareId,
        /// Link only.
        without_pdf: bool,
        /// It was meant for a bill with something due: one that was scheduled, or open when it was shared. Should a
        /// receipt have told meanwhile that it is paid, it is not sent.
        #[serde(default)]
        to_be_paid: bool,
    },
    /// A payment was booked.
    Receipt {
        /// The payment.
        payment: PaymentId,
        /// All of it.
        amount: Money,
        /// Business date.
        receive_date: Date,
        /// "Visa ending in 4242".
        method_text: String,
        /// What went to which bill.
        allocations: Vec<Allocation>,
        /// What became credit; 0 or more.
        credited: Money,
        /// Who paid it; none: whoever gets the bills, who has one of every payment.
        #[serde(default)]
        to: Option<Audience>,
    },
    /// A refund is on its way.
    Refund {
        /// The refund.
        refund: RefundId,
        /// The payment it gives back.
        payment: PaymentId,
        /// Above 0.
        amount: Money,
        /// Business date.
        refund_date: Date,
        /// It stays as credit.
        to_credit: bool,
        /// Where it goes back to: "Visa ending in 4242".
        method_text: String,
        /// Whose that is; none: whoever gets the bills.
        #[serde(default)]
        to: Option<Audience>,
    },
    /// A charge was declined.
    Decline {
        /// The payment that failed.
        payment: PaymentId,
        /// The bill it was meant for; none for money on account.
        bill: Option<BillId>,
        /// What was not taken.
        amount: Money,
        /// "Visa ending in 4242"; may be empty.
        method_text: String,
        /// Why, in words for the payer.
        reason: String,
        /// Whose card or account it was; none: whoever gets the bills.
        #[serde(default)]
        to: Option<Audience>,
    },
    /// A bill has a new Access Code, or needs one.
    AccessCode {
        /// The bill.
        bill: BillId,
        /// The event that told of it.
        event: EventId,
        /// The code that was burned by wrong guesses, by the time it was made; none when the practice wanted a new one.
        burned: Option<Timestamp>,
    },
    /// Something was taken off a bill since it was sent, or is owed on it again.
    Adjustment {
        /// The bill.
        bill: BillId,
        /// What happened, in order; not empty.
        changes: Vec<Change>,
    },
    /// News of a card or bank account on file.
    Card {
        /// What happened.
        #[serde(flatten)]
        news: CardNews,
    },
    /// AutoPay is going to charge a bill.
    UpcomingCharge {
        /// The bill.
        bill: BillId,
        /// The event that told of it: another notice is another mail.
        event: EventId,
        /// When, unless it is moved.
        charge_date: Date,
        /// Until when it can be moved, and to which day at the latest.
        movable: (Date, Date),
        /// Who pays; none: whoever gets the bills.
        #[serde(default)]
        to: Option<Audience>,
    },
    /// AutoPay is going to charge a bill on another day than was told.
    ChargeMoved {
        /// The bill.
        bill: BillId,
        /// The event that told of it.
        event: EventId,
        /// When, unless it is moved again.
        charge_date: Date,
        /// The practice moved it.
        by_practice: bool,
        /// Who pays.
        to: Audience,
    },
    /// A charge was declined that nobody saw: one of AutoPay, or a bank debit days later.
    UnattendedDecline {
        /// The payment that failed.
        payment: PaymentId,
        /// What was not taken.
        amount: Money,
        /// "Visa ending in 4242"; may be empty.
        method_text: String,
        /// Why, in words for the practice.
        reason: String,
        /// The same card or account will not pay, whenever it is tried.
        hard: bool,
    },
    /// A payout did not arrive.
    PayoutFailed {
        /// The payout.
        payout: PayoutId,
        /// What the bank would have got.
        amount: Money,
        /// Local day on which it was heard of.
        fail_date: Date,
        /// Why, and what helps; empty when it was stopped.
        reason: String,
    },
    /// The practice's own account at the processor stops online payments.
    ProcessorAccount {
        /// The event that told of it: another change is another mail.
        event: EventId,
        /// What is new.
        news: AccountNews,
        /// How many cards and bank accounts are on file with it.
        methods: i64,
    },
    /// What AutoPay did in a night.
    AutoPayRun {
        /// Its local day.
        run_date: Date,
        /// How it went.
        figures: RunFigures,
    },
    /// A superbill of a month was made.
    Superbill {
        /// The document.
        document: DocumentId,
        /// First day of the month.
        month: Date,
        /// It is in the portal only.
        without_pdf: bool,
    },
    /// A payment is disputed, or its dispute has ended.
    Dispute {
        /// The dispute.
        dispute: DisputeId,
        /// The payment.
        payment: PaymentId,
        /// What is new.
        news: DisputeNews,
        /// What is disputed.
        amount: Money,
        /// Until when the bank takes evidence.
        respond_by_date: Option<Date>,
        /// "Visa ending in 4242".
        method_text: String,
    },
    /// A refund came back from the payer's bank.
    RefundReturned {
        /// The refund.
        refund: RefundId,
        /// The payment it was to give back.
        payment: PaymentId,
        /// Above 0.
        amount: Money,
        /// Local day.
        return_date: Date,
        /// Where it was to go: "Visa ending in 4242".
        method_text: String,
    },
}

impl Particulars {
    /// What kind of mail it makes.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bill { .. } => Kind::Bill,
            Self::Receipt { .. } => Kind::Receipt,
            Self::Refund { .. } => Kind::Refund,
            Self::Decline { .. } => Kind::Decline,
            Self::AccessCode { .. } => Kind::AccessCode,
            Self::Adjustment { .. } => Kind::Adjustment,
            Self::Card { .. } => Kind::Card,
            Self::UpcomingCharge { .. } => Kind::UpcomingCharge,
            Self::Superbill { .. } => Kind::Superbill,
            Self::Dispute { .. } => Kind::Dispute,
            Self::RefundReturned { .. } => Kind::RefundReturned,
            Self::ChargeMoved { .. } => Kind::ChargeMoved,
            Self::UnattendedDecline { .. } => Kind::UnattendedDecline,
            Self::AutoPayRun { .. } => Kind::AutoPayRun,
            Self::PayoutFailed { .. } => Kind::PayoutFailed,
            Self::ProcessorAccount { .. } => Kind::ProcessorAccount,
        }
    }

    /// One mail for each of these in a practice.
    #[must_use]
    pub fn dedupe_key(&self) -> String {
        let kind = self.kind().name();
        match self {
            Self::Bill { share, .. } => format!("{kind}/{share}"),
            Self::Receipt {
                payment,
                to: Some(_),
                ..
            } => format!("{kind}/{payment}/payer"),
            Self::Receipt { payment, .. }
            | Self::Decline { payment, .. }
            | Self::UnattendedDecline { payment, .. } => {
                format!("{kind}/{payment}")
            }
            Self::PayoutFailed { payout, .. } => format!("{kind}/{payout}"),
            Self::AutoPayRun { run_date, .. } => format!("{kind}/{run_date}"),
            Self::Refund { refund, .. } | Self::RefundReturned { refund, .. } => {
                format!("{kind}/{refund}")
            }
            Self::Dispute { dispute, news, .. } => format!("{kind}/{dispute}/{}", news.name()),
            Self::AccessCode { event, .. } => format!("{kind}/{event}"),
            Self::UpcomingCharge { event, .. }
            | Self::ChargeMoved { event, .. }
            | Self::ProcessorAccount { event, .. } => {
                format!("{kind}/{event}")
            }
            Self::Adjustment { bill, changes } => match changes.first() {
                Some(first) => format!("{kind}/{}", first.event),
                None => format!("{kind}/{bill}"),
            },
            Self::Card { news } => format!("{kind}/{}", news.dedupe_key()),
            Self::Superbill { document, .. } => format!("{kind}/{document}"),
        }
    }

    /// The one bill it is about; none when there are none or several.
    #[must_use]
    pub fn bill(&self) -> Option<BillId> {
        match self {
            Self::Bill { bill, .. }
            | Self::AccessCode { bill, .. }
            | Self::UpcomingCharge { bill, .. }
            | Self::ChargeMoved { bill, .. }
            | Self::Adjustment { bill, .. } => Some(*bill),
            Self::Receipt { allocations, .. } => match allocations.as_slice() {
                [only] => Some(only.bill),
                [] | [_, _, ..] => None,
            },
            Self::Refund { .. }
            | Self::Card { .. }
            | Self::Superbill { .. }
            | Self::Dispute { .. }
            | Self::UnattendedDecline { .. }
            | Self::AutoPayRun { .. }
            | Self::PayoutFailed { .. }
            | Self::ProcessorAccount { .. }
            | Self::RefundReturned { .. } => None,
            Self::Decline { bill, .. } => *bill,
        }
    }

    /// The payment it is about.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Bill { .. }
            | Self::AccessCode { .. }
            | Self::UpcomingCharge { .. }
            | Self::ChargeMoved { .. }
            | Self::AutoPayRun { .. }
            | Self::PayoutFailed { .. }
            | Self::ProcessorAccount { .. }
            | Self::Adjustment { .. }
            | Self::Card { .. }
            | Self::Superbill { .. } => None,
            Self::Receipt { payment, .. }
            | Self::Refund { payment, .. }
            | Self::Dispute { payment, .. }
            | Self::RefundReturned { payment, .. }
            | Self::UnattendedDecline { payment, .. }
            | Self::Decline { payment, .. } => Some(*payment),
        }
    }

    /// The refund it is about.
    #[must_use]
    pub const fn refund(&self) -> Option<RefundId> {
        match self {
            Self::Refund { refund, .. } | Self::RefundReturned { refund, .. } => Some(*refund),
            Self::Bill { .. }
            | Self::Dispute { .. }
            | Self::Receipt { .. }
            | Self::Decline { .. }
            | Self::AccessCode { .. }
            | Self::UpcomingCharge { .. }
            | Self::ChargeMoved { .. }
            | Self::UnattendedDecline { .. }
            | Self::AutoPayRun { .. }
            | Self::PayoutFailed { .. }
            | Self::ProcessorAccount { .. }
            | Self::Adjustment { .. }
            | Self::Card { .. }
            | Self::Superbill { .. } => None,
        }
    }

    /// The act of sharing it is about.
    #[must_use]
    pub const fn share(&self) -> Option<ShareId> {
        match self {
            Self::Bill { share, .. } => Some(*share),
            Self::Receipt { .. }
            | Self::Refund { .. }
            | Self::Decline { .. }
            | Self::AccessCode { .. }
            | Self::UpcomingCharge { .. }
            | Self::ChargeMoved { .. }
            | Self::UnattendedDecline { .. }
            | Self::AutoPayRun { .. }
            | Self::PayoutFailed { .. }
            | Self::ProcessorAccount { .. }
            | Self::Adjustment { .. }
            | Self::Card { .. }
            | Self::Dispute { .. }
            | Self::RefundReturned { .. }
            | Self::Superbill { .. } => None,
        }
    }
}
