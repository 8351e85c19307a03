//! One row's cells, each read as what its column is. Cells are trimmed. What is wrong is told and the row goes on, so
//! that all its mistakes are found at once.

use super::table::Column;
use super::{FileKind, Mistakes, Rules};
use crate::domain::people::is_email;
use csv::StringRecord;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::AmbiguousOffset;
use money::Money;

/// In minor units, of one amount. It keeps the sums of the largest import far within 64 bits.
pub(super) const AMOUNT_MAX_MINOR: i64 = 1_000_000_000_000;
/// Before this a date is a slip of the keyboard.
const FIRST_YEAR: i16 = 1900;
/// Of an id of the former system.
const REFERENCE_MAX: usize = 120;
const EMAIL_MAX: usize = 254;

pub(super) struct Cells<'a> {
    place: (FileKind, i32),
    columns: &'a [Column],
    places: &'a [Option<usize>],
    record: &'a StringRecord,
    rules: &'a Rules,
    mistakes: &'a mut Mistakes,
    sound: bool,
}

impl<'a> Cells<'a> {
    pub(super) fn new(
        place: (FileKind, i32),
        (columns, places): (&'a [Column], &'a [Option<usize>]),
        record: &'a StringRecord,
        (rules, mistakes): (&'a Rules, &'a mut Mistakes),
    ) -> Self {
        let mut cells = Self {
            place,
            columns,
            places,
            record,
            rules,
            mistakes,
            sound: true,
        };
        let named = places.iter().flatten().count();
        if record.len() != named {
            let reason = format!("has {} cells and the header {named}", record.len());
            cells.wrong("", reason);
        }
        cells
    }

    /// The row, when nothing of it was wrong.
    pub(super) fn sound<T>(&self, row: T) -> Option<T> {
        self.sound.then_some(row)
    }

    pub(super) fn wrong(&mut self, column: &str, reason: impl Into<String>) {
        self.sound = false;
        self.mistakes.add(self.place, column, reason);
    }

