//! The way of a setup: the payer's customer, the processor's setup, then the payer's browser. Each step is committed before
//! the next begins, and each call is written down with its key before it is made. Nothing here takes money.

mod records;
mod steps;

use super::ShownSetup;
use super::settle_setup::settle_setup;
use crate::domain::setup::{SETUP_LIFETIME, SetupSaid, SetupState};
use crate::{Payments, Result};
use ::rpc::Caller;
use ids::{PracticeId, SetupId};

/// Goes on with a setup that was left on its way: the reconciler's turn, which holds its lease.
pub async fn continue_setup(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    setup: SetupId,
) -> Result<()> {
    caller.within(practice)?;
    go_on(payments, practice, setup).await
}

/// Asks the processor what has become of a setup and takes it in. For webhooks.
pub async fn read_setup(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    setup: SetupId,
) -> Result<()> {
    caller.within(practice)?;
    take_in(payments, practice, setup).await
}

/// Asks the processor, when it knows of the setup, and takes in what it says.
pub(super) async fn take_in(
    payments: &Payments,
    practice: PracticeId,
    setup: SetupId,
) -> Result<()> {
    let record = records::setup(payments, practice, setup).await?;
    match &record.processor_intent {
        Some(intent) if !record.state.is_final() => {
            let object = (&**intent, record.account.as_deref());
            let said = steps::read(payments, object).await?;
            settle(payments, practice, setup, said).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Goes on until the payer has something to do, and gives the lease back.
pub(super) async fn go_on(payments: &Payments, practice: PracticeId, setup: SetupId) -> Result<()> {
    let outcome = walk(payments, practice, setup).await;
    records::release(payments, setup).await?;
    outcome
}

async fn walk(payments: &Payments, practice: PracticeId, setup: SetupId) -> Result<()> {
    let record = records::setup(payments, practice, setup).await?;
    if record.state.is_final() {
        return Ok(());
    }
    let age = payments.clock.now().duration_since(record.create_time);
    let over = age >= SETUP_LIFETIME;
    let Some(intent) = &record.processor_intent else {
        if over {
            let said = SetupSaid::only(SetupState::Cancelled);
            return settle(payments, practice, setup, said).await;
        }
        let customer = steps::customer(payments, practice, &record).await?;
        return match steps::create(payments, practice, &record, &customer).await? {
            Some(said) => settle(payments, practice, setup, said).await,
            None => Ok(()),
        };
    };
    let object = (&**intent, record.account.as_deref());
    let said = steps::read(payments, object).await?;
    let unfinished = !said.state.is_final();
    settle(payments, practice, setup, said).await?;
    if over && unfinished {
        let said = steps::cancel(payments, setup, object).await?;
        settle(payments, practice, setup, said).await?;
    }
    Ok(())
}

/// A setup with what its payer's browser needs, and what came of it.
pub(super) async fn show(
    payments: &Payments,
    practice: PracticeId,
    setup: SetupId,
) -> Result<ShownSetup> {
    let (setup, method) = records::shown(payments, practice, setup).await?;
    let client_secret = match &setup.processor_intent {
        Some(intent) if setup.state.waits_for_payer() => {
            steps::client_secret(payments, (intent, setup.account.as_deref())).await
        }
        Some(_) | None => None,
    };
    Ok(ShownSetup {
        setup,
        client_secret,
        method,
    })
}

async fn settle(
    payments: &Payments,
    practice: PracticeId,
    setup: SetupId,
    said: SetupSaid,
) -> Result<()> {
    let caller = Caller::worker("payments");
    settle_setup(payments, &caller, (practice, setup), said).await
}
