//! Stripe's cursor pages: newest first, `limit`, `starting_after`, `ending_before`, `created`.

use serde_json::Value;

use crate::book::table::{Row, Table};
use crate::error::ApiError;
use crate::params::{ParamError, Params};
use crate::shape;

/// Which part of a list is wanted.
pub struct Page {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
    created: Range,
}

/// Unix seconds, both ends included.
pub struct Range {
    least: i64,
    most: i64,
}

impl Page {
    /// Reads the paging parameters.
    pub fn read(params: &mut Params) -> Result<Self, ApiError> {
        let limit = params.integer("limit")?.unwrap_or(10);
        if limit < 1 {
            return Err(ParamError::TooSmall {
                name: "limit".to_owned(),
                least: 1,
            }
            .into());
        }
        if limit > 100 {
            return Err(ParamError::TooLarge {
                name: "limit".to_owned(),
                most: 100,
            }
            .into());
        }
        let after = params.text("starting_after")?;
        let before = params.text("ending_before")?;
        if after.is_some() && before.is_some() {
            return Err(ApiError::malformed(
                "You cannot provide both starting_after and ending_before.",
            )
            .code("parameters_exclusive"));
        }
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or(10),
            after,
            before,
            created: Range::read(params, "created")?,
        })
    }

    /// The page of those rows that `keep` keeps, each shaped by `show`.
    pub fn of<R: Row>(
        &self,
        url: &str,
        table: &Table<R>,
        keep: impl Fn(&R) -> bool,
        show: impl Fn(&R) -> Value,
    ) -> Result<Value, ApiError> {
        for (name, cursor) in [
            ("starting_after", &self.after),
            ("ending_before", &self.before),
        ] {
            if let Some(id) = cursor
                && table.find(id).is_none()
            {
                return Err(ApiError::missing("object", id, name));
            }
        }
        let wanted = |row: &&R| self.created.holds(row.created()) && keep(row);
        let mut page: Vec<&R> = match (&self.after, &self.before) {
            (Some(cursor), _) => table
                .iter()
                .rev()
                .skip_while(|row| row.id() != cursor)
                .skip(1)
                .filter(wanted)
                .take(self.limit + 1)
                .collect(),
            (None, Some(cursor)) => table
                .iter()
                .skip_while(|row| row.id() != cursor)
                .skip(1)
                .filter(wanted)
                .take(self.limit + 1)
                .collect(),
            (None, None) => table
                .iter()
                .rev()
                .filter(wanted)
                .take(self.limit + 1)
                .collect(),
        };
        let has_more = page.len() > self.limit;
        page.truncate(self.limit);
        if self.before.is_some() {
            page.reverse();
        }
        Ok(shape::list(
            url,
            page.into_iter().map(show).collect(),
            has_more,
        ))
    }
}

impl Range {
    /// Reads a range of that name; everything when it is not given.
    pub fn read(params: &mut Params, name: &str) -> Result<Self, ApiError> {
        let mut range = Self {
            least: i64::MIN,
            most: i64::MAX,
        };
        match params.text_or_hash(name)? {
            None => {}
            Some(Ok(text)) => {
                let second = text.parse().map_err(|_| ParamError::NotInteger {
                    name: name.to_owned(),
                    value: text,
                })?;
                range = Self {
                    least: second,
                    most: second,
                };
            }
            Some(Err(mut hash)) => {
                if let Some(second) = hash.integer("gte")? {
                    range.least = range.least.max(second);
                }
                if let Some(second) = hash.integer("gt")? {
                    range.least = range.least.max(second.saturating_add(1));
                }
                if let Some(second) = hash.integer("lte")? {
                    range.most = range.most.min(second);
                }
                if let Some(second) = hash.integer("lt")? {
                    range.most = range.most.min(second.saturating_sub(1));
                }
                hash.finish()?;
            }
        }
        Ok(range)
    }

    /// Whether it lies in the range.
    pub fn holds(&self, second: i64) -> bool {
        (self.least..=self.most).contains(&second)
    }
}
