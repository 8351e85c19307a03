//! Who pays a client's bills by AutoPay. The row is locked by whoever turns it on or off.

use crate::domain::payer::Payer;
use crate::{Error, Result};
use ids::{ClientId, MethodId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// AutoPay of a client's bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Whose bills.
    pub client: ClientId,
    /// Who pays.
    pub payer: Payer,
    /// The method that is charged; none: the payer's default.
    pub method: Option<MethodId>,
    /// What was owed before is left alone; none: nothing is.
    pub charges_since: Option<Timestamp>,
    /// When it was turned on.
    pub turn_on_time: Timestamp,
    /// When it was turned off; none while it is on.
    pub turn_off_time: Option<Timestamp>,
}

/// Locks and reads it, whether it is on or was; none when it never was.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Option<Enrolment>> {
    sqlx::query_scalar!(
        r#"
        select client_id
        from payments.autopay_enrolments
        where practice_id = $1 and client_id = $2
        for update
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    find(conn, practice, client).await
}

/// Whether it is on or was; none when it never was.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Option<Enrolment>> {
    let row = sqlx::query!(
        r#"
        select
            payer_kind,
            payer_id,
            method_id as "method_id: MethodId",
            charges_since as "charges_since: jiff_sqlx::Timestamp",
            turn_on_time as "turn_on_time: jiff_sqlx::Timestamp",
            turn_off_time as "turn_off_time: jiff_sqlx::Timestamp"
        from payments.autopay_enrolments
        where practice_id = $1 and client_id = $2
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Enrolment {
        client,
        payer: Payer::of(&row.payer_kind, row.payer_id).ok_or(Error::Stored("a kind of payer"))?,
        method: row.method_id,
        charges_since: row.charges_since.map(jiff_sqlx::Timestamp::to_jiff),
        turn_on_time: row.turn_on_time.to_jiff(),
        turn_off_time: row.turn_off_time.map(jiff_sqlx::Timestamp::to_jiff),
    }))
}

/// Turns it on, or over to another payer or method.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    enrolment: &Enrolment,
    by: &str,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.autopay_enrolments (
            practice_id, client_id, payer_kind, payer_id, method_id, charges_since, turn_on_time, turned_on_by
        ) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict on constraint autopay_enrolments_pkey do update
        set
            payer_kind = excluded.payer_kind,
            payer_id = excluded.payer_id,
            method_id = excluded.method_id,
            charges_since = excluded.charges_since,
            turn_on_time = excluded.turn_on_time,
            turned_on_by = excluded.turned_on_by,
            turn_off_time = null,
            turned_off_by = null
        "#,
        practice.uuid(),
        enrolment.client.uuid(),
        enrolment.payer.kind(),
        enrolment.payer.uuid(),
        enrolment.method.map(MethodId::uuid),
        enrolment.charges_since.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        enrolment.turn_on_time.to_sqlx() as jiff_sqlx::Timestamp,
        by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// AutoPay that was to charge what is on file with a former account charges this method of the same payer from now on, when
/// it is on the account of now.
pub async fn take_over(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payer, method): (Payer, MethodId),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_enrolments enrolment
        set method_id = $4
        from payments.methods chosen, payments.methods given, payments.practices practice
        where enrolment.practice_id = $1
            and enrolment.payer_kind = $2
            and enrolment.payer_id = $3
            and chosen.practice_id = $1
            and chosen.method_id = enrolment.method_id
            and given.practice_id = $1
            and given.method_id = $4
            and practice.practice_id = $1
            and given.processor_account is not distinct from practice.processor_account
            and chosen.processor_account is distinct from practice.processor_account
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
        method.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Turns it off; nothing happens when it is off.
pub async fn turn_off(
    conn: &mut PgConnection,
    practice: PracticeId,
    (client, by): (ClientId, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_enrolments
        set turn_off_time = $3, turned_off_by = $4
        where practice_id = $1 and client_id = $2 and turn_off_time is null
        "#,
        practice.uuid(),
        client.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        by,
    )
    .execute(conn)
    .await?;
    Ok(())
}
