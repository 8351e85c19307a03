//! The side of a payment that the processor sees.

use super::currency;
use super::payments::Payment;
use crate::domain::charge::{Charge, Presence};
use crate::domain::decline::Decline;
use crate::domain::on_file::Funding;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::domain::refusal::Refusal;
use crate::{Error, Missing, Result};
use ids::{MethodId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

/// How far a charge has come. Errors: PAYMENT_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Charge> {
    let row = sqlx::query!(
        r#"
        select
            payment.state,
            payment.presence,
            payment.create_time as "create_time: jiff_sqlx::Timestamp",
            payment.park_time as "park_time: jiff_sqlx::Timestamp",
            payment.hold_time is not null as "held!",
            (payment.save_payer_id is not null and payment.processor_customer is null) as "customer_wanted!",
            payment.processor_intent is not null as "intent_known!",
            made.start_time as "intent_asked?: jiff_sqlx::Timestamp",
            confirmed.start_time as "confirm_asked?: jiff_sqlx::Timestamp"
        from payments.payments payment
        left join payments.attempts made
            on made.practice_id = payment.practice_id
            and made.subject_id = payment.payment_id
            and made.call = 'create_intent'
        left join payments.attempts confirmed
            on confirmed.practice_id = payment.practice_id
            and confirmed.subject_id = payment.payment_id
            and confirmed.call = 'confirm_intent'
        where payment.practice_id = $1 and payment.payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Payment(payment)))?;
    Ok(Charge {
        state: PaymentState::of(&row.state).ok_or(Error::Stored("a payment's state"))?,
        presence: Presence::of(&row.presence).ok_or(Error::Stored("who waits"))?,
        create_time: row.create_time.to_jiff(),
        park_time: row.park_time.map(jiff_sqlx::Timestamp::to_jiff),
        held: row.held,
        customer_wanted: row.customer_wanted,
        intent_known: row.intent_known,
        intent_asked: row.intent_asked.map(jiff_sqlx::Timestamp::to_jiff),
        confirm_asked: row.confirm_asked.map(jiff_sqlx::Timestamp::to_jiff),
    })
}

/// The practice's own account that a payment is made on, `acct_…`; none: the installation's. Errors: PAYMENT_NOT_FOUND.
pub async fn find_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<String>> {
    sqlx::query_scalar!(
        r#"
        select processor_account
        from payments.payments
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Payment(payment)))
}

/// billing has set the money aside.
pub async fn update_held(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payments
        set hold_time = $3, update_time = $3
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes since when whoever waited knows that it cannot be done now; none when they have asked again.
pub async fn update_parked(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
    (park_time, now): (Option<Timestamp>, Timestamp),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payments
        set park_time = $3, update_time = $4
        where practice_id = $1 and payment_id = $2 and park_time is distinct from $3
        "#,
        practice.uuid(),
        payment.uuid(),
        park_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps whose the method will be at the processor.
pub async fn update_customer(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payment, customer): (PaymentId, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payments
        set processor_customer = coalesce(processor_customer, $3), update_time = $4
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
        customer,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the processor's object.
pub async fn update_intent(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payment, intent): (PaymentId, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payments
        set processor_intent = $3, update_time = $4
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
        intent,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Where a payment stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Where.
    pub state: PaymentState,
    /// Why it failed.
    pub decline: Option<&'a Decline>,
    /// Why nothing is charged under it.
    pub refusal: Option<Refusal>,
    /// What was paid with.
    pub kind: PaymentKind,
    /// As printed.
    pub method_text: &'a str,
    /// Where a card's money comes from.
    pub funding: Funding,
    /// The method on file.
    pub method: Option<MethodId>,
}

/// Writes where a payment stands. The caller holds its lock.
pub async fn update_standing(
    conn: &mut PgConnection,
    payment: &Payment,
    standing: Standing<'_>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payments
        set
            state = $3,
            decline_reason = $4,
            refusal = $5,
            method_text = $6,
            kind = $7,
            update_time = $8,
            decline_code = $9,
            decline_hard = $10,
            funding = $11,
            method_id = $12
        where practice_id = $1 and payment_id = $2
        "#,
        payment.practice.uuid(),
        payment.payment.uuid(),
        standing.state.name(),
        standing.decline.map(|decline| decline.reason.name()),
        standing.refusal.map(Refusal::name),
        standing.method_text,
        standing.kind.name(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        standing.decline.map_or("", |decline| &decline.code),
        standing.decline.is_some_and(Decline::is_hard),
        standing.funding.name(),
        standing.method.map(MethodId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A payment that has succeeded as far as we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The payment.
    pub payment: PaymentId,
    /// `pi_…`.
    pub intent: String,
    /// The practice's own account that it was made on, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// Above 0.
    pub amount: Money,
}

/// Card and bank payments of a day that have succeeded as far as we know.
pub async fn charged_between(
    conn: &mut PgConnection,
    practice: PracticeId,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<Charged>> {
    let rows = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            processor_intent as "processor_intent!",
            processor_account,
            currency,
            amount_minor
        from payments.payments
        where practice_id = $1
            and state = $2
            and processor_intent is not null
            and receive_time >= $3
            and receive_time < $4
        order by payment_id
        "#,
        practice.uuid(),
        PaymentState::Succeeded.name(),
        start.to_sqlx() as jiff_sqlx::Timestamp,
        end.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Charged {
                payment: row.payment_id,
                intent: row.processor_intent,
                account: row.processor_account,
                amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
            })
        })
        .collect()
}
