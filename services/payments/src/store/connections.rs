//! Accounts of practices' own. Each changes under its own lock, which is taken alone.

use crate::domain::connection::{Connection, Connections, Standing};
use crate::{Error, Result};
use ids::{ConnectionId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Writes down that an account is to be made, unless the practice has one.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.connections (practice_id, connection_id, create_time, update_time)
        values ($1, $2, $3, $3)
        on conflict (practice_id) where disconnect_time is null do nothing
        "#,
        practice.uuid(),
        connection.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// All that the practice ever had, the oldest first.
pub async fn list(conn: &mut PgConnection, practice: PracticeId) -> Result<Connections> {
    let rows = sqlx::query!(
        r#"
        select
            connection_id as "connection_id: ConnectionId",
            processor_account,
            charges_enabled,
            payouts_enabled,
            details_submitted,
            requirements_due,
            disabled_reason,
            enable_time as "enable_time: jiff_sqlx::Timestamp",
            disconnect_time as "disconnect_time: jiff_sqlx::Timestamp",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from payments.connections
        where practice_id = $1
        order by create_time, connection_id
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let connections = rows.into_iter().map(|row| Connection {
        connection: row.connection_id,
        account: row.processor_account,
        standing: Standing {
            charges_enabled: row.charges_enabled,
            payouts_enabled: row.payouts_enabled,
            details_submitted: row.details_submitted,
            requirements_due: row.requirements_due,
            disabled_reason: row.disabled_reason,
        },
        enable_time: row.enable_time.map(jiff_sqlx::Timestamp::to_jiff),
        disconnect_time: row.disconnect_time.map(jiff_sqlx::Timestamp::to_jiff),
        create_time: row.create_time.to_jiff(),
    });
    Ok(Connections(connections.collect()))
}

/// The one that is an account, locked until the commit; none when the processor was asked for it later than `asked`
/// already.
pub async fn lock_older(
    conn: &mut PgConnection,
    practice: PracticeId,
    (account, asked): (&str, Timestamp),
) -> Result<Option<Connection>> {
    let older = sqlx::query_scalar!(
        r#"
        select read_time is null or read_time <= $3 as "older!"
        from payments.connections
        where practice_id = $1 and processor_account = $2
        for update
        "#,
        practice.uuid(),
        account,
        asked.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if older != Some(true) {
        return Ok(None);
    }
    Ok(list(conn, practice).await?.of(account).cloned())
}

/// Keeps the account that the processor made, and whose it is. Errors: `Stored`, when it is another practice's.
pub async fn update_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    (connection, account): (ConnectionId, &str),
    now: Timestamp,
) -> Result<()> {
    let owner = sqlx::query_scalar!(
        r#"
        insert into payments.connected_accounts as known (processor_account, practice_id)
        values ($1, $2)
        on conflict on constraint connected_accounts_pkey do update
        set practice_id = known.practice_id
        returning practice_id as "practice_id: PracticeId"
        "#,
        account,
        practice.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    if owner != practice {
        return Err(Error::Stored("an account of another practice"));
    }
    sqlx::query!(
        r#"
        update payments.connections
        set processor_account = coalesce(processor_account, $3), update_time = $4
        where practice_id = $1 and connection_id = $2
        "#,
        practice.uuid(),
        connection.uuid(),
        account,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes where one stands, as the processor was asked at `asked`. The caller holds its lock.
pub async fn update_standing(
    conn: &mut PgConnection,
    practice: PracticeId,
    connection: &Connection,
    (asked, now): (Timestamp, Timestamp),
) -> Result<()> {
    let standing = &connection.standing;
    let (enabled, gone) = (connection.enable_time, connection.disconnect_time);
    sqlx::query!(
        r#"
        update payments.connections
        set
            charges_enabled = $3,
            payouts_enabled = $4,
            details_submitted = $5,
            requirements_due = $6,
            disabled_reason = $7,
            enable_time = $8,
            disconnect_time = $9,
            read_time = $10,
            update_time = $11
        where practice_id = $1 and connection_id = $2
        "#,
        practice.uuid(),
        connection.connection.uuid(),
        standing.charges_enabled,
        standing.payouts_enabled,
        standing.details_submitted,
        &standing.requirements_due,
        standing.disabled_reason,
        enabled.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        gone.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        asked.to_sqlx() as jiff_sqlx::Timestamp,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose an account is; none when it is nobody's that we know.
pub async fn find_practice(conn: &mut PgConnection, account: &str) -> Result<Option<PracticeId>> {
    let practice = sqlx::query_scalar!(
        r#"
        select practice_id as "practice_id: PracticeId"
        from payments.connected_accounts
        where processor_account = $1
        "#,
        account,
    )
    .fetch_optional(conn)
    .await?;
    Ok(practice)
}

/// New payments of the practice are made on this account from now on.
pub async fn use_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: &str,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.practices
        set processor_account = $2
        where practice_id = $1
        "#,
        practice.uuid(),
        account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many payments and refunds on an account have not come to their end.
pub async fn count_open(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: &str,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from payments.unsettled open
        left join payments.refunds refund
            on refund.practice_id = $1 and open.kind = 'refund' and refund.refund_id = open.subject_id
        join payments.payments payment
            on payment.practice_id = $1 and payment.payment_id = coalesce(refund.payment_id, open.subject_id)
        where open.practice_id = $1 and open.kind in ('payment', 'refund') and payment.processor_account = $2
        "#,
        practice.uuid(),
        account,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
