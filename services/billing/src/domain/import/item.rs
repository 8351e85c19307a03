use super::{FileKind, FileTotals};
use ids::{BillId, ClientId, ContactId, EntryId, SessionId};
use money::Money;
use uuid::Uuid;

/// Something of the practice that came from an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub thing: Thing,
    /// The first line of it in its file.
    pub line: i32,
    /// Whose it is.
    pub client: ClientId,
    /// What is owed, held or charged; 0 for people.
    pub amount: Money,
}

/// What an import brings, each under its own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A person treated.
    Client(ClientId),
    /// Another person, with who got the client's bills before, when that changed.
    Contact(ContactId, Option<ContactId>),
    /// A bill of an opening balance.
    OpeningBalance(BillId),
    /// An entry that gave credit.
    Credit(EntryId),
    /// A bill that was open.
    OpenBill(BillId),
    /// A session that was not billed.
    Session(SessionId),
}

impl Thing {
    /// The file it came from.
    #[must_use]
    pub const fn file(self) -> FileKind {
        match self {
            Self::Client(_) => FileKind::Clients,
            Self::Contact(..) => FileKind::Contacts,
            Self::OpeningBalance(_) => FileKind::OpeningBalances,
            Self::Credit(_) => FileKind::Credits,
            Self::OpenBill(_) => FileKind::OpenBills,
            Self::Session(_) => FileKind::Sessions,
        }
    }

    /// Its own id.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Client(id) => id.uuid(),
            Self::Contact(id, _) => id.uuid(),
            Self::OpeningBalance(id) | Self::OpenBill(id) => id.uuid(),
            Self::Credit(id) => id.uuid(),
            Self::Session(id) => id.uuid(),
        }
    }

    /// What of this file has that id.
    #[must_use]
    pub fn of(file: FileKind, id: Uuid, previous: Option<ContactId>) -> Self {
        match file {
            FileKind::Clients => Self::Client(id.into()),
            FileKind::Contacts => Self::Contact(id.into(), previous),
            FileKind::OpeningBalances => Self::OpeningBalance(id.into()),
            FileKind::Credits => Self::Credit(id.into()),
            FileKind::OpenBills => Self::OpenBill(id.into()),
            FileKind::Sessions => Self::Session(id.into()),
        }
    }
}

/// Files without rows bring nothing, so nothing of them is found; everything else has to be there to the cent.
#[must_use]
pub fn is_all_there(files: &[FileTotals], written: &[FileTotals]) -> bool {
    let with_rows = files.iter().filter(|totals| totals.rows > 0);
    with_rows.eq(written.iter())
}
