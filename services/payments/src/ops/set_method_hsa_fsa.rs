use super::payers;
use crate::domain::on_file::{MethodKind, MethodState};
use crate::store::methods::Method;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use pg::RequestKey;

/// Keeps what the payer says of a card. Errors: as MethodService.SetMethodHsaFsa says.
pub async fn set_method_hsa_fsa(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, id, hsa_fsa): (PracticeId, MethodId, bool),
) -> Result<Method> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    let method = store::methods::lock(&mut tx, practice, id).await?;
    payers::may_method(caller, practice, &method)?;
    if before.is_some() {
        return Ok(method);
    }
    match (method.state, method.kind) {
        (MethodState::Removed, _) => return Err(Error::MethodRemoved(id)),
        (MethodState::Active | MethodState::Expired, MethodKind::BankAccount) => {
            return Err(Error::NotACard(id));
        }
        (MethodState::Active | MethodState::Expired, MethodKind::Card) => {}
    }
    let said = Method { hsa_fsa, ..method };
    store::methods::update(&mut tx, practice, &said, now).await?;
    let events = [event::method_updated(&payments.clock, &said)];
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(said)
}
