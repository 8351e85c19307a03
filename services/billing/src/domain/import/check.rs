//! Whether the files agree with each other and with what the practice has.

use super::sessions::{ClinicianKey, SessionRow};
use super::{FileKind, Files, Mistakes, ROWS_MAX, Row};
use ids::{ClientId, ClinicianId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

/// What the files name, to be looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Clients, also those that the import itself adds.
    pub clients: BTreeSet<String>,
    /// Who treated.
    pub clinicians: BTreeSet<ClinicianKey>,
    /// Sessions that are to be added.
    pub sessions: BTreeSet<String>,
    /// Invoice numbers of the former system.
    pub former_numbers: BTreeSet<String>,
}

/// What of it the practice has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Clients by the id that a file names them by.
    pub clients: BTreeMap<String, ClientId>,
    /// Clinicians likewise. An NPI can be several people's.
    pub clinicians: BTreeMap<ClinicianKey, Vec<ClinicianId>>,
    /// Sessions that were recorded.
    pub sessions: BTreeSet<String>,
    /// Invoice numbers that bills were brought under.
    pub former_numbers: BTreeSet<String>,
    /// Clients with an opening balance that counts.
    pub opening_balances: BTreeSet<ClientId>,
    /// Files that another import has taken, byte for byte.
    pub files: BTreeSet<FileKind>,
}

impl Files {
    /// What the files name.
    #[must_use]
    pub fn named(&self) -> Named {
        let mut named = Named::default();
        for row in self.clients.iter().flat_map(|sheet| &sheet.rows) {
            named.clients.insert(row.says.reference.clone());
        }
        for (_, row) in self.clients_named() {
            named.clients.insert(row.says.to_owned());
        }
        for row in self.open_bills.iter().flat_map(|sheet| &sheet.rows) {
            named.former_numbers.insert(row.says.number.clone());
        }
        for row in self.session_rows() {
            named.clinicians.insert(row.says.head.clinician.clone());
            named.sessions.insert(row.says.head.reference.clone());
        }
        named
    }

    /// Every row that names a client it does not add.
    fn clients_named(&self) -> impl Iterator<Item = (FileKind, Row<&str>)> {
        fn of<'a, T>(
            file: FileKind,
            rows: &'a [Row<T>],
            client: impl Fn(&'a T) -> &'a str + 'a,
        ) -> impl Iterator<Item = (FileKind, Row<&'a str>)> {
            rows.iter().map(move |row| {
                let says = client(&row.says);
                let line = row.line;
                (file, Row { line, says })
            })
        }
        let contacts = self.contacts.as_ref().map_or(&[][..], |sheet| &sheet.rows);
        let balances = self.opening_balances.as_ref();
        let balances = balances.map_or(&[][..], |sheet| &sheet.rows);
        let credits = self.credits.as_ref().map_or(&[][..], |sheet| &sheet.rows);
        let bills = self.open_bills.as_ref();
        let bills = bills.map_or(&[][..], |sheet| &sheet.rows);
        of(FileKind::Contacts, contacts, |row| row.client.as_str())
            .chain(of(FileKind::OpeningBalances, balances, |row| &row.client))
            .chain(of(FileKind::Credits, credits, |row| &row.client))
            .chain(of(FileKind::OpenBills, bills, |row| &row.client))
            .chain(of(FileKind::Sessions, self.session_rows(), |row| {
                &row.head.client
            }))
    }

    fn session_rows(&self) -> &[Row<SessionRow>] {
        self.sessions.as_ref().map_or(&[], |sheet| &sheet.rows)
    }
}

/// Tells what of the files cannot be taken together with the rest and with what the practice has.
pub fn check(files: &Files, known: &Known, mistakes: &mut Mistakes) {
    rows(files, mistakes);
    for file in &known.files {
        mistakes.add(
            (*file, 0),
            "",
            "was taken by an earlier import, byte for byte",
        );
    }
    let added = clients(files, known, mistakes);
    for (file, row) in files.clients_named() {
        if !added.contains(row.says) && !known.clients.contains_key(row.says) {
            let reason = "is no client of this import and none of the practice";
            mistakes.add((file, row.line), "client_id", reason);
        }
    }
    contacts(files, mistakes);
    balances(files, known, mistakes);
    open_bills(files, known, mistakes);
    sessions(files, known, mistakes);
}

