//! How mails are queued: in one statement, since every payment has one.

use crate::Result;
use crate::domain::message::{NewMessage, Particulars};
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// Writes mails as queued, and their places in the queue, to be sent at that time. What an event has made already, here or
/// before, is made no second time.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    send_time: Timestamp,
    messages: &[NewMessage],
) -> Result<()> {
    let ids: Vec<Uuid> = messages.iter().map(|it| it.message_id.uuid()).collect();
    let clients: Vec<Option<Uuid>> = messages
        .iter()
        .map(|it| it.client.map(Uuid::from))
        .collect();
    let times: Vec<jiff_sqlx::Timestamp> =
        messages.iter().map(|it| it.create_time.to_sqlx()).collect();
    let told: Vec<&Particulars> = messages.iter().map(|it| &it.particulars).collect();
    let kinds: Vec<String> = told.iter().map(|it| it.kind().name().to_owned()).collect();
    let keys: Vec<String> = told.iter().map(|it| it.dedupe_key()).collect();
    let of = |id: fn(&Particulars) -> Option<Uuid>| -> Vec<Option<Uuid>> {
        told.iter().map(|it| id(it)).collect()
    };
    sqlx::query!(
        r#"
        with message as (
            insert into notifications.messages (
                practice_id, message_id, kind, state, dedupe_key, client_id, bill_id, payment_id,
                refund_id, share_id, particulars, recipient, subject, attempts, last_error, create_time
            )
            select $1, fresh.message_id, fresh.kind, 'queued', fresh.dedupe_key, fresh.client_id, fresh.bill_id,
                fresh.payment_id, fresh.refund_id, fresh.share_id, fresh.particulars, '', '', 0, '',
                fresh.create_time
            from unnest(
                $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[],
                $11::jsonb[], $12::timestamptz[]
            ) as fresh (
                message_id, kind, dedupe_key, client_id, bill_id, payment_id, refund_id, share_id, particulars,
                create_time
            )
            on conflict on constraint messages_dedupe_key do nothing
            returning message_id
        )
        insert into notifications.message_queue (message_id, practice_id, next_attempt_time, fence)
        select message_id, $1, $2, 0
        from message
        "#,
        practice.uuid(),
        send_time.to_sqlx() as jiff_sqlx::Timestamp,
        &ids,
        &kinds,
        &keys,
        &clients as &[Option<Uuid>],
        &of(|it| it.bill().map(Uuid::from)) as &[Option<Uuid>],
        &of(|it| it.payment().map(Uuid::from)) as &[Option<Uuid>],
        &of(|it| it.refund().map(Uuid::from)) as &[Option<Uuid>],
        &of(|it| it.share().map(Uuid::from)) as &[Option<Uuid>],
        told.into_iter().map(Json).collect::<Vec<_>>() as _,
        &times as &[jiff_sqlx::Timestamp],
    )
    .execute(conn)
    .await?;
    Ok(())
}
