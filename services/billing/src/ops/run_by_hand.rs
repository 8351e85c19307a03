use super::bill_pending::{Run, bill_pending};
use crate::store::automation_runs::RunKey;
use crate::store::automation_sessions::{By, Pick};
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RunId};

/// Bills what a run by hand was asked for, or goes on with it, and ends it. Errors: none of its own.
pub async fn run_by_hand(
    billing: &Billing,
    caller: &Caller,
    (practice_id, run): (PracticeId, RunId),
) -> Result<()> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let terms = store::terms::of_practice(&mut tx, &practice, now).await?;
    let key = RunKey::ByHand(run);
    let begun = store::automation_runs::find(&mut tx, practice_id, key).await?;
    tx.commit().await?;
    let Some((begun, asked)) = begun.and_then(|begun| Some((begun.clone(), begun.by_hand?))) else {
        return Ok(());
    };
    let pick = Pick {
        practice: practice_id,
        terms: &terms,
        by: By::Hand(asked.through, &asked.clients),
    };
    if begun.end_time.is_none() {
        let run = Run {
            practice: &practice,
            key,
            run_date: begun.run_date,
            pick,
            made_by: &asked.asked_by,
        };
        bill_pending(billing, run).await?;
    }
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if store::hand_runs::end(&mut tx, practice_id, (run, billing.clock.now())).await? {
        let of = (pick, run);
        store::automation_skips::insert_by_hand(&mut tx, of, begun.start_time).await?;
    }
    Ok(tx.commit().await?)
}