fn rows(files: &Files, mistakes: &mut Mistakes) {
    let counts = [
        files
            .clients
            .as_ref()
            .map(|sheet| (FileKind::Clients, sheet.count)),
        files
            .contacts
            .as_ref()
            .map(|sheet| (FileKind::Contacts, sheet.count)),
        files
            .opening_balances
            .as_ref()
            .map(|sheet| (FileKind::OpeningBalances, sheet.count)),
        files
            .credits
            .as_ref()
            .map(|sheet| (FileKind::Credits, sheet.count)),
        files
            .open_bills
            .as_ref()
            .map(|sheet| (FileKind::OpenBills, sheet.count)),
        files
            .sessions
            .as_ref()
            .map(|sheet| (FileKind::Sessions, sheet.count)),
    ];
    let counts = counts.into_iter().flatten();
    let largest = counts.clone().max_by_key(|(_, count)| *count);
    let all = counts.fold(0_i32, |all, (_, count)| all.saturating_add(count));
    if let Some((file, _)) = largest.filter(|_| all > ROWS_MAX) {
        let reason = format!("is one of files with {all} rows together; {ROWS_MAX} is the most");
        mistakes.add((file, 0), "", reason);
    }
}

/// The ids of the clients that the import adds.
fn clients<'a>(files: &'a Files, known: &Known, mistakes: &mut Mistakes) -> BTreeSet<&'a str> {
    let rows = files.clients.as_ref().map_or(&[][..], |sheet| &sheet.rows);
    let mut seen = Seen::new(FileKind::Clients, "client_id");
    for row in rows {
        seen.add(row.says.reference.as_str(), row.line, mistakes);
        if known.clients.contains_key(&row.says.reference) {
            let reason = "is a client of the practice already";
            mistakes.add((FileKind::Clients, row.line), "client_id", reason);
        }
    }
    rows.iter().map(|row| row.says.reference.as_str()).collect()
}

fn contacts(files: &Files, mistakes: &mut Mistakes) {
    let mut seen = Seen::new(FileKind::Contacts, "given_name");
    let mut billed = Seen {
        words: "is yes for this client on line",
        ..Seen::new(FileKind::Contacts, "billing_contact")
    };
    for row in files.contacts.iter().flat_map(|sheet| &sheet.rows) {
        let says = &row.says;
        let name = (
            &says.client,
            &says.person.given_name,
            &says.person.family_name,
        );
        seen.add(name, row.line, mistakes);
        if says.billing_contact {
            billed.add(&says.client, row.line, mistakes);
        }
    }
}

fn balances(files: &Files, known: &Known, mistakes: &mut Mistakes) {
    let mut seen = Seen::new(FileKind::OpeningBalances, "client_id");
    for row in files.opening_balances.iter().flat_map(|sheet| &sheet.rows) {
        seen.add(&row.says.client, row.line, mistakes);
        let client = known.clients.get(&row.says.client);
        if client.is_some_and(|client| known.opening_balances.contains(client)) {
            let reason = "has an opening balance already";
            mistakes.add((FileKind::OpeningBalances, row.line), "client_id", reason);
        }
    }
    let mut seen = Seen::new(FileKind::Credits, "client_id");
    for row in files.credits.iter().flat_map(|sheet| &sheet.rows) {
        let says = &row.says;
        let credit = (&says.client, says.date, says.amount, &says.note);
        seen.add(credit, row.line, mistakes);
    }
}

fn open_bills(files: &Files, known: &Known, mistakes: &mut Mistakes) {
    let mut seen = Seen::new(FileKind::OpenBills, "invoice_number");
    for row in files.open_bills.iter().flat_map(|sheet| &sheet.rows) {
        seen.add(&row.says.number, row.line, mistakes);
        if known.former_numbers.contains(&row.says.number) {
            let reason = "was brought by an earlier import";
            mistakes.add((FileKind::OpenBills, row.line), "invoice_number", reason);
        }
    }
}

fn sessions(files: &Files, known: &Known, mistakes: &mut Mistakes) {
    let file = FileKind::Sessions;
    let taken = super::to_take(files.session_rows(), mistakes);
    for session in taken {
        if known.sessions.contains(&session.head.reference) {
            let reason = "is a session of the practice already";
            mistakes.add((file, session.line), "session_id", reason);
        }
        let key = &session.head.clinician;
        match known.clinicians.get(key).map(Vec::as_slice) {
            Some([_one]) => {}
            Some([_first, _second, ..]) => {
                let reason = "is the number of several clinicians; use clinician_id";
                mistakes.add((file, session.line), key.column(), reason);
            }
            Some([]) | None => {
                let reason = "is no clinician of the practice";
                mistakes.add((file, session.line), key.column(), reason);
            }
        }
    }
}

/// What may be in a file once only.
struct Seen<K> {
    file: FileKind,
    column: &'static str,
    words: &'static str,
    lines: HashMap<K, i32>,
}

impl<K: Eq + Hash> Seen<K> {
    fn new(file: FileKind, column: &'static str) -> Self {
        Self {
            file,
            column,
            words: "is the same as on line",
            lines: HashMap::new(),
        }
    }

    fn add(&mut self, key: K, line: i32, mistakes: &mut Mistakes) {
        if let Some(first) = self.lines.get(&key) {
            let reason = format!("{} {first}", self.words);
            mistakes.add((self.file, line), self.column, reason);
            return;
        }
        self.lines.insert(key, line);
    }
}
