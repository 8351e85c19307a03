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
    /// From providers.csv.
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
    /// The patient's id.
    pub id: Uuid,
    /// Without the generator's number.
    pub given_name: String,
    /// Likewise.
    pub family_name: String,
    /// At example.org, which belongs to nobody.
    pub email: String,
    /// Day of birth.
    pub birth_date: Date,
    /// Street and number.
    pub street: String,
    /// City or town.
    pub city: String,
    /// Spelled out: `Massachusetts`.
    pub region: String,
    /// Empty when unknown.
    pub postal_code: String,
}

/// A person who treats.
#[derive(Debug, Clone)]
pub struct Clinician {
    /// The provider's id.
    pub id: Uuid,
    /// As printed.
    pub name: String,
    /// "Clinical Social Worker".
    pub speciality: String,
}

/// An insurer.
#[derive(Debug, Clone)]
pub struct Payer {
    /// The payer's id.
    pub id: Uuid,
    /// As printed.
    pub name: String,
}

/// A client's insurance. The files have no id for it; ours is derived from the three that make it.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Derived.
    pub id: Uuid,
    /// Whose insurance it is.
    pub client: Uuid,
    /// With whom.
    pub payer: Uuid,
    /// On the card.
    pub member_number: String,
}

/// A claim: one appointment, or one prescription of an appointment.
#[derive(Debug, Clone)]
pub struct Session {
    /// The claim's id.
    pub id: Uuid,
    /// Who was treated.
    pub client: Uuid,
    /// Who treated.
    pub clinician: Uuid,
    /// SERVICEDATE.
    pub start_time: Timestamp,
    /// SNOMED, in the claim's order.
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service, two digits.
    pub place_of_service: &'static str,
    /// At least one.
    pub lines: Vec<ServiceLine>,
}

/// A service of a session.
#[derive(Debug, Clone)]
pub struct ServiceLine {
    /// SNOMED or RxNorm.
    pub code: String,
    /// In words.
    pub description: String,
    /// At least 1.
    pub units: u32,
    /// 0 or more.
    pub unit_price: Money,
}

/// The bill of one session.
#[derive(Debug, Clone)]
pub struct Bill {
    /// The claim's id, as its session.
    pub session: Uuid,
    /// Who gets it.
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
    /// What insurers did not pay.
    pub client_share: Money,
    /// What insurers paid.
    pub insurance_share: Money,
}

/// What an insurer paid on a bill.
#[derive(Debug, Clone)]
pub struct InsurerPayment {
    /// The transaction's id.
    pub id: Uuid,
    /// The claim it pays.
    pub session: Uuid,
    /// Who paid, the secondary insurer where it was the secondary.
    pub payer: Uuid,
    /// Whether that was the secondary insurer.
    pub secondary: bool,
    /// Above 0.
    pub amount: Money,
    /// When it came.
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
    /// The claim it pays.
    pub session: Uuid,
    /// Who paid.
    pub client: Uuid,
    /// How.
    pub method: ClientMethod,
    /// Above 0.
    pub amount: Money,
    /// When it came.
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
    /// The claim.
    pub session: Uuid,
    /// Who pays.
    pub client: Uuid,
    /// The payment of the files that the card payments take the place of.
    pub payment: Uuid,
    /// What is paid, all in all.
    pub amount: Money,
    /// How.
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
