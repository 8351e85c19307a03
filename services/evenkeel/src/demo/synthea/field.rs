//! How single fields are read. A reason names the column and the text that was found, at most 40 characters of it.

use std::fmt::Display;
use std::str::FromStr;

use csv::StringRecord;
use jiff::Timestamp;
use money::{Currency, Money};
use uuid::Uuid;

/// Why a field cannot be taken: `AMOUNT: "-77.49": an amount here has no sign`.
pub type Reason = String;

/// One record of a file, read by the names of its columns.
pub struct Fields<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl<'a> Fields<'a> {
    /// The header must have every column that is asked for later.
    pub fn new(header: &'a StringRecord, record: &'a StringRecord) -> Self {
        Self { header, record }
    }

    /// The text as it stands, may be empty.
    pub fn text(&self, column: &str) -> &'a str {
        let at = self.header.iter().position(|name| name == column);
        at.and_then(|at| self.record.get(at)).unwrap_or_default()
    }

    /// A value that must be there.
    pub fn value<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, Reason> {
        self.text(column)
            .parse()
            .map_err(|error| self.refuse(column, error))
    }

    /// A value, or nothing.
    pub fn value_or_none<T: FromStr<Err: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, Reason> {
        if self.text(column).is_empty() {
            Ok(None)
        } else {
            self.value(column).map(Some)
        }
    }

    /// An id that must be there.
    pub fn id(&self, column: &str) -> Result<Uuid, Reason> {
        Uuid::try_parse(self.text(column)).map_err(|_| self.refuse(column, "not a UUID"))
    }

    /// A payer's id, where `0` and nothing both mean that there is none.
    pub fn payer_or_none(&self, column: &str) -> Result<Option<Uuid>, Reason> {
        match self.text(column) {
            "" | "0" => Ok(None),
            _ => self.id(column).map(Some),
        }
    }

    /// An instant that must be there, in UTC.
    pub fn time(&self, column: &str) -> Result<Timestamp, Reason> {
        self.text(column)
            .parse()
            .map_err(|_| self.refuse(column, "not an instant such as 2023-01-27T16:17:47Z"))
    }

    /// Dollars and cents without a sign, or nothing. Fractions of a cent are refused.
    pub fn amount_or_none(&self, column: &str) -> Result<Option<Money>, Reason> {
        match self.text(column) {
            "" => Ok(None),
            text => Money::parse(text, Currency::USD)
                .map(Some)
                .map_err(|error| self.refuse(column, error)),
        }
    }

    /// A name as people write it: the generator numbers its names, `Maynard46` is Maynard.
    pub fn name(&self, column: &str) -> Result<String, Reason> {
        let name: String = self
            .text(column)
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect();
        match name.trim() {
            "" => Err(self.refuse(column, "not a name")),
            name => Ok(name.to_owned()),
        }
    }

    /// One of a few words, which must be there.
    pub fn word<T: Copy>(&self, column: &str, words: &[(&str, T)]) -> Result<T, Reason> {
        let found = words.iter().find(|(word, _)| *word == self.text(column));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(column, format!("not one of {}", known.join(", ")))
        })
    }

    /// One of a few words, or nothing.
    pub fn word_or_none<T: Copy>(
        &self,
        column: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Reason> {
        if self.text(column).is_empty() {
            Ok(None)
        } else {
            self.word(column, words).map(Some)
        }
    }

    fn refuse(&self, column: &str, why: impl Display) -> Reason {
        let text = self.text(column);
        let short: String = text.chars().take(40).collect();
        let dots = if short.len() < text.len() { "…" } else { "" };
        format!("{column}: \"{short}{dots}\": {why}")
    }
}
