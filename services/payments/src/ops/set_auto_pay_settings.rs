use crate::domain::autopay_settings::Settings;
use crate::{Error, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Says how the practice wants AutoPay; the next night comes at the new hour. Errors: as
/// AutoPayService.SetAutoPaySettings says.
pub async fn set_auto_pay_settings(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, settings): (PracticeId, Settings),
) -> Result<Settings> {
    caller.within(practice_id)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let subject = practice_id.uuid();
    if REQUESTS
        .replayed(&mut tx, key, subject, now)
        .await?
        .is_some()
    {
        return store::autopay_settings::get(&mut tx, practice_id).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::autopay_settings::upsert(&mut tx, practice_id, &settings, now).await?;
    let next = settings
        .next_run(now, &practice.zone()?)
        .ok_or(Error::Stored("the end of time"))?;
    store::autopay_queue::schedule(&mut tx, practice_id, next, now).await?;
    tx.commit().await?;
    Ok(settings)
}
