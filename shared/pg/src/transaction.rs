use std::ops::{Deref, DerefMut};

use ids::PracticeId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgTransactionManager;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, SqlSafeStr};
use sqlx_core::transaction::TransactionManager;

use crate::Pool;
use crate::wake::{self, Wake};

/// Begins a transaction that sees the rows of one practice, in one round trip.
///
/// May be cancelled at any point: a connection whose transaction is only half begun is closed, not lent again.
pub async fn begin(pool: &Pool, practice: PracticeId) -> Result<Tx, sqlx::Error> {
    Tx::begin(pool, format!("begin; {}", see_only(practice))).await
}

/// Begins a transaction for tables that have no practice: queues, leases, lookups. It sees no practice's rows.
pub async fn begin_any(pool: &Pool) -> Result<Tx, sqlx::Error> {
    Tx::begin(pool, "begin".to_owned()).await
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
        let connection = pool.acquire().await?;
        let mut tx = Self {
            pool: pool.clone(),
            connection,
            state: State::Beginning,
            wakes: Vec::new(),
            waits_for_disk: true,
        };
        let statement = AssertSqlSafe(statement).into_sql_str();
        PgTransactionManager::begin(&mut tx.connection, Some(statement)).await?;
        tx.state = State::Open;
        Ok(tx)
    }

    /// Makes it durable. An error of the connection leaves the outcome unknown: the same request_id finds it out.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        #[cfg(debug_assertions)]
        crate::effects::commit(&mut self.connection).await?;
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
