use crate::Result;
use crate::domain::sharing::SharePolicy;
use ids::{ClientId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// The practice's policy; by hand when it has set none.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<SharePolicy> {
    let policy = sqlx::query_as!(
        SharePolicy,
        r#"
        select
            automatic,
            delay_minutes,
            with_pdf
        from billing.share_policies
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(policy.unwrap_or(SharePolicy::BY_HAND))
}

/// Those of these clients who have a policy of their own.
pub async fn of_clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<Vec<(ClientId, SharePolicy)>> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            client_id as "client: ClientId",
            automatic,
            delay_minutes,
            with_pdf
        from billing.client_share_policies
        where practice_id = $1 and client_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let policies = rows.into_iter().map(|row| {
        let policy = SharePolicy {
            automatic: row.automatic,
            delay_minutes: row.delay_minutes,
            with_pdf: row.with_pdf,
        };
        (row.client, policy)
    });
    Ok(policies.collect())
}

/// What goes for a client: the client's own policy, or the practice's.
pub async fn get_for(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<SharePolicy> {
    match of_clients(conn, practice, &[client]).await?.pop() {
        Some((_, own)) => Ok(own),
        None => get(conn, practice).await,
    }
}

/// Sets the practice's policy.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    policy: &SharePolicy,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into billing.share_policies (practice_id, automatic, delay_minutes, with_pdf, update_time)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint share_policies_pkey do update
        set
            automatic = excluded.automatic,
            delay_minutes = excluded.delay_minutes,
            with_pdf = excluded.with_pdf,
            update_time = excluded.update_time
        "#,
        practice.uuid(),
        policy.automatic,
        policy.delay_minutes,
        policy.with_pdf,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets a client's policy.
pub async fn upsert_of_client(
    conn: &mut PgConnection,
    (practice, client): (PracticeId, ClientId),
    policy: &SharePolicy,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into billing.client_share_policies (
            practice_id, client_id, automatic, delay_minutes, with_pdf, update_time
        ) values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint client_share_policies_pkey do update
        set
            automatic = excluded.automatic,
            delay_minutes = excluded.delay_minutes,
            with_pdf = excluded.with_pdf,
            update_time = excluded.update_time
        "#,
        practice.uuid(),
        client.uuid(),
        policy.automatic,
        policy.delay_minutes,
        policy.with_pdf,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// From now on the practice's policy goes for the client.
pub async fn delete_of_client(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<()> {
    sqlx::query!(
        r#"
        delete from billing.client_share_policies
        where practice_id = $1 and client_id = $2
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
