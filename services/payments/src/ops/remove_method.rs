use super::payers;
use super::place_on_file::forget;
use crate::domain::on_file::MethodState;
use crate::store::methods::{Method, Whose};
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use pg::RequestKey;

/// Takes a method off file; the processor forgets it a moment later. Answers the method, and whether the payer has others
/// but no default. Errors: as MethodService.RemoveMethod says.
pub async fn remove_method(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, id): (PracticeId, MethodId),
) -> Result<(Method, bool)> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    let method = store::methods::lock(&mut tx, practice, id).await?;
    payers::may_method(caller, practice, &method)?;
    let whose = Whose::Payer(method.payer);
    if before.is_some() {
        let left = store::methods::list(&mut tx, practice, whose).await?;
        return Ok((method, needs_default(&left)));
    }
    if method.state == MethodState::Removed {
        return Err(Error::MethodRemoved(id));
    }
    if store::detachments::is_in_use(&mut tx, practice, &method.processor_method).await? {
        return Err(Error::MethodInUse(id));
    }
    let removed = Method {
        state: MethodState::Removed,
        is_default: false,
        ..method
    };
    store::methods::update(&mut tx, practice, &removed, now).await?;
    forget(&mut tx, payments, practice, &removed).await?;
    let left = store::methods::list(&mut tx, practice, whose).await?;
    let events = [event::method_removed(&payments.clock, &removed)];
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    crate::crash::point("after_remove");
    Ok((removed, needs_default(&left)))
}

fn needs_default(left: &[Method]) -> bool {
    !left.is_empty() && left.iter().all(|method| !method.is_default)
}
