//! Disputes change under their payment's lock.

use super::currency;
use crate::domain::dispute::{DisputeState, Moved};
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, DisputeId, DisputeMovementId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// A dispute as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispute {
    /// Its id.
    pub dispute: DisputeId,
    /// What it is about.
    pub payment: PaymentId,
    /// Whose payment.
    pub client: ClientId,
    /// The processor's object, `du_…`.
    pub object: String,
    /// Where it stands.
    pub state: DisputeState,
    /// The processor's word for why.
    pub reason: String,
    /// Above 0.
    pub amount: Money,
    /// Evidence was handed in.
    pub has_evidence: bool,
    /// When it was opened.
    pub open_time: Timestamp,
    /// Until when the bank takes evidence.
    pub respond_by_time: Option<Timestamp>,
    /// When we heard of the decision.
    pub close_time: Option<Timestamp>,
    /// Taken and not given back.
    pub withdrawn: Money,
    /// What it cost beside.
    pub fee: Money,
    /// The bills that the payment was meant for.
    pub bills: Vec<BillId>,
    /// The payment's, as printed.
    pub method_text: String,
    /// The payment's object, `pi_…`.
    pub intent: Option<String>,
}

/// Writes a new dispute. The caller holds the payment's lock.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    dispute: &Dispute,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.disputes (
            practice_id, dispute_id, payment_id, processor_dispute, state, reason, currency, amount_minor,
            has_evidence, open_time, respond_by_time, close_time, create_time, update_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
        "#,
        practice.uuid(),
        dispute.dispute.uuid(),
        dispute.payment.uuid(),
        dispute.object,
        dispute.state.name(),
        dispute.reason,
        dispute.amount.currency().code(),
        dispute.amount.minor(),
        dispute.has_evidence,
        dispute.open_time.to_sqlx() as jiff_sqlx::Timestamp,
        dispute.respond_by_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        dispute.close_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes where a dispute stands. The caller holds the payment's lock.