    /// Trimmed; empty when the file has no such column.
    pub(super) fn cell(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|known| known.name == column);
        debug_assert!(at.is_some(), "{column} is no column of the file");
        at.and_then(|at| *self.places.get(at)?)
            .and_then(|place| self.record.get(place))
            .unwrap_or_default()
            .trim()
    }

    fn given(&mut self, column: &str) -> Option<&'a str> {
        let cell = self.cell(column);
        if cell.is_empty() {
            self.wrong(column, "must be given");
            return None;
        }
        Some(cell)
    }

    /// One line that says something, kept as it is: a leading `=` is text like any other.
    pub(super) fn text(&mut self, column: &str, max: usize) -> Option<String> {
        self.given(column)?;
        self.optional_text(column, max)
    }

    /// The same, or nothing.
    pub(super) fn optional_text(&mut self, column: &str, max: usize) -> Option<String> {
        let cell = self.cell(column);
        if cell.chars().any(char::is_control) {
            self.wrong(column, "must be one line without control characters");
            return None;
        }
        if cell.chars().count() > max {
            self.wrong(column, format!("must have at most {max} characters"));
            return None;
        }
        if (self.rules.is_card_number)(cell) {
            self.wrong(column, "must not contain a card number");
            return None;
        }
        Some(cell.to_owned())
    }

    /// An id of the former system.
    pub(super) fn reference(&mut self, column: &str) -> Option<String> {
        self.text(column, REFERENCE_MAX)
    }

    pub(super) fn email(&mut self, column: &str) -> Option<String> {
        let email = self.optional_text(column, EMAIL_MAX)?;
        if email.is_empty() || is_email(&email) {
            return Some(email);
        }
        self.wrong(column, "must be an e-mail address");
        None
    }

    /// Above 0.
    pub(super) fn amount(&mut self, column: &str) -> Option<Money> {
        self.given(column)?;
        let amount = self.amount_or_nothing(column)?;
        if amount.is_zero() {
            self.wrong(column, "must be more than 0");
            return None;
        }
        Some(amount)
    }

    /// 0 or more; an empty cell is 0.
    pub(super) fn amount_or_nothing(&mut self, column: &str) -> Option<Money> {
        let cell = self.cell(column);
        let currency = self.rules.currency;
        if cell.is_empty() {
            return Some(Money::zero(currency));
        }
        match Money::parse(cell, currency) {
            Ok(amount) if amount.minor() <= AMOUNT_MAX_MINOR => Some(amount),
            Ok(_) => {
                self.wrong(column, "is larger than any bill");
                None
            }
            Err(error) => {
                self.wrong(column, format!("is wrong: {error}"));
                None
            }
        }
    }

    /// `2026-03-31`.
    pub(super) fn date(&mut self, column: &str) -> Option<Date> {
        let cell = self.given(column)?;
        let Some(date) = iso_date(cell).filter(|date| date.year() >= FIRST_YEAR) else {
            self.wrong(
                column,
                format!("must be a day such as 2026-03-31, from {FIRST_YEAR} on"),
            );
            return None;
        };
        Some(date)
    }

    /// The same, today or before.
    pub(super) fn past_date(&mut self, column: &str) -> Option<Date> {
        let date = self.date(column)?;
        if date > self.rules.today {
            self.wrong(column, "must not be after today");
            return None;
        }
        Some(date)
    }

    /// A local date and time as an instant. Of an hour that comes twice, the first is meant.
    pub(super) fn instant(&mut self, date: &str, time: &str) -> Option<(Date, Timestamp)> {
        let day = self.date(date);
        let cell = self.given(time)?;
        let Some(clock) = iso_time(cell) else {
            self.wrong(time, "must be a time such as 09:30 or 14:00");
            return None;
        };
        let day = day?;
        let local = self.rules.zone.to_ambiguous_zoned(day.to_datetime(clock));
        if matches!(local.offset(), AmbiguousOffset::Gap { .. }) {
            self.wrong(time, "does not exist on that day: clocks were set forward");
            return None;
        }
        match local.earlier() {
            Ok(zoned) => Some((day, zoned.timestamp())),
            Err(_) => {
                self.wrong(date, "is out of range");
                None
            }
        }
    }

    /// `yes` or `no`; an empty cell is no.
    pub(super) fn yes(&mut self, column: &str) -> Option<bool> {
        match self.cell(column) {
            "yes" => Some(true),
            "no" | "" => Some(false),
            _other => {
                self.wrong(column, "must be yes or no");
                None
            }
        }
    }

    /// From 1; an empty cell is 1.
    pub(super) fn units(&mut self, column: &str, max: i32) -> Option<i32> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Some(1);
        }
        let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
        let units = cell.parse().ok().filter(|units| (1..=max).contains(units));
        if digits && units.is_some() {
            return units;
        }
        self.wrong(column, format!("must be a whole number from 1 to {max}"));
        None
    }

    /// Codes with spaces between them, each as `read` has it, or why it is none.
    pub(super) fn codes(
        &mut self,
        column: &str,
        max: usize,
        read: fn(&str) -> Result<String, String>,
    ) -> Option<Vec<String>> {
        let codes: Vec<&str> = self.cell(column).split_whitespace().collect();
        if codes.len() > max {
            self.wrong(column, format!("must be at most {max} codes"));
            return None;
        }
        match codes.into_iter().map(read).collect() {
            Ok(codes) => Some(codes),
            Err(reason) => {
                self.wrong(column, reason);
                None
            }
        }
    }
}

/// Year, month and day in this order and no other: 01/02/2026 is two days.
fn iso_date(text: &str) -> Option<Date> {
    let [year, month, day] = parts(text, '-', [4, 2, 2])?;
    let small = |number: i16| i8::try_from(number).ok();
    Date::new(year, small(month)?, small(day)?).ok()
}

/// Hours and minutes of a day of 24 hours.
fn iso_time(text: &str) -> Option<Time> {
    let [hour, minute] = parts(text, ':', [2, 2])?;
    let small = |number: i16| i8::try_from(number).ok();
    Time::new(small(hour)?, small(minute)?, 0, 0).ok()
}

/// Numbers of so many digits each.
fn parts<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i16; N]> {
    let mut numbers = [0; N];
    let mut texts = text.split(separator);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = texts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    texts.next().is_none().then_some(numbers)
}
