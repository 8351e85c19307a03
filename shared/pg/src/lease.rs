//! Who works on what, when several replicas could. A holder that was paused may wake up after its lease has gone to
//! another; so the lease carries a fence that grows with every change of holder, and a write checks it in its own
//! transaction.
//!
//! Expiry is told by the database's clock, the one clock that all replicas share; everywhere else time is an argument.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use crate::plumbing::checked;
use crate::{Pool, Tx, begin_any};

/// Why a write under a lease is refused.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another holder has taken over; stop.
    #[error("the lease {0} has another holder")]
    Lost(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A right to work on something, until it expires.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// What it is for: `follow/payments/3`.
    pub name: String,
    /// Who has it: one id per process.
    pub holder: Uuid,
    /// Grows with every change of holder.
    pub fence: i64,
}

/// The leases of one service.
#[derive(Clone, Copy, Debug)]
pub struct Leases {
    schema: &'static str,
}

impl Leases {
    /// The leases of a schema.
    pub const fn new(schema: &'static str) -> Self {
        Self {
            schema: checked(schema),
        }
    }

    /// Takes the lease when it is free, expired or the same holder's; none when another has it.
    pub async fn acquire(
        self,
        pool: &Pool,
        name: &str,
        holder: Uuid,
        length: Duration,
    ) -> Result<Option<Lease>, sqlx::Error> {
        let mut tx = begin_any(pool).await?;
        let fence: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
            "insert into {}.leases as lease (name, holder, fence, expire_time)
            values ($1, $2, 1, clock_timestamp() + $3)
            on conflict (name) do update
            set holder = excluded.holder, fence = lease.fence + 1, expire_time = clock_timestamp() + $3
            where lease.expire_time <= clock_timestamp() or lease.holder = excluded.holder
            returning fence",
            self.schema
        )))
        .bind(name)
        .bind(holder)
        .bind(interval(length))
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit_uncounted().await?;
        Ok(fence.map(|fence| Lease {
            name: name.to_owned(),
            holder,
            fence,
        }))
    }

    /// Prolongs the lease from now; false when another has taken it.
    pub async fn renew(
        self,
        pool: &Pool,
        lease: &Lease,
        length: Duration,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = begin_any(pool).await?;
        let renewed = sqlx::query(AssertSqlSafe(format!(
            "update {}.leases
            set expire_time = clock_timestamp() + $4
            where name = $1 and holder = $2 and fence = $3",
            self.schema
        )))
        .bind(&lease.name)
        .bind(lease.holder)
        .bind(lease.fence)
        .bind(interval(length))
        .execute(&mut *tx)
        .await?;
        tx.commit_uncounted().await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives the lease back, so that another need not wait for its expiry. Nothing happens when it was lost.
    pub async fn release(self, pool: &Pool, lease: &Lease) -> Result<(), sqlx::Error> {
        self.renew(pool, lease, Duration::ZERO).await.map(drop)
    }

    /// Holds the lease until the end of the transaction: nobody takes it over before that. Errors:
    /// [`LeaseError::Lost`] when somebody has.
    pub async fn hold(self, tx: &mut Tx, lease: &Lease) -> Result<(), LeaseError> {
        let held: Option<i32> = sqlx::query_scalar(AssertSqlSafe(format!(
            "select 1 from {}.leases where name = $1 and holder = $2 and fence = $3 for share",
            self.schema
        )))
        .bind(&lease.name)
        .bind(lease.holder)
        .bind(lease.fence)
        .fetch_optional(&mut **tx)
        .await?;
        held.map(drop)
            .ok_or_else(|| LeaseError::Lost(lease.name.clone()))
    }
}

/// Longer than about 292,000 years is that long.
fn interval(length: Duration) -> PgInterval {
    let microseconds = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    PgInterval {
        months: 0,
        days: 0,
        microseconds,
    }
}
