use super::{ShownSetup, payers, set_up};
use crate::{Error, Missing, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SetupId};
use pg::RequestKey;

/// Takes in what the processor says of a setup now. Errors: as MethodService.FinishMethodSetup says.
pub async fn finish_method_setup(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, setup): (PracticeId, SetupId),
) -> Result<ShownSetup> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let begun = store::setups::get(&mut tx, practice, setup).await?;
    payers::may(caller, practice, (begun.payer, begun.client))
        .map_err(|_| Error::Missing(Missing::Setup(setup)))?;
    // A repeat asks again: what it answers is how things stand.
    let _ = REQUESTS.replayed(&mut tx, key, setup.uuid(), now).await?;
    tx.commit().await?;
    set_up::take_in(payments, practice, setup).await?;
    set_up::show(payments, practice, setup).await
}
