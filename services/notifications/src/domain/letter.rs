//! What a mail says, before it is put into words by its template.

use super::account::AccountNews;
use super::card::CardNews;
use super::dispute::DisputeNews;
use super::message::RunFigures;
use ids::Reference;
use jiff::civil::Date;
use money::Money;

/// How a bill is paid online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayPage {
    /// Invoice #.
    pub reference: Reference,
    /// 6 digits.
    pub access_code: String,
    /// Opens the bill's pay page at once.
    pub link: String,
    /// Where Invoice # and Access Code are typed.
    pub address: String,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq)]
pub enum Letter {
    /// Please pay.
    Bill {
        /// What the client owes on it now.
        amount_due: Money,
        /// By when.
        due_date: Date,
        /// How.
        pay_page: PayPage,
        /// The PDF is attached.
        has_pdf: bool,
    },
    /// A bill on which nothing is due, or nothing any more.
    NothingDue {
        /// Invoice #.
        reference: Reference,
        /// What the client owes: 0, in the bill's currency.
        balance: Money,
        /// The insurer has yet to pay or decide.
        insurer_owes: bool,
        /// The PDF is attached.
        has_pdf: bool,
    },
    /// What a bill asks for has changed since it was sent.
    Adjusted(Adjusted),
    /// The old Access Code opens nothing, this one does.
    AccessCode {
        /// What is due, and how it is paid.
        due: Due,
        /// The old one was guessed wrong too often.
        burned: bool,
    },
    /// Thank you.
    Receipt {
        /// All of the payment.
        amount: Money,
        /// Business date.
        receive_date: Date,
        /// "Visa ending in 4242".
        method_text: String,
        /// What went to which bill.
        bills: Vec<(Reference, Money)>,
        /// What became credit; 0 or more.
        credited: Money,
        /// What the client owes on all bills now, and with it the PDF; none in the receipt of somebody who only pays.
        balance: Option<Money>,
    },
    /// Money goes back.
    Refund {
        /// How much.
        amount: Money,
        /// Business date.
        refund_date: Date,
        /// It stays as credit.
        to_credit: bool,
        /// Where it goes.
        method_text: String,
    },
    /// What a client hands to an insurer; asks for nothing.
    Superbill {
        /// First day of the month it is about.
        month: Date,
        /// The PDF is attached.
        has_pdf: bool,
    },
    /// Nothing was charged.
    Decline {
        /// What was not taken.
        amount: Money,
        /// "Visa ending in 4242"; may be empty.
        method_text: String,
        /// Why, in words.
        reason: String,
        /// The bill that is still due; none for money on account.
        due: Option<Due>,
    },
    /// To the practice: a payment is disputed, or its dispute has ended.
    Dispute {
        /// What is disputed.
        amount: Money,
        /// "Visa ending in 4242".
        method_text: String,
        /// What is new.
        news: DisputeNews,
        /// Until when the bank takes evidence.
        respond_by_date: Option<Date>,
    },
    /// To the practice: a refund came back.
    RefundReturned {
        /// How much.
        amount: Money,
        /// Where it was to go.
        method_text: String,
        /// Local day.
        return_date: Date,
    },
    /// News of a card or bank account on file.
    Card {
        /// What happened.
        news: CardNews,
        /// Where something can be done about it: what the button says, and the address.
        link: Option<(&'static str, String)>,
    },
    /// It will be charged.
    UpcomingCharge {
        /// What is due, and how it is paid before.
        due: Due,
        /// When, unless it is moved.
        charge_date: Date,
        /// Until when it can be moved, and to which day at the latest.
        movable: (Date, Date),
    },
    /// It will be charged on another day than was told.
    ChargeMoved {
        /// What is due, and how it is paid before.
        due: Due,
        /// When, unless it is moved again.
        charge_date: Date,
        /// The practice moved it.
        by_practice: bool,
    },
    /// To the practice: a charge was declined that nobody saw.
    UnattendedDecline {
        /// What was not taken.
        amount: Money,
        /// "Visa ending in 4242"; may be empty.
        method_text: String,
        /// Why, in words for the practice.
        reason: String,
        /// The same card or account will not pay, whenever it is tried.
        hard: bool,
    },
    /// To the practice: a payout did not arrive.
    PayoutFailed {
        /// What the bank would have got.
        amount: Money,
        /// Local day.
        fail_date: Date,
        /// Why, and what helps.
        reason: String,
    },
    /// To the practice: its account at the processor stops online payments.
    ProcessorAccount {
        /// What is new.
        news: AccountNews,
        /// How many cards and bank accounts are on file with it.
        methods: i64,
    },
    /// To the practice: what AutoPay did in a night.
    AutoPayRun {
        /// Its local day.
        run_date: Date,
        /// How it went.
        figures: RunFigures,
    },
}

/// What a bill asks for now, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    /// Invoice #.
    pub reference: Reference,
    /// What happened, in order.
    pub changes: Vec<Changed>,
    /// What the client owes now; 0 or more.
    pub balance: Money,
    /// The insurer has yet to pay or decide.
    pub insurer_owes: bool,
    /// How it is paid; none when nothing is due.
    pub due: Option<Due>,
}

