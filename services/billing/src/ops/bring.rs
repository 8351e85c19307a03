//! From the rows of an import to what they become: people, bills, credit, sessions.

use super::entry;
use crate::domain::bill::{Bill, Face, Item as Priced, Line, Revenue, Standing};
use crate::domain::credit::bring_credit;
use crate::domain::entry::{Act, Entry};
use crate::domain::import::{BalanceRow, Files, Item, Known, OpenBillRow, Row, Thing, to_take};
use crate::domain::import::{Mistakes, Sheet};
use crate::domain::issue;
use crate::domain::missed::Missed;
use crate::domain::people::{Client, Contact};
use crate::domain::session::{Session, total};
use crate::domain::shares::Shares;
use crate::store::practices::Practice;
use crate::{Error, Result};
use clock::Clock;
use ids::{BillId, ClientId, ContactId, Reference, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use std::collections::BTreeMap;

/// What an import brings, ready to be written.
#[derive(Default)]
pub(super) struct Brought {
    pub(super) clients: Vec<Client>,
    pub(super) contacts: Vec<Contact>,
    /// Each with its one line and its entry.
    pub(super) bills: Vec<(Bill, Line, Entry)>,
    pub(super) credits: Vec<Entry>,
    pub(super) sessions: Vec<Session>,
    pub(super) items: Vec<Item>,
}

/// What the rows are made into things with.
pub(super) struct Maker<'a> {
    pub(super) clock: &'a Clock,
    pub(super) practice: &'a Practice,
    pub(super) now: Timestamp,
    pub(super) known: &'a Known,
    /// Number and Invoice # of each bill to come.
    pub(super) numbers: std::vec::IntoIter<(BillId, i64, Reference)>,
}

/// Rows were checked: what they name is there.
const CHECKED: Error = Error::Stored("an import's row that was not checked");

/// How many bills the files become.
pub(super) fn bill_count(files: &Files) -> usize {
    fn rows<T>(sheet: Option<&Sheet<T>>) -> usize {
        sheet.map_or(0, |sheet| sheet.rows.len())
    }
    rows(files.opening_balances.as_ref()) + rows(files.open_bills.as_ref())
}

/// Everything that the files bring. `previous` says who got clients' bills before.
pub(super) fn bring(
    mut maker: Maker<'_>,
    files: &Files,
    previous: &BTreeMap<ClientId, ContactId>,
) -> Result<Brought> {
    let mut brought = Brought::default();
    let mut clients = maker.known.clients.clone();
    for row in files.clients.iter().flat_map(|sheet| &sheet.rows) {
        let id = ClientId::new(maker.clock);
        clients.insert(row.says.reference.clone(), id);
        brought.clients.push(Client {
            client: id,
            person: row.says.person.clone(),
            birth_date: row.says.birth_date,
            external_reference: Some(row.says.reference.clone()),
            billing_contact: None,
            create_time: maker.now,
        });
        let item = maker.person(Thing::Client(id), row.line, id);
        brought.items.push(item);
    }
    let client = |name: &str| clients.get(name).copied().ok_or(CHECKED);
    for row in files.contacts.iter().flat_map(|sheet| &sheet.rows) {
        let (id, client) = (ContactId::new(maker.clock), client(&row.says.client)?);
        brought.contacts.push(Contact {
            contact: id,
            client,
            person: row.says.person.clone(),
            relationship: row.says.relationship.clone(),
            billing_contact: row.says.billing_contact,
        });
        let before = previous.get(&client).copied();
        let thing = Thing::Contact(id, before.filter(|_| row.says.billing_contact));
        brought.items.push(maker.person(thing, row.line, client));
    }
    for row in files.opening_balances.iter().flat_map(|sheet| &sheet.rows) {
        let owed = Owed::of_balance(&row.says);
        let (id, bill) = maker.bill(client(&row.says.client)?, owed)?;
        brought.add_bill(Thing::OpeningBalance(id), row.line, bill);
    }
    for row in files.credits.iter().flat_map(|sheet| &sheet.rows) {
        maker.credit(&mut brought, client(&row.says.client)?, row)?;
    }
    for row in files.open_bills.iter().flat_map(|sheet| &sheet.rows) {
        let owed = Owed::of_bill(&row.says);
        let (id, bill) = maker.bill(client(&row.says.client)?, owed)?;
        brought.add_bill(Thing::OpenBill(id), row.line, bill);
    }
    maker.sessions(&mut brought, files, client)?;
    Ok(brought)
}

