use crate::Result;
use crate::domain::sharing::Share;
use ids::{BillId, ClientId, PracticeId, ShareId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// Writes acts of sharing, and on the bills, which are locked, that they were shared.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    shares: &[Share],
    now: Timestamp,
) -> Result<()> {
    let acts: Vec<Uuid> = shares.iter().map(|one| one.share.uuid()).collect();
    let bills: Vec<Uuid> = shares.iter().map(|one| one.bill.uuid()).collect();
    let clients: Vec<Uuid> = shares.iter().map(|one| one.client.uuid()).collect();
    let pdfs: Vec<bool> = shares.iter().map(|one| one.with_pdf).collect();
    let whose: Vec<Option<String>> = shares.iter().map(|one| one.shared_by.clone()).collect();
    sqlx::query!(
        r#"
        with told as (
            update billing.bills
            set share_time = $7, revision = revision + 1
            where practice_id = $1 and bill_id = any($3)
        )
        insert into billing.shares (practice_id, share_id, bill_id, client_id, with_pdf, shared_by, share_time)
        select $1, fresh.share_id, fresh.bill_id, fresh.client_id, fresh.with_pdf, fresh.shared_by, $7
        from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::boolean[], $6::text[])
            as fresh (share_id, bill_id, client_id, with_pdf, shared_by)
        "#,
        practice.uuid(),
        &acts,
        &bills,
        &clients,
        &pdfs,
        &whose as &[Option<String>],
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// At most `limit`, newest first, from below `before`: of one bill, of one client, or of the practice.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, client): (Option<BillId>, Option<ClientId>),
    (before, limit): (Option<ShareId>, i64),
) -> Result<Vec<Share>> {
    let rows = sqlx::query!(
        r#"
        select
            share_id as "share: ShareId",
            bill_id as "bill: BillId",
            client_id as "client: ClientId",
            with_pdf,
            shared_by,
            share_time as "share_time: jiff_sqlx::Timestamp"
        from billing.shares
        where practice_id = $1
            and ($2::uuid is null or bill_id = $2)
            and ($3::uuid is null or client_id = $3)
            and ($4::uuid is null or share_id < $4)
        order by share_id desc
        limit $5
        "#,
        practice.uuid(),
        bill.map(BillId::uuid),
        client.map(ClientId::uuid),
        before.map(ShareId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let shares = rows.into_iter().map(|row| Share {
        share: row.share,
        bill: row.bill,
        client: row.client,
        with_pdf: row.with_pdf,
        shared_by: row.shared_by,
        share_time: row.share_time.to_jiff(),
    });
    Ok(shares.collect())
}
