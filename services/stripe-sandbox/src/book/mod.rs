//! The books: one per account, all rules pure over them. Nothing here knows of HTTP.

mod account_rows;
pub mod accounts;
pub mod charges;
pub mod currency;
pub mod customers;
pub mod declines;
mod dispute_row;
pub mod disputes;
pub mod endpoints;
pub mod intents;
pub mod machine;
pub mod methods;
mod payout_row;
pub mod payouts;
pub mod refunds;
pub mod rows;
pub mod settlement;
pub mod setups;
pub mod table;
pub mod testcards;
pub mod totals;

use clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use rows::{
    AccountLink, Charge, Customer, Delivery, Dispute, Endpoint, Event, Intent, Method, Payout,
    Refund, Setup, Standing, StoredAnswer, Transaction,
};
use table::Table;

/// Everything one account has.
#[derive(Debug, Default)]
pub struct Book {
    pub account: String,
    pub customers: Table<Customer>,
    pub methods: Table<Method>,
    pub intents: Table<Intent>,
    pub setups: Table<Setup>,
    pub charges: Table<Charge>,
    pub refunds: Table<Refund>,
    pub disputes: Table<Dispute>,
    pub payouts: Table<Payout>,
    /// Of the platform: what its own account and those connected with it may do.
    pub standings: Table<Standing>,
    pub links: Table<AccountLink>,
    pub transactions: Table<Transaction>,
    pub events: Table<Event>,
    pub endpoints: Table<Endpoint>,
    pub deliveries: Table<Delivery>,
    pub answers: Table<StoredAnswer>,
}

/// A row of any table, as it is written down.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    Customer(Customer),
    Method(Method),
    Intent(Intent),
    Setup(Setup),
    Charge(Charge),
    Refund(Refund),
    Dispute(Dispute),
    Payout(Payout),
    Standing(Standing),
    Link(AccountLink),
    Transaction(Transaction),
    Event(Event),
    Endpoint(Endpoint),
    Delivery(Delivery),
    Answer(StoredAnswer),
}

