use super::FileKind;

/// So many are kept to be shown; all are counted.
const SHOWN_MAX: usize = 1_000;

/// What is wrong in a file, and where. It never repeats what a cell says: that may be about a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file.
    pub file: FileKind,
    /// The line its row begins on, from 1; 0 is the file as a whole.
    pub line: i32,
    /// The column; empty is the row as a whole.
    pub column: String,
    /// What it must be, to follow the column in a sentence.
    pub reason: String,
}

/// All mistakes of an import, the first of them to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    shown: Vec<Mistake>,
    count: usize,
}

impl Mistakes {
    /// One more.
    pub fn add(
        &mut self,
        (file, line): (FileKind, i32),
        column: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.count += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(Mistake {
                file,
                line,
                column: column.into(),
                reason: reason.into(),
            });
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.count == 0
    }

    /// How many there are, also those that are not shown.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The first thousand that were found, by file and line.
    #[must_use]
    pub fn shown(mut self) -> Vec<Mistake> {
        self.shown.sort();
        self.shown
    }
}
