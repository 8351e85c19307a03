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

/// Writes how far a payout was taken in; a state that is further stays.
pub async fn upsert(
    conn: &mut PgConnection,
    object: &str,
    taken_in: &TakenIn,
    now: Timestamp,
) -> Result<()> {
    let known = sqlx::query_scalar!(
        r#"
        select state from payments.account_payouts where processor_payout = $1 for update
        "#,
        object,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let before = known.as_deref().and_then(PayoutState::of);
    let state = before.map_or(taken_in.state, |before| before.merged(taken_in.state));
    let practices: Vec<Uuid> = taken_in.practices.iter().map(|it| it.uuid()).collect();
    sqlx::query!(
        r#"
        insert into payments.account_payouts (processor_payout, state, practice_ids, create_time, update_time)
        values ($1, $2, $3, $4, $4)
        on conflict on constraint account_payouts_pkey do update
        set state = excluded.state, practice_ids = excluded.practice_ids, update_time = excluded.update_time
        "#,
        object,
        state.name(),
        &practices,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Something that was paid out in nobody's name.
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
}

/// Keeps what a payout, which is known, paid out in nobody's name; false when it is kept already.
pub async fn insert_unclaimed(
    conn: &mut PgConnection,
    object: &str,
    unclaimed: &Unclaimed,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.unclaimed_payout_items (
            processor_payout, processor_transaction, kind, currency, gross_minor, fee_minor, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint unclaimed_payout_items_pkey do nothing
        "#,
        object,
        unclaimed.transaction,
        unclaimed.kind,
        unclaimed.gross.currency().code(),
        unclaimed.gross.minor(),
        unclaimed.fee.minor(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}
