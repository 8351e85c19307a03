//! Rows in the order they came, found by id, with a note of which changed since they were last written down.

use std::collections::{BTreeSet, HashMap};

/// A row that names itself.
pub trait Row: Clone {
    /// The id, unique in its table and never changed.
    fn id(&self) -> &str;
    /// When it was made, Unix seconds.
    fn created(&self) -> i64;
}

/// An append-only table whose rows may change but never move or go.
#[derive(Debug)]
pub struct Table<R> {
    rows: Vec<R>,
    places: HashMap<String, usize>,
    touched: BTreeSet<usize>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            places: HashMap::new(),
            touched: BTreeSet::new(),
        }
    }
}

impl<R: Row> Table<R> {
    /// The row with this id.
    pub fn find(&self, id: &str) -> Option<&R> {
        self.places.get(id).and_then(|place| self.rows.get(*place))
    }

    /// The row with this id, to be changed; it counts as changed.
    pub fn change(&mut self, id: &str) -> Option<&mut R> {
        let place = *self.places.get(id)?;
        self.touched.insert(place);
        self.rows.get_mut(place)
    }

    /// Adds a row or replaces the one with its id.
    pub fn put(&mut self, row: R) {
        let place = self.restore(row);
        self.touched.insert(place);
    }

    /// Like [`Table::put`] for a row that is written down already.
    pub fn restore(&mut self, row: R) -> usize {
        match self.places.get(row.id()) {
            Some(&place) => {
                self.rows[place] = row;
                place
            }
            None => {
                self.places.insert(row.id().to_owned(), self.rows.len());
                self.rows.push(row);
                self.rows.len() - 1
            }
        }
    }

    /// All rows, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.rows.iter()
    }

    /// Copies of the rows changed since the last call.
    pub fn drain_touched(&mut self) -> Vec<R> {
        std::mem::take(&mut self.touched)
            .into_iter()
            .filter_map(|place| self.rows.get(place).cloned())
            .collect()
    }
}
