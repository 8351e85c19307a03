use super::{online_payments, unavailable};
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
    let mut refusal = None;
    if enabled {
        let account = payments.processor.get_account().await;
        let account = account.map_err(|error| unavailable(&error))?;
        refusal =
            (!account.charges_enabled).then_some(Error::ChargesNotEnabled(account.disabled_reason));
    }
    online_payments::set(payments, practice, key, (enabled, refusal)).await
}
