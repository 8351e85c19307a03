use crate::Result;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// That something happened to an object of the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `evt_…`.
    pub event: String,
    /// `payment_intent.succeeded`.
    pub event_kind: String,
    /// The account of a practice's own in which it happened, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// `payment_intent`.
    pub object_kind: String,
    /// `pi_…`; empty for the few objects without an id.
    pub object: String,
    /// How often the worker has looked, this time included; 0 before the first.
    pub tries: i32,
}

/// Keeps a webhook; `process_time` when there is nothing to do about it. One that came before changes nothing.
pub async fn insert(
    conn: &mut PgConnection,
    webhook: &Webhook,
    now: Timestamp,
    process_time: Option<Timestamp>,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.webhooks (
            event_id, event_kind, object_kind, object_id, receive_time, due_time, process_time, processor_account
        ) values ($1, $2, $3, $4, $5, $5, $6, $7)
        on conflict on constraint webhooks_pkey do nothing
        "#,
        webhook.event,
        webhook.event_kind,
        webhook.object_kind,
        webhook.object,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        process_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        webhook.account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leases at most `limit` webhooks that are due and that nobody works on.
pub async fn claim_due(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<Webhook>> {
    let rows = sqlx::query!(
        r#"
        update payments.webhooks claimed
        set lease_end_time = $2, tries = claimed.tries + 1
        from (
            select event_id
            from payments.webhooks
            where process_time is null and due_time <= $1 and (lease_end_time is null or lease_end_time <= $1)
            order by due_time
            limit $3
            for update skip locked
        ) due
        where claimed.event_id = due.event_id
        returning
            claimed.event_id,
            claimed.event_kind,
            claimed.processor_account,
            claimed.object_kind,
            claimed.object_id,
            claimed.tries
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let webhooks = rows.into_iter().map(|row| Webhook {
        event: row.event_id,
        event_kind: row.event_kind,
        account: row.processor_account,
        object_kind: row.object_kind,
        object: row.object_id,
        tries: row.tries,
    });
    Ok(webhooks.collect())
}

/// It has had its effect.
pub async fn finish(conn: &mut PgConnection, event: &str, now: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.webhooks
        set process_time = $2, lease_end_time = null
        where event_id = $1
        "#,
        event,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It could not have its effect yet and waits until `due`.
pub async fn postpone(conn: &mut PgConnection, event: &str, due: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.webhooks
        set due_time = $2, lease_end_time = null
        where event_id = $1
        "#,
        event,
        due.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
