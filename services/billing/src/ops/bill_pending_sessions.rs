use crate::store::automation_runs::{ByHand, Run, RunKey};
use crate::store::practices::Practice;
use crate::{Billing, Error, Missing, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{ClientId, PracticeId, RunId};
use jiff::Timestamp;
use jiff::civil::Date;
use pg::RequestKey;
use sqlx::PgConnection;

/// Which pending sessions are to be billed by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingSessions {
    /// None are all.
    pub clients: Vec<ClientId>,
    /// The last day of service; none is today.
    pub through: Option<Date>,
}

/// Begins a run that bills what is pending. Errors: as AutomationService.BillPendingSessions says.
pub async fn bill_pending_sessions(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, asked): (PracticeId, PendingSessions),
) -> Result<Run> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let run = RunId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, run.uuid(), now).await? {
        return begun(&mut tx, practice_id, first.into()).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (clients, through, today) = checked(&mut tx, (&practice, now), asked, "sessions").await?;
    let asked = ByHand {
        run,
        asked_by: caller.subject.clone(),
        through,
        clients,
    };
    let whose = (practice_id, practice.currency);
    store::hand_runs::insert(&mut tx, whose, &asked, (today, now)).await?;
    let begun = begun(&mut tx, practice_id, run).await?;
    tx.commit().await?;
    Ok(begun)
}

async fn begun(conn: &mut PgConnection, practice: PracticeId, run: RunId) -> Result<Run> {
    store::automation_runs::find(conn, practice, RunKey::ByHand(run))
        .await?
        .ok_or(Error::Stored("a run that was begun and is not there"))
}

/// The clients, each once, the last day of service, and today. Errors: INVALID_FIELD, CLIENT_NOT_FOUND.
pub(super) async fn checked(
    conn: &mut PgConnection,
    (practice, now): (&Practice, Timestamp),
    asked: PendingSessions,
    field: &str,
) -> Result<(Vec<ClientId>, Date, Date)> {
    let today = practice.local_date(now)?;
    let through = asked.through.unwrap_or(today);
    if through > today {
        let field = format!("{field}.through_date");
        return Err(Invalid::new(field, "must not be later than today").into());
    }
    let mut clients = asked.clients;
    clients.sort_unstable();
    clients.dedup();
    let missing = store::people::find_missing(conn, practice.practice, &clients).await?;
    if let Some(missing) = missing {
        return Err(Error::Missing(Missing::Client(missing)));
    }
    Ok((clients, through, today))
}
