use super::payers;
use crate::store::authorizations::Authorization;
use crate::store::card_policies::Form;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, PracticeId};

/// Reads a form, and the text that would be signed now. Errors: AUTHORIZATION_NOT_FOUND.
pub async fn get_card_authorization(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    authorization: AuthorizationId,
) -> Result<(Authorization, Form)> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let found = store::authorizations::get(&mut tx, practice, authorization).await?;
    payers::may(caller, practice, (found.payer, found.client))
        .map_err(|_| Error::Missing(Missing::Authorization(authorization)))?;
    let form = store::card_policies::form(&mut tx, practice).await?;
    Ok((found, form))
}
