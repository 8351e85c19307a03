use std::io::ErrorKind;

/// A constraint's exact name and what its violation means.
pub type Meaning<'a, E> = (&'a str, fn() -> E);

/// Turns the violation of a constraint, by its exact name, into what it means.
pub trait OnConstraint<T> {
    /// `insert(…).await.on_constraint("bills_number_key", || BillError::NumberTaken)?`; any other error is passed on.
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        name: &str,
        error: impl FnOnce() -> E,
    ) -> Result<T, E>;

    /// The same for a statement that can violate several.
    fn on_constraints<E: From<sqlx::Error>>(self, errors: &[Meaning<'_, E>]) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint<E: From<sqlx::Error>>(
        self,
        name: &str,
        error: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.map_err(|found| {
            if violates(&found, name) {
                error()
            } else {
                found.into()
            }
        })
    }

    fn on_constraints<E: From<sqlx::Error>>(self, errors: &[Meaning<'_, E>]) -> Result<T, E> {
        self.map_err(
            |found| match errors.iter().find(|(name, _)| violates(&found, name)) {
                Some((_, error)) => error(),
                None => found.into(),
            },
        )
    }
}

fn violates(error: &sqlx::Error, name: &str) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.constraint())
        == Some(name)
}

/// Two transactions stood in each other's way (40001, 40P01): run the whole one again, at most 3 times.
pub fn is_conflict(error: &sqlx::Error) -> bool {
    matches!(sqlstate(error).as_deref(), Some("40001" | "40P01"))
}

/// A unique or primary key was violated (23505).
pub fn is_unique(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation())
}

/// The same again may well succeed: a conflict, a lock or statement timeout, no connection, a server that starts, stops,
/// is full or has become read-only by a failover.
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != ErrorKind::InvalidInput,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        other => sqlstate(other).is_some_and(|code| {
            let class = code.get(..2).unwrap_or_default();
            matches!(class, "08" | "40" | "53")
                || matches!(
                    &*code,
                    "25006" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "25P03"
                )
        }),
    }
}

fn sqlstate(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error()?.code()
}
