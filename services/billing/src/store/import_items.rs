//! What came from an import.

use super::imports::kind;
use crate::Result;
use crate::domain::import::{Item, Thing};
use ids::{ClientId, ContactId, ImportId, PracticeId, SessionId};
use money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

/// Notes what came from an import.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    items: &[Item],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.thing.uuid()).collect();
    let kinds: Vec<&str> = items.iter().map(|item| item.thing.file().name()).collect();
    let lines: Vec<i32> = items.iter().map(|item| item.line).collect();
    let clients: Vec<Uuid> = items.iter().map(|item| item.client.uuid()).collect();
    let previous: Vec<Option<Uuid>> = items
        .iter()
        .map(|item| match item.thing {
            Thing::Contact(_, previous) => previous.map(ContactId::uuid),
            _other => None,
        })
        .collect();
    sqlx::query!(
        r#"
        insert into billing.import_items (
            practice_id, import_id, item_id, kind, line, client_id, amount_minor, previous_contact_id
        )
        select $1, $2, fresh.item_id, fresh.kind, fresh.line, fresh.client_id, fresh.amount, fresh.previous
        from unnest($3::uuid[], $4::text[], $5::integer[], $6::uuid[], $7::bigint[], $8::uuid[])
            as fresh (item_id, kind, line, client_id, amount, previous)
        "#,
        practice.uuid(),
        import.uuid(),
        &ids,
        &kinds as &[&str],
        &lines,
        &clients,
        &super::minors(items, |item| item.amount),
        &previous as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Everything that came from an import, by file and line.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, currency): (ImportId, Currency),
) -> Result<Vec<Item>> {
    let rows = sqlx::query!(
        r#"
        select
            item_id,
            kind,
            line,
            client_id as "client_id: ClientId",
            amount_minor,
            previous_contact_id as "previous_contact_id: ContactId"
        from billing.import_items
        where practice_id = $1 and import_id = $2
        order by kind, line, item_id
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Item {
                thing: Thing::of(kind(&row.kind)?, row.item_id, row.previous_contact_id),
                line: row.line,
                client: row.client_id,
                amount: Money::from_minor(row.amount_minor, currency),
            })
        })
        .collect()
}

/// Locks the clients that came from an import, and those whom its contacts belong to, by id: nobody writes anything for
/// them until the transaction ends.
pub async fn lock_clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    sqlx::query!(
        r#"
        select client_id
        from billing.clients
        where practice_id = $1 and client_id = any($2)
        order by client_id
        for update
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Locks sessions by id: nobody bills them until the transaction ends.
pub async fn lock_sessions(
    conn: &mut PgConnection,
    practice: PracticeId,
    sessions: &[SessionId],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.uuid()).collect();
    sqlx::query!(
        r#"
        select session_id
        from billing.sessions
        where practice_id = $1 and session_id = any($2)
        order by session_id
        for update
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}