/// Something that was taken off a bill, or is owed on it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// For the client.
    pub words: String,
    /// Above 0.
    pub amount: Money,
    /// It is owed again.
    pub taken_back: bool,
}

/// What is still due on a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// How much.
    pub amount: Money,
    /// By when.
    pub date: Date,
    /// How it is paid.
    pub pay_page: PayPage,
}

impl Letter {
    /// The subject, which others may read over a shoulder: who it is from and what it is, no amount.
    #[must_use]
    pub fn subject(&self, practice: &str) -> String {
        match self {
            Self::Bill { pay_page, .. } => {
                format!(
                    "Your bill from {practice}: Invoice # {}",
                    pay_page.reference
                )
            }
            Self::NothingDue { reference, .. } => {
                format!("Your bill from {practice}: nothing is due on Invoice # {reference}")
            }
            Self::Adjusted(adjusted) => {
                let reference = adjusted.reference;
                format!("Your bill from {practice} has changed: Invoice # {reference}")
            }
            Self::AccessCode { due, .. } => {
                let reference = due.pay_page.reference;
                format!("Your new Access Code for Invoice # {reference} from {practice}")
            }
            Self::Receipt { .. } => format!("Your receipt from {practice}"),
            Self::Refund { .. } => format!("Your refund from {practice}"),
            Self::UpcomingCharge { .. } => format!("Your upcoming payment to {practice}"),
            Self::Superbill { .. } => format!("Your monthly document from {practice}"),
            Self::Decline { .. } => format!("Your payment to {practice} did not go through"),
            Self::Card { news, .. } => news.subject(practice),
            Self::Dispute { news, .. } => match news {
                DisputeNews::Inquiry => format!("A bank asks about a payment to {practice}"),
                DisputeNews::Opened => format!("A payment to {practice} is disputed"),
                DisputeNews::Won => format!("{practice} has won a dispute"),
                DisputeNews::Lost => format!("{practice} has lost a dispute"),
                DisputeNews::CameToNothing => {
                    format!("A bank’s question to {practice} is settled")
                }
            },
            Self::RefundReturned { .. } => format!("A refund of {practice} came back"),
            Self::ChargeMoved { .. } => format!("Your payment to {practice} comes on another day"),
            Self::UnattendedDecline { .. } => format!("A charge of {practice} was declined"),
            Self::PayoutFailed { .. } => format!("A payout to {practice} did not arrive"),
            Self::ProcessorAccount { news, .. } => format!("{practice}: {}", news.heading()),
            Self::AutoPayRun { .. } => format!("Last night’s AutoPay of {practice}"),
        }
    }
}
