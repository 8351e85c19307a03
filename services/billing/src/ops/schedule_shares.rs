use crate::Result;
use crate::domain::sharing::{Block, Schedule};
use crate::store;
use ids::{BillId, ClientId, PracticeId};
use jiff::Timestamp;
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};

/// Schedules bills that are issued in this transaction, as the policies of the practice and of the clients want, and
/// answers which those are, and when. Four statements at most, however many bills there are.
pub(super) async fn schedule_shares(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[(BillId, ClientId)],
    now: Timestamp,
) -> Result<HashMap<BillId, Timestamp>> {
    let clients: Vec<ClientId> = bills.iter().map(|(_, client)| *client).collect();
    let usual = store::share_policies::get(conn, practice).await?;
    let own: HashMap<_, _> = store::share_policies::of_clients(conn, practice, &clients)
        .await?
        .into_iter()
        .collect();
    let scheduled = bills.iter().filter_map(|(bill, client)| {
        let policy = own.get(client).unwrap_or(&usual);
        Some(Schedule {
            bill: *bill,
            client: *client,
            scheduled_time: policy.share_time(now)?,
            with_pdf: policy.with_pdf,
            scheduled_by: None,
            block: None,
        })
    });
    let mut schedules: Vec<Schedule> = scheduled.collect();
    if schedules.is_empty() {
        return Ok(HashMap::new());
    }
    let reached: HashSet<ClientId> =
        store::people::with_billing_email(conn, practice, &clients).await?;
    for schedule in &mut schedules {
        let unreached = !reached.contains(&schedule.client);
        schedule.block = unreached.then_some(Block::NoEmailAddress);
    }
    store::share_schedules::upsert(conn, practice, &schedules).await?;
    let times = schedules.iter().map(|one| (one.bill, one.scheduled_time));
    Ok(times.collect())
}
