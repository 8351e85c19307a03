use super::payers;
use crate::store::methods::Method;
use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};

/// Reads a method, also one that was removed. Errors: METHOD_NOT_FOUND.
pub async fn get_method(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    method: MethodId,
) -> Result<Method> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let found = store::methods::get(&mut tx, practice, method).await?;
    payers::may_method(caller, practice, &found)?;
    Ok(found)
}
