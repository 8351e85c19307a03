use crate::Result;
use crate::domain::card_form::{CardPolicy, STANDARD_FORM};
use ids::{ClientId, PayerId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// A text of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// 0 is the standard text.
    pub version: i32,
    /// What is signed.
    pub text: String,
}

/// What the practice wants; the default when it has not said.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<CardPolicy> {
    let row = sqlx::query!(
        r#"
        select
            ask_at_intake,
            exempt_payer_ids,
            remind_after_days,
            reminders_max
        from payments.card_policies
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map_or_else(CardPolicy::default, |row| CardPolicy {
        ask_at_intake: row.ask_at_intake,
        exempt_payers: row
            .exempt_payer_ids
            .into_iter()
            .map(PayerId::from)
            .collect(),
        remind_after_days: row.remind_after_days,
        reminders_max: row.reminders_max,
    }))
}

/// Writes what the practice wants.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    policy: &CardPolicy,
    now: Timestamp,
) -> Result<()> {
    let exempt: Vec<Uuid> = policy.exempt_payers.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        r#"
        insert into payments.card_policies (
            practice_id, ask_at_intake, exempt_payer_ids, remind_after_days, reminders_max, update_time
        ) values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint card_policies_pkey do update
        set
            ask_at_intake = excluded.ask_at_intake,
            exempt_payer_ids = excluded.exempt_payer_ids,
            remind_after_days = excluded.remind_after_days,
            reminders_max = excluded.reminders_max,
            update_time = excluded.update_time
        "#,
        practice.uuid(),
        policy.ask_at_intake,
        &exempt,
        policy.remind_after_days,
        policy.reminders_max,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The text that counts now.
pub async fn form(conn: &mut PgConnection, practice: PracticeId) -> Result<Form> {
    let row = sqlx::query!(
        r#"
        select
            version,
            form_text
        from payments.card_forms
        where practice_id = $1
        order by version desc
        limit 1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        Some(row) => Form {
            version: row.version,
            text: row.form_text,
        },
        None => Form {
            version: 0,
            text: STANDARD_FORM.to_owned(),
        },
    })
}

/// Keeps a new version of the text. The caller holds the policy's row.
pub async fn insert_form(
    conn: &mut PgConnection,
    practice: PracticeId,
    form: &Form,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.card_forms (practice_id, version, form_text, create_time)
        values ($1, $2, $3, $4)
        "#,
        practice.uuid(),
        form.version,
        form.text,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a client is never asked.
pub async fn is_exempt(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<bool> {
    let exempt = sqlx::query_scalar!(
        r#"
        select exempt
        from payments.card_exemptions
        where practice_id = $1 and client_id = $2
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(exempt.unwrap_or(false))
}

/// Says whether a client is never asked.
pub async fn upsert_exemption(
    conn: &mut PgConnection,
    practice: PracticeId,
    (client, exempt): (ClientId, bool),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.card_exemptions (practice_id, client_id, exempt, update_time)
        values ($1, $2, $3, $4)
        on conflict on constraint card_exemptions_pkey do update
        set exempt = excluded.exempt, update_time = excluded.update_time
        "#,
        practice.uuid(),
        client.uuid(),
        exempt,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