pub async fn update_standing(
    conn: &mut PgConnection,
    practice: PracticeId,
    dispute: &Dispute,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.disputes
        set state = $3, has_evidence = $4, respond_by_time = $5, close_time = $6, update_time = $7
        where practice_id = $1 and dispute_id = $2
        "#,
        practice.uuid(),
        dispute.dispute.uuid(),
        dispute.state.name(),
        dispute.has_evidence,
        dispute.respond_by_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        dispute.close_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a movement of money; false when it is known.
pub async fn insert_movement(
    conn: &mut PgConnection,
    practice: PracticeId,
    (dispute, movement): (DisputeId, DisputeMovementId),
    moved: &Moved,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.dispute_movements (
            practice_id, movement_id, dispute_id, processor_transaction, amount_minor, fee_minor, move_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint dispute_movements_processor_key do nothing
        "#,
        practice.uuid(),
        movement.uuid(),
        dispute.uuid(),
        moved.transaction,
        moved.amount.minor(),
        moved.fee.minor(),
        moved.time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// The dispute that an object of the processor is.
pub async fn find_object(
    conn: &mut PgConnection,
    practice: PracticeId,
    object: &str,
) -> Result<Option<Dispute>> {
    let id = sqlx::query_scalar!(
        r#"
        select dispute_id
        from payments.disputes
        where practice_id = $1 and processor_dispute = $2
        "#,
        practice.uuid(),
        object,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = id.into_iter().collect();
    Ok(read(conn, practice, &ids).await?.pop())
}

/// Errors: DISPUTE_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    dispute: DisputeId,
) -> Result<Dispute> {
    let mut found = read(conn, practice, &[dispute.uuid()]).await?;
    found.pop().ok_or(Error::Missing(Missing::Dispute(dispute)))
}

/// What a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisputeFilter {
    /// Only of this payment.
    pub payment: Option<PaymentId>,
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only those that the bank has not decided.
    pub open_only: bool,
}

/// At most `limit` disputes, newest first, from after `below`.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: DisputeFilter,
    (below, limit): (Option<DisputeId>, i64),
) -> Result<Vec<Dispute>> {
    let ids = sqlx::query_scalar!(
        r#"
        select dispute.dispute_id
        from payments.disputes dispute
        join payments.payments payment
            on payment.practice_id = dispute.practice_id and payment.payment_id = dispute.payment_id
        where dispute.practice_id = $1
            and ($2::uuid is null or dispute.payment_id = $2)
            and ($3::uuid is null or payment.client_id = $3)
            and (not $4 or dispute.close_time is null)
            and ($5::uuid is null or dispute.dispute_id < $5)
        order by dispute.dispute_id desc
        limit $6
        "#,
        practice.uuid(),
        filter.payment.map(PaymentId::uuid),
        filter.client.map(ClientId::uuid),
        filter.open_only,
        below.map(DisputeId::uuid),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    read(conn, practice, &ids).await
}

/// Whether the payer's bank has taken a payment back, or may. The payment's lock keeps it still.
pub async fn bars_refunds(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<bool> {
    let barring: Vec<String> = DisputeState::ALL
        .iter()
        .filter(|state| state.bars_refunds())
        .map(|state| state.name().to_owned())
        .collect();
    let bars = sqlx::query_scalar!(
        r#"
        select exists (
            select 1
            from payments.disputes
            where practice_id = $1 and payment_id = $2 and state = any($3)
        ) as "bars!"
        "#,
        practice.uuid(),
        payment.uuid(),
        &barring,
    )
    .fetch_one(conn)
    .await?;
    Ok(bars)
}

/// Those of the bills that a payment in an open dispute was meant for: nothing is charged or asked for on them.
pub async fn disputed_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<BillId>> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let disputed = sqlx::query_scalar!(
        r#"
        select distinct part.bill_id as "bill_id: BillId"
        from payments.disputes dispute
        join payments.payment_allocations part
            on part.practice_id = dispute.practice_id and part.payment_id = dispute.payment_id
        where dispute.practice_id = $1 and dispute.close_time is null and part.bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(disputed)
}

/// Those disputes, newest first, whole.
async fn read(conn: &mut PgConnection, practice: PracticeId, ids: &[Uuid]) -> Result<Vec<Dispute>> {
    let rows = sqlx::query!(
        r#"
        select
            dispute.dispute_id as "dispute_id: DisputeId",
            dispute.payment_id as "payment_id: PaymentId",
            dispute.processor_dispute,
            dispute.state,
            dispute.reason,
            dispute.currency,
            dispute.amount_minor,
            dispute.has_evidence,
            dispute.open_time as "open_time: jiff_sqlx::Timestamp",
            dispute.respond_by_time as "respond_by_time: jiff_sqlx::Timestamp",
            dispute.close_time as "close_time: jiff_sqlx::Timestamp",
            payment.client_id as "client_id: ClientId",
            payment.method_text,
            payment.processor_intent,
            coalesce(moved.amount_minor, 0)::bigint as "moved_minor!",
            coalesce(moved.fee_minor, 0)::bigint as "fee_minor!",
            array(
                select part.bill_id
                from payments.payment_allocations part
                where part.practice_id = $1 and part.payment_id = dispute.payment_id
                order by part.position
            ) as "bill_ids!"
        from payments.disputes dispute
        join payments.payments payment
            on payment.practice_id = dispute.practice_id and payment.payment_id = dispute.payment_id
        left join lateral (
            select
                sum(movement.amount_minor) as amount_minor,
                sum(movement.fee_minor) as fee_minor
            from payments.dispute_movements movement
            where movement.practice_id = $1 and movement.dispute_id = dispute.dispute_id
        ) moved on true
        where dispute.practice_id = $1 and dispute.dispute_id = any($2)
        order by dispute.dispute_id desc
        "#,
        practice.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            let bills = row.bill_ids.into_iter().map(BillId::from);
            Ok(Dispute {
                dispute: row.dispute_id,
                payment: row.payment_id,
                client: row.client_id,
                object: row.processor_dispute,
                state: DisputeState::of(&row.state).ok_or(Error::Stored("a dispute's state"))?,
                reason: row.reason,
                amount: Money::from_minor(row.amount_minor, currency),
                has_evidence: row.has_evidence,
                open_time: row.open_time.to_jiff(),
                respond_by_time: row.respond_by_time.map(jiff_sqlx::Timestamp::to_jiff),
                close_time: row.close_time.map(jiff_sqlx::Timestamp::to_jiff),
                withdrawn: Money::from_minor(-row.moved_minor, currency),
                fee: Money::from_minor(row.fee_minor, currency),
                bills: bills.collect(),
                method_text: row.method_text,
                intent: row.processor_intent,
            })
        })
        .collect()
}
