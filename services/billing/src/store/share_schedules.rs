//! Bills that will be shared. All but `unblock` is called under the lock of the bill, or before anybody else knows it.
//! Whoever finds no address does so under the lock of the schedule, and whoever brings one takes that lock too, in the
//! order of the bills' ids: of two at once the later one sees what the earlier one did.

use crate::domain::sharing::{Block, Schedule};
use crate::{Error, Result};
use ids::{BillId, ClientId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `billing.share_schedules`.
struct Row {
    bill: BillId,
    client: ClientId,
    scheduled_time: jiff_sqlx::Timestamp,
    with_pdf: bool,
    scheduled_by: Option<String>,
    block: Option<String>,
}

impl Row {
    fn into_schedule(self) -> Result<Schedule> {
        let block = |name: String| Block::named(&name).ok_or(Error::Stored("a share's block"));
        Ok(Schedule {
            bill: self.bill,
            client: self.client,
            scheduled_time: self.scheduled_time.to_jiff(),
            with_pdf: self.with_pdf,
            scheduled_by: self.scheduled_by,
            block: self.block.map(block).transpose()?,
        })
    }
}

/// Schedules bills, each in place of the time it may have.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    schedules: &[Schedule],
) -> Result<()> {
    if schedules.is_empty() {
        return Ok(());
    }
    let bills: Vec<Uuid> = schedules.iter().map(|one| one.bill.uuid()).collect();
    let clients: Vec<Uuid> = schedules.iter().map(|one| one.client.uuid()).collect();
    let times: Vec<jiff_sqlx::Timestamp> = schedules
        .iter()
        .map(|one| one.scheduled_time.to_sqlx())
        .collect();
    let pdfs: Vec<bool> = schedules.iter().map(|one| one.with_pdf).collect();
    let whose: Vec<Option<String>> = schedules
        .iter()
        .map(|one| one.scheduled_by.clone())
        .collect();
    let blocks: Vec<Option<String>> = schedules
        .iter()
        .map(|one| one.block.map(|block| block.name().to_owned()))
        .collect();
    sqlx::query!(
        r#"
        with scheduled as (
            insert into billing.share_schedules (
                practice_id, bill_id, client_id, scheduled_time, with_pdf, scheduled_by, block
            )
            select $1, fresh.bill_id, fresh.client_id, fresh.scheduled_time, fresh.with_pdf, fresh.scheduled_by,
                fresh.block
            from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::boolean[], $6::text[], $7::text[])
                as fresh (bill_id, client_id, scheduled_time, with_pdf, scheduled_by, block)
            on conflict on constraint share_schedules_pkey do update
            set
                scheduled_time = excluded.scheduled_time,
                with_pdf = excluded.with_pdf,
                scheduled_by = excluded.scheduled_by,
                block = excluded.block
            returning bill_id, scheduled_time
        )
        insert into billing.share_queue (bill_id, practice_id, due_time)
        select bill_id, $1, scheduled_time
        from scheduled
        on conflict on constraint share_queue_pkey do update
        set due_time = excluded.due_time
        "#,
        practice.uuid(),
        &bills,
        &clients,
        &times as &[jiff_sqlx::Timestamp],
        &pdfs,
        &whose as &[Option<String>],
        &blocks as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is scheduled of these bills.
pub async fn of_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<Schedule>> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill: BillId",
            client_id as "client: ClientId",
            scheduled_time as "scheduled_time: jiff_sqlx::Timestamp",
            with_pdf,
            scheduled_by,
            block
        from billing.share_schedules
        where practice_id = $1 and bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_schedule).collect()
}

/// The same, locked.
pub async fn lock_of_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<Schedule>> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill: BillId",
            client_id as "client: ClientId",
            scheduled_time as "scheduled_time: jiff_sqlx::Timestamp",
            with_pdf,
            scheduled_by,
            block
        from billing.share_schedules
        where practice_id = $1 and bill_id = any($2)
        order by bill_id
        for update
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_schedule).collect()
}

/// When a bill will be shared; none when nobody wants it to be.
pub async fn find_time(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<Timestamp>> {
    let found = of_bills(conn, practice, &[bill]).await?.pop();
    Ok(found.map(|schedule| schedule.scheduled_time))
}

/// At most `limit`, soonest first: of one bill, of one client, or of the practice.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, client): (Option<BillId>, Option<ClientId>),
    limit: i64,
) -> Result<Vec<Schedule>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill: BillId",
            client_id as "client: ClientId",
            scheduled_time as "scheduled_time: jiff_sqlx::Timestamp",
            with_pdf,
            scheduled_by,
            block
        from billing.share_schedules
        where practice_id = $1
            and ($2::uuid is null or bill_id = $2)
            and ($3::uuid is null or client_id = $3)
        order by scheduled_time, bill_id
        limit $4
        "#,
        practice.uuid(),
        bill.map(BillId::uuid),
        client.map(ClientId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_schedule).collect()
}

/// Takes back what is scheduled for these bills, and answers for how many that was.
pub async fn delete(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<u64> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let deleted = sqlx::query!(
        r#"
        with unqueued as (
            delete from billing.share_queue where practice_id = $1 and bill_id = any($2)
        )
        delete from billing.share_schedules
        where practice_id = $1 and bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}

/// Notes why these bills wait, and when to look again.
pub async fn update_blocked(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
    (block, next_time): (Block, Timestamp),
) -> Result<()> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    sqlx::query!(
        r#"
        with postponed as (
            update billing.share_queue set due_time = $4 where practice_id = $1 and bill_id = any($2)
        )
        update billing.share_schedules
        set block = $3
        where practice_id = $1 and bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
        block.name(),
        next_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// These clients have an address now: what is scheduled for them is looked at when its time comes, or at once. Also what
/// does not wait for one as far as this transaction sees: a worker may be about to say that it does.
pub async fn unblock(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<()> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let scheduled: Vec<Uuid> = sqlx::query_scalar!(
        r#"
        select bill_id
        from billing.share_schedules
        where practice_id = $1 and client_id = any($2)
        order by bill_id
        for update
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    if scheduled.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        with freed as (
            update billing.share_schedules
            set block = null
            where practice_id = $1 and bill_id = any($2)
            returning bill_id, scheduled_time
        )
        update billing.share_queue queue
        set due_time = freed.scheduled_time
        from freed
        where queue.practice_id = $1 and queue.bill_id = freed.bill_id
        "#,
        practice.uuid(),
        &scheduled,
    )
    .execute(conn)
    .await?;
    Ok(())
}
