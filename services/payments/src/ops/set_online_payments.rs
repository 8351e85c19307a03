use super::{accounts, get_processor_account, online_payments, unavailable};
use crate::wire::processor;
use crate::{Error, Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Turns online payments on or off; on only while the processor takes charges. Answers how it is now. Errors: as
/// ProcessorAccountService.SetOnlinePayments says.
pub async fn set_online_payments(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, enabled): (PracticeId, bool),
) -> Result<bool> {
    caller.within(practice)?;
    let refusal = if enabled {
        refusal(payments, caller, practice).await?
    } else {
        None
    };
    online_payments::set(payments, practice, key, (enabled, refusal)).await
}

/// Why the practice cannot be paid online, as the processor says now; none when it can.
async fn refusal(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<Option<Error>> {
    let shown = get_processor_account(payments, caller, practice).await?;
    let known = accounts::all(payments, practice).await?;
    let standing = match known.account_of_now(payments.own_account_required) {
        Err(why) => return Ok(Some(why.into())),
        Ok(Some(_own)) => return Ok(None),
        Ok(None) if !shown.own => shown.standing,
        // Its own is still in onboarding: the installation's takes charges meanwhile.
        Ok(None) => {
            let account = payments.processor.get_account().await;
            processor::standing(account.map_err(|error| unavailable(&error))?)
        }
    };
    let why = Some(standing.disabled_reason).filter(|why| !why.is_empty());
    Ok((!standing.charges_enabled).then_some(Error::ChargesNotEnabled(why)))
}
