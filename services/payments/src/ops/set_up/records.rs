//! What is written between the steps of a setup, each in a transaction of its own.

use crate::ops::payer_customer;
use crate::store::attempts::Call;
use crate::store::customers::Customer;
use crate::store::methods::Method;
use crate::store::processor_objects::Subject;
use crate::store::setups::Setup;
use crate::{Payments, Result, store};
use ids::{PracticeId, SetupId};

pub(super) async fn setup(
    payments: &Payments,
    practice: PracticeId,
    setup: SetupId,
) -> Result<Setup> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::setups::get(&mut tx, practice, setup).await
}

pub(super) async fn shown(
    payments: &Payments,
    practice: PracticeId,
    setup: SetupId,
) -> Result<(Setup, Option<Method>)> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let setup = store::setups::get(&mut tx, practice, setup).await?;
    let method = match setup.method {
        Some(method) => store::methods::find(&mut tx, practice, method).await?,
        None => None,
    };
    Ok((setup, method))
}

/// The payer as the processor knows it, and under which key it is told of them.
pub(super) async fn start_customer(
    payments: &Payments,
    practice: PracticeId,
    setup: &Setup,
) -> Result<(Customer, String)> {
    let whose = (setup.payer, setup.account.as_deref());
    payer_customer::start(payments, practice, whose).await
}

/// Keeps the processor's customer, and answers the one that counts: whoever was first.
pub(super) async fn customer_made(
    payments: &Payments,
    practice: PracticeId,
    (setup, made): (&Setup, &str),
) -> Result<String> {
    let whose = (setup.payer, setup.account.as_deref());
    let mut tx = pg::begin(&payments.db, practice).await?;
    let kept = payer_customer::finish(payments, &mut tx, practice, whose, made).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Writes down that the processor's setup is asked for, and under which key.
pub(super) async fn start_create(
    payments: &Payments,
    practice: PracticeId,
    setup: SetupId,
) -> Result<String> {
    let (now, key) = (payments.clock.now(), Call::CreateSetup.key(setup));
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::attempts::start(
        &mut tx,
        practice,
        (setup.uuid(), Call::CreateSetup),
        &key,
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(key)
}

/// Keeps the processor's setup before anybody can finish it.
pub(super) async fn created(
    payments: &Payments,
    practice: PracticeId,
    (begun, intent): (&Setup, &str),
) -> Result<()> {
    let (setup, now) = (begun.setup, payments.clock.now());
    let mut tx = pg::begin(&payments.db, practice).await?;
    let made = (setup.uuid(), Call::CreateSetup);
    store::attempts::finish(&mut tx, practice, made, now).await?;
    store::setups::update_intent(&mut tx, practice, (setup, intent), now).await?;
    let subject = Subject::Setup(setup);
    let object = (intent, begun.account.as_deref());
    store::processor_objects::insert(&mut tx, practice, object, subject).await?;
    Ok(tx.commit().await?)
}

/// Gives the lease back; a setup that has ended has none.
pub(super) async fn release(payments: &Payments, setup: SetupId) -> Result<()> {
    let mut tx = pg::begin_any(&payments.db).await?;
    store::unsettled::release(&mut tx, Subject::Setup(setup), None).await?;
    Ok(tx.commit().await?)
}
