//! Values that change on days.

use jiff::civil::Date;
use std::collections::BTreeMap;

/// What holds from which day on, until the next day that says something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline<T>(BTreeMap<Date, T>);

impl<T> Timeline<T> {
    /// What holds on a day; none before the first.
    #[must_use]
    pub fn at(&self, day: Date) -> Option<&T> {
        self.0.range(..=day).next_back().map(|(_, value)| value)
    }

    /// From a day on the value holds, until the next day that is there.
    pub fn set(&mut self, from: Date, value: T) {
        self.0.insert(from, value);
    }

    /// Every day that says something, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Date, &T)> {
        self.0.iter().map(|(day, value)| (*day, value))
    }
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> FromIterator<(Date, T)> for Timeline<T> {
    fn from_iter<I: IntoIterator<Item = (Date, T)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
