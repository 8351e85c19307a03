//! What the demo will do, worked out before anything is sent: the same files give the same plan, in the same order.
//!
//! Everything is named by the id it has in the files. Request ids are derived from those (`request_id`), so a second
//! run repeats the requests of the first and changes nothing.

mod build;
mod card;
mod people;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use uuid::Uuid;

/// All that a practice would enter, in the order it is entered.
#[derive(Debug)]
pub struct Plan {
    /// By file order, as are all people and payers.
    pub clients: Vec<Client>,
    pub clinicians: Vec<Clinician>,
    /// Without `NO_INSURANCE`.
    pub payers: Vec<Payer>,
    /// Those that a claim names, by client, payer, member number.
    pub policies: Vec<Policy>,
    /// Oldest first.
    pub sessions: Vec<Session>,
    /// Oldest first; a session that costs nothing has none.
    pub bills: Vec<Bill>,
    /// Oldest first.
    pub insurer_payments: Vec<InsurerPayment>,
    /// Oldest first, those by card online included.
    pub client_payments: Vec<ClientPayment>,
    /// The bills that are shared by e-mail and paid by card as a guest, newest first.
    pub card_bills: Vec<CardBill>,
}

/// A person treated.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: Uuid,
    pub given_name: String,
    pub family_name: String,
    /// At example.org, which belongs to nobody.
    pub email: String,
    pub birth_date: Date,
    pub street: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
}

/// A person who treats.
#[derive(Debug, Clone)]
pub struct Clinician {
    pub id: Uuid,
    pub name: String,
    /// "Clinical Social Worker".
    pub speciality: String,
}

/// An insurer.
#[derive(Debug, Clone)]
pub struct Payer {
    pub id: Uuid,
    pub name: String,
}

/// A client's insurance. The files have no id for it; ours is derived from the three that make it.
#[derive(Debug, Clone)]
pub struct Policy {
    pub id: Uuid,
    pub client: Uuid,
    pub payer: Uuid,
    pub member_number: String,
}

/// A claim: one appointment, or one prescription of an appointment.
#[derive(Debug, Clone)]
pub struct Session {
    /// The claim's id.
    pub id: Uuid,
    pub client: Uuid,
    pub clinician: Uuid,
    pub start_time: Timestamp,
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service, two digits.
    pub place_of_service: &'static str,
    /// At least one.
    pub lines: Vec<ServiceLine>,
}

/// A service of a session.
#[derive(Debug, Clone)]
pub struct ServiceLine {
    pub code: String,
    pub description: String,
    pub units: u32,
    pub unit_price: Money,
}

/// The bill of one session.
#[derive(Debug, Clone)]
pub struct Bill {
    /// The claim's id, as its session.
    pub session: Uuid,
    pub client: Uuid,
    /// The policy of the insurance shares; none when insurance owes nothing.
    pub policy: Option<Uuid>,
    /// One per line of the session, in its order.
    pub lines: Vec<BillLine>,
    /// When the service was rendered.
    pub service_time: Timestamp,
}

/// Who owes a line.
#[derive(Debug, Clone, Copy)]
pub struct BillLine {
    /// What the line costs: the two shares together.
    pub price: Money,
    pub client_share: Money,
    pub insurance_share: Money,
}

/// What an insurer paid on a bill.
#[derive(Debug, Clone)]
pub struct InsurerPayment {
    /// The transaction's id.
    pub id: Uuid,
    pub session: Uuid,
    /// Who paid, the secondary insurer where it was the secondary.
    pub payer: Uuid,
    pub secondary: bool,
    pub amount: Money,
    pub time: Timestamp,
    /// Its line in claims_transactions.csv.
    pub row: u64,
}

/// How a client paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientMethod {
    /// CASH.
    Cash,
    /// CHECK.
    Check,
    /// CC: a card, run elsewhere, or online for the card bills.
    Card,
    /// COPAY: taken at the desk, the files do not say how.
    Copay,
}

/// What a client paid on a bill.
#[derive(Debug, Clone)]
pub struct ClientPayment {
    /// The transaction's id.
    pub id: Uuid,
    pub session: Uuid,
    pub client: Uuid,
    pub method: ClientMethod,
    pub amount: Money,
    pub time: Timestamp,
    /// Its line in claims_transactions.csv.
    pub row: u64,
    /// True: paid by card as a guest in step 4, not recorded in step 2.
    pub online: bool,
}

/// How a card bill is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardStory {
    /// The whole balance with one card.
    AtOnce,
    /// A custom amount, then the rest.
    InTwoParts,
    /// The first card is declined, another one pays.
    DeclinedFirst,
    /// Paid, part of it refunded, and that part paid again.
    RefundedInPart,
}

impl CardStory {
    /// In the order they are told.
    pub const ALL: [Self; 4] = [
        Self::AtOnce,
        Self::InTwoParts,
        Self::DeclinedFirst,
        Self::RefundedInPart,
    ];
}

/// A bill that stays open until its client pays it by card.
#[derive(Debug, Clone)]
pub struct CardBill {
    pub session: Uuid,
    pub client: Uuid,
    /// The payment of the files that the card payments take the place of.
    pub payment: Uuid,
    /// What is paid, all in all.
    pub amount: Money,
    pub story: CardStory,
}

impl Plan {
    /// Bills by session.
    pub fn bills_by_session(&self) -> BTreeMap<Uuid, &Bill> {
        self.bills.iter().map(|bill| (bill.session, bill)).collect()
    }
}

/// The idempotency key of an act on what the files call `subject`, within a practice.
pub fn request_id(act: &str, practice_id: &str, subject: Uuid) -> Uuid {
    ids::derive_uuid(
        &format!("demo.{act}"),
        &[practice_id.as_bytes(), subject.as_bytes()],
    )
}
