//! What the processor says of a setup is taken in here, whoever heard of it first: browser, webhook and reconciler may come
//! at once.

use super::place_on_file::{PutOnFile, Wish};
use crate::domain::setup::{SetupSaid, SetupState};
use crate::store::processor_objects::Subject;
use crate::store::setups::Setup;
use crate::{Error, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SetupId};

/// Takes in what the processor says of a setup, in any order and number. The method and its event commit with it.
pub async fn settle_setup(
    payments: &Payments,
    caller: &Caller,
    (practice, setup): (PracticeId, SetupId),
    said: SetupSaid,
) -> Result<()> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let payer = store::setups::get(&mut tx, practice, setup).await?.payer;
    store::customers::lock(&mut tx, practice, payer).await?;
    let before = store::setups::get(&mut tx, practice, setup).await?;
    let state = before.state.merged(said.state);
    let after = Setup {
        state,
        decline: said.decline,
        ..before.clone()
    };
    if after == before {
        return Ok(());
    }
    let (after, events) = match (state, said.stored) {
        _ if before.state.is_final() => return Ok(()),
        (SetupState::Succeeded, Some(stored)) => {
            let on_file = PutOnFile {
                payments,
                practice,
                account: before.account.as_deref(),
                wish: Wish {
                    payer: before.payer,
                    client: before.client,
                    make_default: before.make_default,
                    hsa_fsa: before.hsa_fsa,
                    replaces: before.replaces,
                },
                now,
            };
            let (method, events) = on_file.put(&mut tx, stored).await?;
            let method = Some(method);
            (Setup { method, ..after }, events)
        }
        (SetupState::Succeeded, None) => {
            return Err(Error::ProcessorContradicts("a setup without a method"));
        }
        (
            SetupState::Created
            | SetupState::Waiting
            | SetupState::RequiresAction
            | SetupState::Processing
            | SetupState::Failed
            | SetupState::Cancelled,
            _,
        ) => (after, Vec::new()),
    };
    store::setups::update_standing(&mut tx, practice, &after, now).await?;
    if state.is_final() {
        store::unsettled::delete(&mut tx, Subject::Setup(setup)).await?;
    }
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    crate::crash::point("after_settle_setup");
    Ok(())
}
