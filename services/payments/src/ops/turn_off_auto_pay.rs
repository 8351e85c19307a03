use super::payers;
use crate::store::autopay_enrolments::Enrolment;
use crate::{Error, Missing, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use pg::RequestKey;

/// Charges a client's bills no more. Errors: as AutoPayService.TurnOffAutoPay says.
pub async fn turn_off_auto_pay(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, client): (PracticeId, ClientId),
) -> Result<Enrolment> {
    caller.within(practice)?;
    caller.sees_client(client)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, client.uuid(), now).await?;
    let enrolled = store::autopay_enrolments::lock(&mut tx, practice, client).await?;
    let enrolled = enrolled.ok_or(Error::Missing(Missing::AutoPay(client)))?;
    payers::may_auto_pay(caller, practice, (enrolled.payer, client))?;
    if before.is_some() {
        return Ok(enrolled);
    }
    let by = (client, caller.subject.as_str());
    store::autopay_enrolments::turn_off(&mut tx, practice, by, now).await?;
    tx.commit().await?;
    Ok(Enrolment {
        turn_off_time: enrolled.turn_off_time.or(Some(now)),
        ..enrolled
    })
}
