//! Payouts of the processor's accounts as a whole, over all practices.

use crate::domain::payout::PayoutState;
use crate::{Error, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// How far a payout of an account was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenIn {
    /// Where it stood then.
    pub state: PayoutState,
    /// Who has a part of it.
    pub practices: Vec<PracticeId>,
}

/// How far a payout, `po_…`, was taken in; none when it never was.
pub async fn find(conn: &mut PgConnection, object: &str) -> Result<Option<TakenIn>> {
    let row = sqlx::query!(
        r#"
        select state, practice_ids
        from payments.account_payouts
        where processor_payout = $1
        "#,
        object,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(TakenIn {
            state: PayoutState::of(&row.state).ok_or(Error::Stored("a payout's state"))?,
            practices: row.practice_ids.into_iter().map(PracticeId::from).collect(),
        })
    })
    .transpose()
}

impl TakenIn {
    /// As two that took it in leave it, whoever was first: the further state, and who has a part of it by either.
    fn united(self, other: Self) -> Self {
        let mut practices = self.practices;
        practices.extend(other.practices);
        practices.sort_unstable();
        practices.dedup();
        Self {
            state: self.state.merged(other.state),
            practices,
        }
    }
}

/// Writes how far a payout was taken in, united with what others wrote: two may take it in at once, each not knowing it.
pub async fn unite(
    conn: &mut PgConnection,
    object: &str,
    taken_in: TakenIn,
    now: Timestamp,
) -> Result<()> {
    let written = sqlx::query!(
        r#"
        insert into payments.account_payouts (processor_payout, state, practice_ids, create_time, update_time)
        values ($1, $2, $3, $4, $4)
        on conflict on constraint account_payouts_pkey do nothing
        "#,
        object,
        taken_in.state.name(),
        &uuids(&taken_in.practices),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 1 {
        return Ok(());
    }
    let Some(known) = lock(&mut *conn, object).await? else {
        return Err(Error::Stored("a payout that is there and is not"));
    };
    let united = known.united(taken_in);
    sqlx::query!(
        r#"
        update payments.account_payouts
        set state = $2, practice_ids = $3, update_time = $4
        where processor_payout = $1
        "#,
        object,
        united.state.name(),
        &uuids(&united.practices),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn lock(conn: &mut PgConnection, object: &str) -> Result<Option<TakenIn>> {
    sqlx::query_scalar!(
        r#"
        select processor_payout from payments.account_payouts where processor_payout = $1 for update
        "#,
        object,
    )
    .fetch_optional(&mut *conn)
    .await?;
    find(conn, object).await
}

fn uuids(practices: &[PracticeId]) -> Vec<Uuid> {
    practices.iter().map(|practice| practice.uuid()).collect()
}

/// Something that was paid out in nobody's name, or of somebody who cannot have it in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// `txn_…`.
    pub transaction: String,
    /// The processor's word for it.
    pub kind: String,
    /// Before fees.
    pub gross: Money,
    /// What the processor kept of it.
    pub fee: Money,
    /// In whose name, when it is somebody's.
    pub practice: Option<PracticeId>,
}

/// Keeps what a payout, which is known, paid out and nobody has in the books; false when it is kept already.
pub async fn insert_unclaimed(
    conn: &mut PgConnection,
    object: &str,
    unclaimed: &Unclaimed,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.unclaimed_payout_items (
            processor_payout, processor_transaction, kind, currency, gross_minor, fee_minor, create_time, practice_id
        ) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict on constraint unclaimed_payout_items_pkey do nothing
        "#,
        object,
        unclaimed.transaction,
        unclaimed.kind,
        unclaimed.gross.currency().code(),
        unclaimed.gross.minor(),
        unclaimed.fee.minor(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        unclaimed.practice.map(PracticeId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}
