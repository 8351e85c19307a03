use std::ops::{Deref, DerefMut};

use ids::PracticeId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgTransactionManager;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, SqlSafeStr as _, SqlStr};
use sqlx_core::transaction::TransactionManager;

use crate::wake::{self, Wake};
use crate::{Pool, is_transient};

/// Begins a transaction that sees the rows of one practice, in one round trip.
///
/// A connection that has died since it was given back is replaced, and so is one that stands in a transaction: a future
/// dropped while sqlx begins one leaves it open, and who borrowed the connection next would write into it and lose it
/// (reliability.md, trap 1).
///
/// May be cancelled at any point: a connection whose transaction is only half begun is closed, not lent again.
pub async fn begin(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    Tx::begin(pool, format!("begin; {}", see_only(practice))).await
}

/// [`begin`] for what runs all day with arguments of the same shape: each of its statements is planned once on a
/// connection, and not anew for what it is given. Without, Postgres plans a statement over an array at every call, since
/// it takes every array for longer than those here are.
///
/// Not for lists, whose filters may be absent, nor for joins, whose plan depends on how many rows a practice has: rows are
/// found by `= any($n)` on a key.
pub async fn begin_planned(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    let begin = format!("begin; {PLANNED_ONCE}; {}", see_only(practice));
    Tx::begin(pool, begin).await
}

/// [`begin`] for reading only, where every statement sees the same moment.
pub async fn begin_snapshot(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    let begin = "begin isolation level repeatable read, read only";
    Tx::begin(pool, format!("{begin}; {}", see_only(practice))).await
}

/// [`begin_snapshot`] for comparing all that a practice has with each other. Tables are joined by hashing, whatever the
/// planner takes them for: by a nested loop over tables that have just grown it would take hours.
pub(crate) async fn begin_comparison(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    let begin = "begin isolation level repeatable read, read only; set local enable_nestloop = off";
    Tx::begin(pool, format!("{begin}; {}", see_only(practice))).await
}

/// Begins a transaction for tables that have no practice: queues, leases, lookups. It sees no practice's rows.
pub async fn begin_any(pool: &Pool) -> Result<Tx, sqlx::Error> {
    Tx::begin(pool, "begin".to_owned()).await
}

/// Whether the database answers.
pub async fn ready(pool: &Pool) -> Result<(), sqlx::Error> {
    begin_any(pool).await?.rollback().await
}

/// Begins one for what is done again if it is lost: its commit does not wait for the disk. Whoever builds on it waits,
/// for the log is written in order; so does it itself once it announces something, which others would have seen.
pub async fn begin_repeatable(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    let statement = format!(
        "begin; set local synchronous_commit = off; {}",
        see_only(practice)
    );
    let mut tx = Tx::begin(pool, statement).await?;
    tx.waits_for_disk = false;
    Ok(tx)
}

/// [`begin_any`] for what is done again if it is lost.
pub(crate) async fn begin_any_repeatable(pool: &Pool) -> Result<Tx, sqlx::Error> {
    let statement = "begin; set local synchronous_commit = off";
    let mut tx = Tx::begin(pool, statement.to_owned()).await?;
    tx.waits_for_disk = false;
    Ok(tx)
}

const PLANNED_ONCE: &str = "set local plan_cache_mode = force_generic_plan";

/// Fails in a transaction that was begun earlier: its time is not this statement's. Goes by the simple protocol, in which
/// all statements of one message have one time.
const FRESH: &str = "select 1 / (now() = statement_timestamp())::int";

/// Whether another connection may fare better: this one has died, or stands in a transaction, perhaps in one that has
/// failed.
fn is_of_connection(error: &sqlx::Error) -> bool {
    const DIVISION_BY_ZERO: &str = "22012";
    const FAILED_TRANSACTION: &str = "25P02";
    let code = error.as_database_error().and_then(|error| error.code());
    is_transient(error)
        || code.is_some_and(|code| code == DIVISION_BY_ZERO || code == FAILED_TRANSACTION)
}

fn see_only(practice: PracticeId) -> String {
    format!("set local app.practice_id = '{}'", practice.uuid())
}

/// A transaction; what is not committed is rolled back when it is dropped. `sqlx::Connection::begin` on it makes a
/// savepoint.
///
/// Every statement's error has to end it: Postgres answers the `commit` of a failed transaction by rolling it
/// back, without an error.
#[derive(Debug)]
pub struct Tx {
    pool: Pool,
    connection: PoolConnection<Postgres>,
    state: State,
    wakes: Vec<Wake>,
    waits_for_disk: bool,
}

#[derive(Debug, PartialEq)]
enum State {
    Beginning,
    Open,
    Finished,
}

impl Tx {
    async fn begin(pool: &Pool, statement: String) -> Result<Self, sqlx::Error> {
        let statement = AssertSqlSafe(format!("{statement}; {FRESH}")).into_sql_str();
        // Each try that fails closes its connection, so the last one's is new.
        let mut tries = pool.options().get_max_connections();
        loop {
            let connection = pool.acquire().await?;
            match Self::begin_on(pool, connection, statement.clone()).await {
                Err(error) if tries > 0 && is_of_connection(&error) => {
                    tracing::warn!(%error, "a connection is closed; another is tried");
                    tries -= 1;
                }
                begun => return begun,
            }
        }
    }

    async fn begin_on(
        pool: &Pool,
        connection: PoolConnection<Postgres>,
        statement: SqlStr,
    ) -> Result<Self, sqlx::Error> {
        let mut tx = Self {
            pool: pool.clone(),
            connection,
            state: State::Beginning,
            wakes: Vec::new(),
            waits_for_disk: true,
        };
        PgTransactionManager::begin(&mut tx.connection, Some(statement)).await?;
        tx.state = State::Open;
        Ok(tx)
    }

    /// Makes it durable. An error of the connection leaves the outcome unknown: the same request_id finds it out.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        #[cfg(debug_assertions)]
        crate::effects::commit(&mut self.connection).await?;
        self.commit_uncounted().await
    }

    /// The same for what a service keeps to itself, which comes and goes with the clock: no effect on the world.
    pub(crate) async fn commit_uncounted(mut self) -> Result<(), sqlx::Error> {
        PgTransactionManager::commit(&mut self.connection).await?;
        self.state = State::Finished;
        if !self.wakes.is_empty() {
            wake::tell(&self.pool, std::mem::take(&mut self.wakes));
        }
        Ok(())
    }

    /// Undoes it now, and not when the connection is given back.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        PgTransactionManager::rollback(&mut self.connection).await?;
        self.state = State::Finished;
        Ok(())
    }

    /// From here on the rows of `practice` are the visible ones, for a transaction that spans practices.
    pub async fn turn_to(&mut self, practice: PracticeId) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(AssertSqlSafe(see_only(practice)))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    /// From here on its commit waits for the disk, as the server is set up.
    pub(crate) async fn wait_for_disk(&mut self) -> Result<(), sqlx::Error> {
        if !self.waits_for_disk {
            sqlx::raw_sql("set local synchronous_commit to default")
                .execute(&mut **self)
                .await?;
            self.waits_for_disk = true;
        }
        Ok(())
    }

    pub(crate) fn wake_after_commit(&mut self, wake: Wake) {
        self.wakes.push(wake);
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        match self.state {
            // sqlx counts it as not begun and would lend it out as it is, while the server may be inside it.
            State::Beginning => self.connection.close_on_drop(),
            State::Open => PgTransactionManager::start_rollback(&mut self.connection),
            State::Finished => {}
        }
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
