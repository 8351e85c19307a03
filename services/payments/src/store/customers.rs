use crate::domain::payer::Payer;
use crate::{Error, Result};
use ids::{ClientId, PayerAccountId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A payer as the processor knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Who.
    pub payer: Payer,
    /// The client, or whose contact it is.
    pub client: ClientId,
    /// What the processor's customer carries instead of a name.
    pub payer_account: PayerAccountId,
    /// `cus_…`, once the processor has answered.
    pub processor_customer: Option<String>,
}

/// The payer's on the installation's account, when it has ever had something to do with the processor.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    payer: Payer,
) -> Result<Option<Customer>> {
    let row = sqlx::query!(
        r#"
        select
            client_id as "client_id: ClientId",
            payer_account_id as "payer_account_id: PayerAccountId",
            processor_customer
        from payments.customers
        where practice_id = $1 and payer_kind = $2 and payer_id = $3
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Customer {
        payer,
        client: row.client_id,
        payer_account: row.payer_account_id,
        processor_customer: row.processor_customer,
    }))
}

/// The payer's, locked: methods of a payer are added, preferred and removed one after the other. Errors: `Stored`.
pub async fn lock(conn: &mut PgConnection, practice: PracticeId, payer: Payer) -> Result<()> {
    sqlx::query_scalar!(
        r#"
        select payer_account_id
        from payments.customers
        where practice_id = $1 and payer_kind = $2 and payer_id = $3
        for update
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|_| ())
    .ok_or(Error::Stored("a method without a customer"))
}

/// Writes a payer down before the processor is told of it. One that is there stays.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payer, client, account): (Payer, ClientId, PayerAccountId),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.customers (practice_id, payer_kind, payer_id, client_id, payer_account_id, create_time)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint customers_pkey do nothing
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
        client.uuid(),
        account.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the processor's customer; the first one stays.
pub async fn update_processor_customer(
    conn: &mut PgConnection,
    practice: PracticeId,
    payer: Payer,
    processor_customer: &str,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.customers
        set processor_customer = coalesce(processor_customer, $4)
        where practice_id = $1 and payer_kind = $2 and payer_id = $3
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
        processor_customer,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The payer's on an account of the practice's own, written down when it was not: `fresh` is what it carries then. Errors:
/// `Stored`.
pub async fn get_on_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payer, account): (Payer, &str),
    (fresh, now): (PayerAccountId, Timestamp),
) -> Result<Customer> {
    let known = find(&mut *conn, practice, payer).await?;
    let known = known.ok_or(Error::Stored("a method without a customer"))?;
    let row = sqlx::query!(
        r#"
        insert into payments.account_customers as known (
            practice_id, payer_kind, payer_id, processor_account, payer_account_id, create_time
        ) values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint account_customers_pkey do update
        set payer_account_id = known.payer_account_id
        returning payer_account_id as "payer_account_id: PayerAccountId", processor_customer
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
        account,
        fresh.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(Customer {
        payer_account: row.payer_account_id,
        processor_customer: row.processor_customer,
        ..known
    })
}

/// Keeps the processor's customer on an account of the practice's own; the first one stays.
pub async fn update_on_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payer, account): (Payer, &str),
    processor_customer: &str,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.account_customers
        set processor_customer = coalesce(processor_customer, $5)
        where practice_id = $1 and payer_kind = $2 and payer_id = $3 and processor_account = $4
        "#,
        practice.uuid(),
        payer.kind(),
        payer.uuid(),
        account,
        processor_customer,
    )
    .execute(conn)
    .await?;
    Ok(())
}
