use crate::{Error, Missing, Result};
use ids::{ClientId, PayerId, PolicyId, PracticeId};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// Whether the practice has the client, or had it: one that was removed can be read.
pub async fn client_exists(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<bool> {
    let exists = sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from billing.clients where practice_id = $1 and client_id = $2
        ) as "exists!"
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(exists)
}

/// Errors: CLIENT_NOT_FOUND.
pub async fn require_client(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<()> {
    if client_exists(conn, practice, client).await? {
        Ok(())
    } else {
        Err(Error::Missing(Missing::Client(client)))
    }
}

/// The first of these clients that the practice neither has nor had; none when it knows all.
pub async fn find_missing(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<Option<ClientId>> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let missing = sqlx::query_scalar!(
        r#"
        select asked.client_id as "client_id!: ClientId"
        from unnest($2::uuid[]) as asked (client_id)
        where not exists (
            select 1
            from billing.clients client
            where client.practice_id = $1 and client.client_id = asked.client_id
        )
        order by asked.client_id
        limit 1
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_optional(conn)
    .await?;
    Ok(missing)
}

/// Requires a client for whom something is to be written, and keeps it until the transaction ends: the import that
/// brought it is not undone meanwhile. Errors: CLIENT_NOT_FOUND, also for one that was removed.
pub async fn keep_client(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<()> {
    sqlx::query_scalar!(
        r#"
        select client_id
        from billing.clients
        where practice_id = $1 and client_id = $2 and remove_time is null
        for key share
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|_| ())
    .ok_or(Error::Missing(Missing::Client(client)))
}

/// With whom a client's policy is. Errors: POLICY_NOT_FOUND, also for another client's.
pub async fn get_payer_of_policy(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    policy: PolicyId,
) -> Result<(PayerId, String)> {
    let row = sqlx::query!(
        r#"
        select payer.payer_id as "payer_id: PayerId", payer.name
        from billing.policies policy
        join billing.payers payer
            on payer.practice_id = policy.practice_id and payer.payer_id = policy.payer_id
        where policy.practice_id = $1 and policy.client_id = $2 and policy.policy_id = $3
        "#,
        practice.uuid(),
        client.uuid(),
        policy.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Policy(policy)))?;
    Ok((row.payer_id, row.name))
}

/// Where a client's bills go: to the billing contact, or to the client; none when there is no address.
pub async fn find_billing_email(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Option<String>> {
    let email = sqlx::query_scalar!(
        r#"
        select coalesce(contact.email, client.email) as "email!"
        from billing.clients client
        left join billing.contacts contact
            on contact.practice_id = client.practice_id
            and contact.client_id = client.client_id
            and contact.contact_id = client.billing_contact_id
        where client.practice_id = $1 and client.client_id = $2
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Client(client)))?;
    Ok(Some(email).filter(|email| !email.is_empty()))
}

/// Those of these clients whose bills can be sent by e-mail.
pub async fn with_billing_email(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<HashSet<ClientId>> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let reached = sqlx::query_scalar!(
        r#"
        select client.client_id as "client: ClientId"
        from billing.clients client
        left join billing.contacts contact
            on contact.practice_id = client.practice_id
            and contact.client_id = client.client_id
            and contact.contact_id = client.billing_contact_id
        where client.practice_id = $1
            and client.client_id = any($2)
            and coalesce(contact.email, client.email) <> ''
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(reached.into_iter().collect())
}
