use crate::domain::terms::{Automation, PracticeTerms, begins, day_after};
use crate::store::automation_queue::DueRun;
use crate::store::practices::Practice;
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use pg::RequestKey;
use sqlx::PgConnection;

/// How the practice is to bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetPracticeTerms {
    /// When.
    pub automation: Automation,
    /// None: as before while automation stays on, otherwise today.
    pub automation_from: Option<Date>,
    /// 0 to 365.
    pub due_days: i32,
    /// Superbills of a month make themselves when it is over.
    pub monthly_superbills: bool,
}

/// Sets how the practice bills. Errors: as TermsService.SetPracticeTerms says.
pub async fn set_practice_terms(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    practice_id: PracticeId,
    asked: SetPracticeTerms,
) -> Result<PracticeTerms> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, practice_id.uuid(), now)
        .await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::practices::lock(&mut tx, practice_id).await?;
    let before = store::terms::of_practice(&mut tx, &practice, now).await?;
    if replayed.is_some() {
        return Ok(before);
    }
    let goes_on = before.automation.is_automatic() && before.update_time.is_some();
    let from = match asked.automation_from {
        Some(from) => from,
        None if goes_on => before.automation_from,
        None => practice.local_date(now)?,
    };
    let terms = PracticeTerms {
        automation: asked.automation,
        automation_from: from,
        due_days: asked.due_days,
        monthly_superbills: asked.monthly_superbills,
        update_time: Some(now),
    };
    store::terms::upsert_of_practice(&mut tx, &practice, &terms, now).await?;
    if terms.automation.is_automatic() || terms.monthly_superbills {
        enqueue(&mut tx, &practice, now).await?;
    }
    tx.commit().await?;
    Ok(terms)
}

/// Has the practice's nights come, from the next one on.
pub(super) async fn enqueue(
    conn: &mut PgConnection,
    practice: &Practice,
    now: Timestamp,
) -> Result<()> {
    let tomorrow = day_after(practice.local_date(now)?);
    let tomorrow = tomorrow.ok_or(Error::Stored("the end of time"))?;
    let begin = begins(tomorrow, &practice.zone()?).ok_or(Error::Stored("the end of time"))?;
    let run = DueRun {
        practice: practice.practice,
        run_date: tomorrow,
    };
    Ok(store::automation_queue::insert(conn, run, begin).await?)
}
