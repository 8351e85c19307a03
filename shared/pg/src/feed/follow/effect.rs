use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;
use sqlx::AssertSqlSafe;

use super::Shared;
use crate::feed::{Event, Position};
use crate::transaction::begin_repeatable;
use crate::{Lease, LeaseError, Tx, is_transient};

/// What an event does here.
pub trait Handler: Send + Sync + 'static {
    /// Writes the event's effect in the transaction that also moves the cursor. It sees the event's practice. No
    /// network in here, and no commit. Events that do not matter here are `Ok(())`.
    fn apply(
        &self,
        tx: &mut Tx,
        event: &Event,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// The same for consecutive events of one practice. Who can write many at once says how here.
    fn apply_all(
        &self,
        tx: &mut Tx,
        events: &[Event],
    ) -> impl Future<Output = Result<(), HandlerError>> + Send {
        async move {
            for event in events {
                self.apply(tx, event).await?;
            }
            Ok(())
        }
    }

    /// Whether the event does anything here. One of which this says no is `Ok(())` to [`Handler::apply`], which may not see
    /// it: its practice's cursor moves with another's, a moment later. What cannot be read does matter.
    fn matters(&self, _event: &Event) -> bool {
        true
    }

    /// Whether an event and the next may share a transaction: not when they take locks in an order that others do not.
    fn together(&self, _one: &Event, _next: &Event) -> bool {
        true
    }
}

/// Why an event has no effect yet.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It may go the next time: tried until it does.
    #[error("{0}")]
    Transient(Box<dyn std::error::Error + Send + Sync>),
    /// It will fail again: tried a few times, then parked with this text. The text is kept and shown to operators, so
    /// it must not hold health data.
    #[error("{0}")]
    Poison(Box<dyn std::error::Error + Send + Sync>),
}

impl HandlerError {
    /// A passing failure.
    pub fn transient(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Transient(error.into())
    }

    /// A failure of the event itself.
    pub fn poison(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Poison(error.into())
    }
}

impl From<sqlx::Error> for HandlerError {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::transient(error)
        } else {
            Self::poison(error)
        }
    }
}

impl From<prost::DecodeError> for HandlerError {
    fn from(error: prost::DecodeError) -> Self {
        Self::poison(error)
    }
}

/// Why a batch had no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum EffectError {
    /// Another consumer has taken over, or the cursor is not where it was: begin again from what is stored.
    #[error("another consumer has taken over: {0}")]
    Overtaken(String),
    /// It may go the next time.
    #[error("{0}")]
    Transient(String),
    /// One of the events cannot be applied.
    #[error("{0}")]
    Poison(String),
}

impl From<sqlx::Error> for EffectError {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::Transient(error.to_string())
        } else {
            Self::Poison(error.to_string())
        }
    }
}

impl From<LeaseError> for EffectError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Lost(_) => Self::Overtaken(error.to_string()),
            LeaseError::Database(error) => error.into(),
        }
    }
}

impl From<HandlerError> for EffectError {
    fn from(error: HandlerError) -> Self {
        match error {
            HandlerError::Transient(error) => Self::Transient(error.to_string()),
            HandlerError::Poison(error) => Self::Poison(error.to_string()),
        }
    }
}

/// Whether any of the events does anything here. A handler that panics will do so again, where it is caught as a failure of
/// the event.
pub(super) fn matter<H: Handler>(handler: &H, events: &[Event]) -> bool {
    let matter = || events.iter().any(|event| handler.matters(event));
    catch_unwind(AssertUnwindSafe(matter)).unwrap_or(true)
}

/// Applies consecutive events of one practice and moves its cursor, which stands at `from`, all or nothing. What a crash
/// of the database takes back, cursor and effect together, the feed brings again.
///
/// Lock order: lease (shared), cursor, whatever the handler locks. The cursor comes before the effects, so that a
/// consumer whose view is old stops before it has done anything.
pub(super) async fn apply<S, H: Handler>(
    shared: &Shared<S, H>,
    lease: &Lease,
    (from, events): (i64, &[Event]),
) -> Result<(), EffectError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(());
    };
    let mut tx = begin_repeatable(&shared.pool, first.practice).await?;
    shared.leases.hold(&mut tx, lease).await?;
    let to = Position {
        practice: first.practice,
        sequence: last.sequence,
    };
    if !advance(
        &mut tx,
        (shared.follow.schema, shared.follow.source),
        from,
        to,
    )
    .await?
    {
        return Err(EffectError::Overtaken("the cursor has moved".to_owned()));
    }
    let applied = AssertUnwindSafe(shared.handler.apply_all(&mut tx, events))
        .catch_unwind()
        .await;
    applied.map_err(|_| EffectError::Poison("the handler panicked".to_owned()))??;
    tx.commit().await?;
    Ok(())
}

/// Moves the cursor; false when it does not stand at `from`.
pub(super) async fn advance(
    tx: &mut Tx,
    (schema, source): (&str, &str),
    from: i64,
    to: Position,
) -> Result<bool, sqlx::Error> {
    let statement = if from == 0 {
        format!(
            "insert into {schema}.cursors as cursor (source, practice_id, applied)
            values ($1, $2, $3)
            on conflict (source, practice_id) do update set applied = excluded.applied
            where cursor.applied = $4"
        )
    } else {
        format!(
            "update {schema}.cursors set applied = $3 where source = $1 and practice_id = $2 and applied = $4"
        )
    };
    let moved = sqlx::query(AssertSqlSafe(statement))
        .bind(source)
        .bind(to.practice)
        .bind(to.sequence)
        .bind(from)
        .execute(&mut **tx)
        .await?;
    Ok(moved.rows_affected() == 1)
}
