//! What a practice brings from its former system: CSV files, which are read and checked as a whole before anything of
//! them is taken.
//!
//! `table` reads bytes into rows, `cells` a row's cells; `people`, `balances` and `sessions` say what the files have;
//! `check` compares the files with each other and with what the practice has; `totals` is what has to reconcile.
//! The columns are told to people in docs/import.md, whose examples are tests here.

mod balances;
mod cells;
mod check;
mod item;
mod mistakes;
mod people;
mod record;
mod sessions;
mod table;
mod totals;
mod undo;

pub use balances::{BalanceRow, OpenBillRow};
pub use check::{Known, Named, check};
pub use item::{Item, Thing, is_all_there};
pub use mistakes::{Mistake, Mistakes};
pub use people::{ClientRow, ContactRow};
pub use record::{FILE_BYTES_MAX, FileRead, Import, ImportFile, ImportState, OPEN_MAX};
pub use sessions::{ClinicianKey, SessionRow, to_take};
pub use table::{Row, Sheet};
pub use totals::{Difference, FileTotals, reconcile};
pub use undo::{other_credit, spent_credit};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::Currency;

/// Rows of all files of an import together.
pub const ROWS_MAX: i32 = 100_000;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// Which file of an import. The order is the order in which they are taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FileKind {
            $($(#[$doc])* $name,)+
        }

        impl FileKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As the database keeps it, and as people name the file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// The persons treated.
    Clients "clients";
    /// Who belongs to them.
    Contacts "contacts";
    /// What clients owe, in one sum each.
    OpeningBalances "opening_balances";
    /// What the practice holds for clients.
    Credits "credits";
    /// Bills that are not paid yet.
    OpenBills "open_bills";
    /// Sessions that are not billed yet.
    Sessions "sessions";
}

impl FileKind {
    /// The kind of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// What the cells of a practice's files are read by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Every amount is in it.
    pub currency: Currency,
    /// Local times are in it.
    pub zone: TimeZone,
    /// The practice's day.
    pub today: Date,
    /// Whether a card number is, or was, in a text.
    pub is_card_number: fn(&str) -> bool,
}

/// The files of an import, as far as they could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    /// The persons treated.
    pub clients: Option<Sheet<ClientRow>>,
    /// Who belongs to them.
    pub contacts: Option<Sheet<ContactRow>>,
    /// What clients owe.
    pub opening_balances: Option<Sheet<BalanceRow>>,
    /// What is held for clients.
    pub credits: Option<Sheet<BalanceRow>>,
    /// Bills that are not paid yet.
    pub open_bills: Option<Sheet<OpenBillRow>>,
    /// Lines of sessions that are not billed yet.
    pub sessions: Option<Sheet<SessionRow>>,
}

impl Files {
    /// Reads a file into its place. Whatever the bytes are, what cannot be read is a mistake and no more.
    pub fn read(
        &mut self,
        (file, bytes): (FileKind, &[u8]),
        rules: &Rules,
        mistakes: &mut Mistakes,
    ) {
        let read = (file, bytes);
        match file {
            FileKind::Clients => self.clients = Some(people::clients(read, rules, mistakes)),
            FileKind::Contacts => self.contacts = Some(people::contacts(read, rules, mistakes)),
            FileKind::OpeningBalances => {
                self.opening_balances = Some(balances::opening_balances(read, rules, mistakes));
            }
            FileKind::Credits => self.credits = Some(balances::credits(read, rules, mistakes)),
            FileKind::OpenBills => {
                self.open_bills = Some(balances::open_bills(read, rules, mistakes));
            }
            FileKind::Sessions => self.sessions = Some(sessions::sessions(read, rules, mistakes)),
        }
    }
}

#[cfg(test)]
mod tests;
