use super::{FileKind, Mistake};
use ids::ImportId;
use jiff::Timestamp;
use money::Money;

/// A file may have so many bytes, all its parts together.
pub const FILE_BYTES_MAX: i64 = 10 * 1024 * 1024;
/// So many imports of a practice may be neither taken nor dropped.
pub const OPEN_MAX: i64 = 10;

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// Where an import stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ImportState {
            $($(#[$doc])* $name,)+
        }

        impl ImportState {
            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The state of that name.
            #[must_use]
            pub fn of(name: &str) -> Option<Self> {
                [$(Self::$name,)+].into_iter().find(|state| state.name() == name)
            }
        }
    };
}

states! {
    /// Files are being uploaded.
    Open "open";
    /// The files were read and checked.
    Prepared "prepared";
    /// Everything is taken.
    Committed "committed";
    /// Everything is taken back, or was never taken.
    Undone "undone";
}

impl ImportState {
    /// Whether files can still be uploaded and read.
    #[must_use]
    pub const fn is_before_commit(self) -> bool {
        match self {
            Self::Open | Self::Prepared => true,
            Self::Committed | Self::Undone => false,
        }
    }
}

/// A file of an import, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportFile {
    /// What it has.
    pub kind: FileKind,
    /// Parts whose content is here.
    pub part_count: i32,
    /// All parts together.
    pub byte_count: i64,
    /// What reading it found.
    pub read: Option<FileRead>,
}

/// What reading a file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
    /// Rows below the header.
    pub rows: i32,
    /// Their sum; 0 for people.
    pub amount: Money,
}

/// What a practice brings from its former system.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its id.
    pub import: ImportId,
    /// Where it stands.
    pub state: ImportState,
    /// At most one of each kind, in their order.
    pub files: Vec<ImportFile>,
    /// How many mistakes there are.
    pub mistake_count: i32,
    /// The first of them.
    pub mistakes: Vec<Mistake>,
    /// When it was begun.
    pub create_time: Timestamp,
    /// When it was last read and checked.
    pub prepare_time: Option<Timestamp>,
    /// When it was taken.
    pub commit_time: Option<Timestamp>,
    /// When it was taken back or dropped.
    pub undo_time: Option<Timestamp>,
}
