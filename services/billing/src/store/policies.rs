use crate::domain::people::Policy;
use crate::{Error, Missing, Result};
use ids::{ClientId, PayerId, PolicyId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Writes a policy of a client and with a payer that exist.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    policy: &Policy,
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.policies (
            practice_id, policy_id, client_id, payer_id, member_number, external_reference, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        practice.uuid(),
        policy.policy.uuid(),
        policy.client.uuid(),
        policy.payer.uuid(),
        policy.member_number,
        policy.external_reference,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Errors: POLICY_NOT_FOUND, also for another client's.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    policy: PolicyId,
) -> Result<Policy> {
    list(conn, practice, client)
        .await?
        .into_iter()
        .find(|found| found.policy == policy)
        .ok_or(Error::Missing(Missing::Policy(policy)))
}

/// A client's policies, oldest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Vec<Policy>, sqlx::Error> {
    sqlx::query_as!(
        Policy,
        r#"
        select
            policy_id as "policy: PolicyId",
            client_id as "client: ClientId",
            payer_id as "payer: PayerId",
            member_number,
            external_reference
        from billing.policies
        where practice_id = $1 and client_id = $2
        order by create_time, policy_id
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_all(conn)
    .await
}
