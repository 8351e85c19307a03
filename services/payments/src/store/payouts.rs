//! A practice's parts of payouts. They change under their own lock, alone.

use super::currency;
use crate::domain::payout::{PayoutState, Told};
use crate::{Error, Missing, Result};
use ids::{PayoutId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// A payout as a practice has a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Its id.
    pub payout: PayoutId,
    /// The processor's object, `po_…`.
    pub object: String,
    /// Where it stands.
    pub state: PayoutState,
    /// The day on which the bank has it.
    pub arrival_date: Date,
    /// Sum of the items before fees.
    pub gross: Money,
    /// What the processor kept.
    pub fees: Money,
    /// How many items there are.
    pub item_count: i32,
    /// Money of others is in it too.
    pub shared: bool,
    /// The processor's word for why it failed.
    pub failure_code: Option<String>,
    /// The practice's own account that it is of, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// Sum of the items before fees that are no payment, refund or dispute that is known, and that nobody closed.
    pub unmatched: Money,
    /// The same of those that somebody closed.
    pub closed: Money,
}

/// Writes a payout that is new; false when somebody wrote it meanwhile, or it is known.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    payout: &Payout,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.payouts (
            practice_id, payout_id, processor_payout, state, arrival_date, currency, gross_minor, fee_minor,
            item_count, shared, failure_code, create_time, update_time, processor_account
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)
        on conflict on constraint payouts_processor_key do nothing
        "#,
        practice.uuid(),
        payout.payout.uuid(),
        payout.object,
        payout.state.name(),
        payout.arrival_date.to_sqlx() as jiff_sqlx::Date,
        payout.gross.currency().code(),
        payout.gross.minor(),
        payout.fees.minor(),
        payout.item_count,
        payout.shared,
        payout.failure_code,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        payout.account,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Locks the practice's part of the processor's payout until the transaction ends, and reads it.
pub async fn lock_object(
    conn: &mut PgConnection,
    practice: PracticeId,
    object: &str,
) -> Result<Option<Payout>> {
    let id = sqlx::query_scalar!(
        r#"
        select payout_id
        from payments.payouts
        where practice_id = $1 and processor_payout = $2
        for update
        "#,
        practice.uuid(),
        object,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = id.into_iter().collect();
    Ok(read(conn, practice, &ids).await?.pop())
}

/// Locks a payout until the transaction ends, and reads it. Errors: PAYOUT_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    payout: PayoutId,
) -> Result<Payout> {
    sqlx::query_scalar!(
        r#"
        select payout_id
        from payments.payouts
        where practice_id = $1 and payout_id = $2
        for update
        "#,
        practice.uuid(),
        payout.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    get(conn, practice, payout).await
}

/// Writes where a payout stands.
pub async fn update_standing(
    conn: &mut PgConnection,
    practice: PracticeId,
    payout: PayoutId,
    (state, told): (PayoutState, &Told),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payouts
        set
            state = $3,
            arrival_date = coalesce($4, arrival_date),
            failure_code = coalesce($5, failure_code),
            update_time = $6
        where practice_id = $1 and payout_id = $2
        "#,
        practice.uuid(),
        payout.uuid(),
        state.name(),
        told.arrival_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        told.failure_code,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Errors: PAYOUT_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    payout: PayoutId,
) -> Result<Payout> {
    let mut found = read(conn, practice, &[payout.uuid()]).await?;
    found.pop().ok_or(Error::Missing(Missing::Payout(payout)))
}

/// What a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayoutFilter {
    /// Only with this state.
    pub state: Option<PayoutState>,
    /// Only those that arrive on this day or later.
    pub from: Option<Date>,
    /// Only those that arrive on this day or earlier.
    pub to: Option<Date>,
    /// Only those with something unmatched.
    pub unmatched: bool,
}

/// At most `limit` payouts, the latest arrival first, from after `below`.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: PayoutFilter,
    (below, limit): (Option<(Date, PayoutId)>, i64),
) -> Result<Vec<Payout>> {
    let ids = sqlx::query_scalar!(
        r#"
        select payout_id
        from payments.payouts
        where practice_id = $1
            and ($2::text is null or state = $2)
            and ($3::date is null or arrival_date >= $3)
            and ($4::date is null or arrival_date <= $4)
            and ($5::date is null or (arrival_date, payout_id) < ($5, $6))
            and (not $8::boolean or exists (
                select 1
                from payments.listed_payout_items item
                where item.practice_id = $1
                    and item.payout_id = payouts.payout_id
                    and item.kind = 'other'
                    and item.close_time is null
            ))
        order by arrival_date desc, payout_id desc
        limit $7
        "#,
        practice.uuid(),
        filter.state.map(PayoutState::name),
        filter.from.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        below.map(|(date, _)| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        below.map(|(_, payout)| payout.uuid()),
        limit,
        filter.unmatched,
    )
    .fetch_all(&mut *conn)
    .await?;
    read(conn, practice, &ids).await
}

/// Those payouts, the latest arrival first.
async fn read(conn: &mut PgConnection, practice: PracticeId, ids: &[Uuid]) -> Result<Vec<Payout>> {
    let rows = sqlx::query!(
        r#"
        select
            payout_id as "payout_id: PayoutId",
            processor_payout,
            state,
            arrival_date as "arrival_date: jiff_sqlx::Date",
            currency,
            gross_minor,
            fee_minor,
            item_count,
            shared,
            failure_code,
            processor_account,
            unknown.open_minor as "open_minor!",
            unknown.closed_minor as "closed_minor!"
        from payments.payouts
        cross join lateral (
            select
                coalesce(sum(item.gross_minor) filter (where closing.close_time is null), 0)::bigint as open_minor,
                coalesce(sum(item.gross_minor) filter (where closing.close_time is not null), 0)::bigint
                    as closed_minor
            from payments.payout_items item
            left join payments.payout_item_closings closing
                on closing.practice_id = item.practice_id and closing.payout_item_id = item.payout_item_id
            where item.practice_id = $1 and item.payout_id = payouts.payout_id and item.kind = 'other'
        ) unknown
        where practice_id = $1 and payout_id = any($2)
        order by arrival_date desc, payout_id desc
        "#,
        practice.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(Payout {
                payout: row.payout_id,
                object: row.processor_payout,
                state: PayoutState::of(&row.state).ok_or(Error::Stored("a payout's state"))?,
                arrival_date: row.arrival_date.to_jiff(),
                gross: Money::from_minor(row.gross_minor, currency),
                fees: Money::from_minor(row.fee_minor, currency),
                item_count: row.item_count,
                shared: row.shared,
                failure_code: row.failure_code,
                account: row.processor_account,
                unmatched: Money::from_minor(row.open_minor, currency),
                closed: Money::from_minor(row.closed_minor, currency),
            })
        })
        .collect()
}
