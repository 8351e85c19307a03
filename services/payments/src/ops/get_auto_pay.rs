use super::payers;
use crate::store::autopay_enrolments::Enrolment;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// Reads AutoPay of a client's bills. Errors: CLIENT_UNKNOWN, AUTO_PAY_NOT_FOUND.
pub async fn get_auto_pay(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    client: ClientId,
) -> Result<Enrolment> {
    caller.within(practice)?;
    caller.sees_client(client)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let found = store::autopay_enrolments::find(&mut tx, practice, client).await?;
    let enrolled = found.ok_or(Error::Missing(Missing::AutoPay(client)))?;
    payers::may_auto_pay(caller, practice, (enrolled.payer, client))?;
    Ok(enrolled)
}
