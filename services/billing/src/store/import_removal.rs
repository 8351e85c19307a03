//! How what an import brought goes again, once nothing is built on it and its rows are locked.

use crate::{Error, ImportRefusal, Result, Use};
use ids::{BillId, ClientId, ContactId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// Notes that locked bills were cancelled with their import.
pub async fn cancel_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bills, now): (&[BillId], Timestamp),
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.bills
        set cancel_time = $3, cancel_reason = 'taken back with its import'
        where practice_id = $1 and bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes sessions, also from where nights of automation tell that they left them out. Errors: IMPORT_IN_USE, when a row
/// that this code does not know refers to one.
pub async fn delete_sessions(
    conn: &mut PgConnection,
    practice: PracticeId,
    sessions: &[SessionId],
) -> Result<()> {
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.uuid()).collect();
    sqlx::query!(
        r#"
        delete from billing.automation_skips where practice_id = $1 and session_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        delete from billing.session_lines where practice_id = $1 and session_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .execute(&mut *conn)
    .await
    .map_err(|error| referred_to("a session", error))?;
    sqlx::query!(
        r#"
        delete from billing.sessions where practice_id = $1 and session_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .execute(conn)
    .await
    .map_err(|error| referred_to("a session", error))?;
    Ok(())
}

/// Deletes contacts; who got a client's bills before gets them again, unless somebody else does by now. Errors:
/// IMPORT_IN_USE, when a row that this code does not know refers to one.
pub async fn delete_contacts(
    conn: &mut PgConnection,
    practice: PracticeId,
    contacts: &[(ContactId, Option<ContactId>)],
) -> Result<()> {
    let ids: Vec<Uuid> = contacts.iter().map(|(contact, _)| contact.uuid()).collect();
    let previous: Vec<Option<Uuid>> = contacts
        .iter()
        .map(|(_, previous)| previous.map(ContactId::uuid))
        .collect();
    sqlx::query!(
        r#"
        update billing.clients client
        set billing_contact_id = gone.previous
        from unnest($2::uuid[], $3::uuid[]) as gone (contact_id, previous)
        where client.practice_id = $1 and client.billing_contact_id = gone.contact_id
        "#,
        practice.uuid(),
        &ids,
        &previous as &[Option<Uuid>],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        delete from billing.contacts where practice_id = $1 and contact_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .execute(conn)
    .await
    .map_err(|error| referred_to("a contact", error))?;
    Ok(())
}

/// Hides clients and gives their external references free.
pub async fn remove_clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    (clients, now): (&[ClientId], Timestamp),
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.clients
        set remove_time = $3, external_reference = null
        where practice_id = $1 and client_id = any($2)
        "#,
        practice.uuid(),
        &ids,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn referred_to(what: &str, error: sqlx::Error) -> Error {
    let database = error.as_database_error();
    let Some(found) = database.filter(|error| error.is_foreign_key_violation()) else {
        return Error::Database(error);
    };
    let by = found.table().unwrap_or("another row").to_owned();
    let used = Use {
        subject: what.to_owned(),
        what: format!("is referred to by {by}"),
    };
    Error::Import(ImportRefusal::InUse(vec![used]))
}
