use super::payers;
use crate::domain::on_file::MethodState;
use crate::store::methods::Method;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use pg::RequestKey;

/// Makes a method the payer's default. Errors: as MethodService.SetDefaultMethod says.
pub async fn set_default_method(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, id): (PracticeId, MethodId),
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
    if method.state == MethodState::Removed {
        return Err(Error::MethodRemoved(id));
    }
    let mut events = Vec::new();
    if !method.is_default {
        let former = store::methods::default_of(&mut tx, practice, method.payer).await?;
        let former = former.map(|former| Method {
            is_default: false,
            ..former
        });
        if let Some(former) = former {
            store::methods::update(&mut tx, practice, &former, now).await?;
            events.push(event::method_updated(&payments.clock, &former));
        }
    }
    let changed = !method.is_default;
    let preferred = Method {
        is_default: true,
        ..method
    };
    if changed {
        store::methods::update(&mut tx, practice, &preferred, now).await?;
        events.push(event::method_updated(&payments.clock, &preferred));
    }
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(preferred)
}