impl Book {
    /// An empty book.
    pub fn new(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            ..Self::default()
        }
    }

    /// The rows changed since the last call, to be written down together.
    pub fn drain(&mut self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        entries.extend(
            self.customers
                .drain_touched()
                .into_iter()
                .map(Entry::Customer),
        );
        entries.extend(self.methods.drain_touched().into_iter().map(Entry::Method));
        entries.extend(self.intents.drain_touched().into_iter().map(Entry::Intent));
        entries.extend(self.setups.drain_touched().into_iter().map(Entry::Setup));
        entries.extend(self.charges.drain_touched().into_iter().map(Entry::Charge));
        entries.extend(self.refunds.drain_touched().into_iter().map(Entry::Refund));
        entries.extend(
            self.disputes
                .drain_touched()
                .into_iter()
                .map(Entry::Dispute),
        );
        entries.extend(self.payouts.drain_touched().into_iter().map(Entry::Payout));
        entries.extend(
            self.standings
                .drain_touched()
                .into_iter()
                .map(Entry::Standing),
        );
        entries.extend(self.links.drain_touched().into_iter().map(Entry::Link));
        entries.extend(
            self.transactions
                .drain_touched()
                .into_iter()
                .map(Entry::Transaction),
        );
        entries.extend(self.events.drain_touched().into_iter().map(Entry::Event));
        entries.extend(
            self.endpoints
                .drain_touched()
                .into_iter()
                .map(Entry::Endpoint),
        );
        entries.extend(
            self.deliveries
                .drain_touched()
                .into_iter()
                .map(Entry::Delivery),
        );
        entries.extend(self.answers.drain_touched().into_iter().map(Entry::Answer));
        entries
    }

    /// Puts a written row back; a later one with the same id wins.
    pub fn restore(&mut self, entry: Entry) {
        match entry {
            Entry::Customer(row) => self.customers.restore(row),
            Entry::Method(row) => self.methods.restore(row),
            Entry::Intent(row) => self.intents.restore(row),
            Entry::Setup(row) => self.setups.restore(row),
            Entry::Charge(row) => self.charges.restore(row),
            Entry::Refund(row) => self.refunds.restore(row),
            Entry::Dispute(row) => self.disputes.restore(row),
            Entry::Payout(row) => self.payouts.restore(row),
            Entry::Standing(row) => self.standings.restore(row),
            Entry::Link(row) => self.links.restore(row),
            Entry::Transaction(row) => self.transactions.restore(row),
            Entry::Event(row) => self.events.restore(row),
            Entry::Endpoint(row) => self.endpoints.restore(row),
            Entry::Delivery(row) => self.deliveries.restore(row),
            Entry::Answer(row) => self.answers.restore(row),
        };
    }

    /// All rows, for a fresh copy of the file; events and answers made before `horizon` (Unix seconds) are left out.
    pub fn entries_since(&self, horizon: i64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        entries.extend(self.customers.iter().cloned().map(Entry::Customer));
        entries.extend(self.methods.iter().cloned().map(Entry::Method));
        entries.extend(self.intents.iter().cloned().map(Entry::Intent));
        entries.extend(self.setups.iter().cloned().map(Entry::Setup));
        entries.extend(self.charges.iter().cloned().map(Entry::Charge));
        entries.extend(self.refunds.iter().cloned().map(Entry::Refund));
        entries.extend(self.disputes.iter().cloned().map(Entry::Dispute));
        entries.extend(self.payouts.iter().cloned().map(Entry::Payout));
        entries.extend(self.standings.iter().cloned().map(Entry::Standing));
        entries.extend(
            self.links
                .iter()
                .filter(|row| row.created >= horizon)
                .cloned()
                .map(Entry::Link),
        );
        entries.extend(self.transactions.iter().cloned().map(Entry::Transaction));
        entries.extend(self.endpoints.iter().cloned().map(Entry::Endpoint));
        entries.extend(
            self.events
                .iter()
                .filter(|row| row.created >= horizon)
                .cloned()
                .map(Entry::Event),
        );
        entries.extend(
            self.deliveries
                .iter()
                .filter(|row| row.created >= horizon)
                .cloned()
                .map(Entry::Delivery),
        );
        entries.extend(
            self.answers
                .iter()
                .filter(|row| row.created >= horizon)
                .cloned()
                .map(Entry::Answer),
        );
        entries
    }
}

/// Who asked for what happens now; written into the events.
#[derive(Debug, Clone)]
pub struct Origin {
    pub request_id: Option<String>,
    pub idempotency_key: Option<String>,
    pub api_version: String,
}

impl Origin {
    /// Something that no API request asked for: the bank, the dashboard.
    pub fn none(api_version: &str) -> Self {
        Self {
            request_id: None,
            idempotency_key: None,
            api_version: api_version.to_owned(),
        }
    }
}

/// One act on one book: the book, the time, randomness, and who asked.
pub struct Act<'a> {
    pub book: &'a mut Book,
    pub clock: &'a Clock,
    /// Unix seconds, the same for all of the act.
    pub now: i64,
    pub origin: Origin,
    /// What the account may do, when it is one that is connected with the platform's.
    pub standing: Option<Standing>,
    /// Ids of the events announced so far.
    pub announced: Vec<String>,
    /// Where people reach the sandbox, `http://host:port`.
    pub base_url: &'a str,
}

impl Act<'_> {
    /// A new id: the prefix and 24 random letters and digits.
    pub fn new_id(&self, prefix: &str) -> String {
        random_id(self.clock, prefix, 24)
    }

    /// Records an event about an object as it is now.
    pub fn announce(&mut self, kind: &str, object: Value, previous: Option<Value>) {
        let event = Event {
            id: self.new_id("evt_"),
            created: self.now,
            kind: kind.to_owned(),
            object,
            previous,
            request_id: self.origin.request_id.clone(),
            idempotency_key: self.origin.idempotency_key.clone(),
            api_version: self.origin.api_version.clone(),
            account: None,
        };
        self.announced.push(event.id.clone());
        self.book.events.put(event);
    }
}

/// A prefix and `length` random letters and digits.
pub fn random_id(clock: &Clock, prefix: &str, length: usize) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut noise = vec![0_u8; length];
    clock.fill(&mut noise);
    let letters = noise
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    prefix.chars().chain(letters).collect()
}