impl Brought {
    fn add_bill(&mut self, thing: Thing, line: i32, bill: (Bill, Line, Entry)) {
        self.items.push(Item {
            thing,
            line,
            client: bill.0.standing.client,
            amount: bill.0.standing.client_owes,
        });
        self.bills.push(bill);
    }
}

/// Something owed that becomes a bill.
struct Owed {
    amount: Money,
    issue_date: Date,
    due_date: Date,
    words: String,
    former_number: Option<String>,
}

impl Owed {
    fn of_balance(row: &BalanceRow) -> Self {
        Self {
            amount: row.amount,
            issue_date: row.date,
            due_date: row.date,
            words: row.words(),
            former_number: None,
        }
    }

    fn of_bill(row: &OpenBillRow) -> Self {
        Self {
            amount: row.owes,
            issue_date: row.issue_date,
            due_date: row.due_date,
            words: row.words(),
            former_number: Some(row.number.clone()),
        }
    }
}

impl Maker<'_> {
    fn person(&self, thing: Thing, line: i32, client: ClientId) -> Item {
        Item {
            thing,
            line,
            client,
            amount: Money::zero(self.practice.currency),
        }
    }

    /// A bill of one line that is nobody's revenue: the former system has counted it.
    fn bill(&mut self, client: ClientId, owed: Owed) -> Result<(BillId, (Bill, Line, Entry))> {
        let (id, number, reference) = self.numbers.next().ok_or(CHECKED)?;
        let nothing = Money::zero(self.practice.currency);
        let shares = Shares {
            client: owed.amount,
            insurance: nothing,
        };
        let standing = Standing {
            bill: id,
            client,
            policy: None,
            cancelled: false,
            client_owes: owed.amount,
            insurance_owes: nothing,
            client_balance: owed.amount,
            insurance_balance: nothing,
            credit_applied: nothing,
        };
        let transfers = issue::issue_bill(&standing, &[(Revenue::Opening, shares)])?;
        let act = (Act::OpeningBalance(id), client);
        let entry = entry(self.clock, act, owed.issue_date, &transfers)?;
        let face = Face {
            number,
            reference,
            issue_date: owed.issue_date,
            due_date: owed.due_date,
            last_service_date: None,
            total: owed.amount,
            comments: String::new(),
            revision: 1,
            create_time: self.now,
            share_time: None,
            cancel_time: None,
            run_date: None,
        };
        let line = Line {
            number: 1,
            item: Priced::Brought {
                date: owed.issue_date,
                former_number: owed.former_number,
            },
            description: owed.words,
            units: 1,
            price: owed.amount,
            shares,
            fee: None,
        };
        Ok((id, (Bill { standing, face }, line, entry)))
    }

    fn credit(&self, brought: &mut Brought, client: ClientId, row: &Row<BalanceRow>) -> Result<()> {
        let transfers = bring_credit(client, row.says.amount);
        let act = (Act::CreditBrought, client);
        let entry = entry(self.clock, act, row.says.date, &transfers)?;
        brought.items.push(Item {
            thing: Thing::Credit(entry.id),
            line: row.line,
            client,
            amount: row.says.amount,
        });
        brought.credits.push(entry);
        Ok(())
    }

    fn sessions(
        &self,
        brought: &mut Brought,
        files: &Files,
        client: impl Fn(&str) -> Result<ClientId>,
    ) -> Result<()> {
        let rows = files.sessions.as_ref().map_or(&[][..], |sheet| &sheet.rows);
        for session in to_take(rows, &mut Mistakes::default()) {
            let (id, client) = (SessionId::new(self.clock), client(&session.head.client)?);
            let clinicians = self.known.clinicians.get(&session.head.clinician);
            let clinician = clinicians.and_then(|found| found.first()).ok_or(CHECKED)?;
            let total = total(self.practice.currency, &session.services)?;
            brought.sessions.push(Session {
                session: id,
                client,
                clinician: *clinician,
                start_time: session.head.start_time,
                service_date: session.head.service_date,
                outcome: session.head.outcome,
                lines: session.services,
                diagnosis_codes: session.head.diagnosis_codes,
                place_of_service: session.head.place_of_service,
                external_reference: Some(session.head.reference),
                total,
                // A missed one costs what its rows say, and not what the practice's policy would.
                missed_fee: Missed::of(session.head.outcome).map(|_| total),
                waived: None,
                bill: None,
                create_time: self.now,
                revision: 1,
            });
            brought.items.push(Item {
                thing: Thing::Session(id),
                line: session.line,
                client,
                amount: total,
            });
        }
        Ok(())
    }
}
