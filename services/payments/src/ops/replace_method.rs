use super::{SetUpMethod, ShownSetup, payers, set_up_method};
use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use pg::RequestKey;

/// Begins to put a method in another one's place. Errors: as MethodService.ReplaceMethod says.
pub async fn replace_method(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, old, hsa_fsa): (PracticeId, MethodId, bool),
) -> Result<ShownSetup> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let replaced = store::methods::get(&mut tx, practice, old).await?;
    drop(tx);
    payers::may_method(caller, practice, &replaced)?;
    let asked = SetUpMethod {
        practice,
        client: replaced.client,
        payer: replaced.payer,
        make_default: false,
        hsa_fsa,
        replaces: Some(old),
    };
    set_up_method(payments, caller, key, asked).await
}
