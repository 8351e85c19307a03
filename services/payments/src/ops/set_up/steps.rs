//! The calls to the processor; no transaction begins here.

use super::records;
use crate::domain::setup::{SetupSaid, SetupState};
use crate::ops::charge::made_customer;
use crate::ops::whose::Object;
use crate::store::attempts::Call;
use crate::store::setups::Setup;
use crate::wire::processor::setup_said;
use crate::{Payments, Result, ops::unavailable};
use ids::{PracticeId, SetupId};
use processor::{NewCustomer, NewSetup, ProcessorError};
use secrecy::SecretString;

/// The payer's customer at the processor, made when there is none. It carries ids, no name. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn customer(
    payments: &Payments,
    practice: PracticeId,
    setup: &Setup,
) -> Result<String> {
    let (customer, key) = records::start_customer(payments, practice, setup).await?;
    if let Some(known) = customer.processor_customer {
        return Ok(known);
    }
    crate::crash::point("before_create_customer");
    let new = NewCustomer {
        practice,
        payer_account: customer.payer_account,
    };
    let processor = payments.at(setup.account.as_deref())?;
    let made = made_customer(&processor, new, &key).await;
    crate::crash::point("after_create_customer");
    let made = made.map_err(|error| unavailable(&error))?;
    records::customer_made(payments, practice, (setup, &made)).await
}

/// Makes the processor's setup and keeps its id. What it said instead, when it will not. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn create(
    payments: &Payments,
    practice: PracticeId,
    begun: &Setup,
    customer: &str,
) -> Result<Option<SetupSaid>> {
    let setup = begun.setup;
    let key = records::start_create(payments, practice, setup).await?;
    crate::crash::point("before_create_setup");
    let new = NewSetup {
        practice,
        setup,
        customer,
    };
    let processor = payments.at(begun.account.as_deref())?;
    let made = processor.create_setup_intent(new, &key).await;
    crate::crash::point("after_create_setup");
    match made {
        Ok(made) => {
            records::created(payments, practice, (begun, &made.id)).await?;
            crate::crash::point("after_create_setup_commit");
            Ok(None)
        }
        Err(error @ (ProcessorError::Rejected { .. } | ProcessorError::Declined(_))) => {
            tracing::error!(%setup, %error, "the processor refused a setup");
            Ok(Some(SetupSaid::only(SetupState::Failed)))
        }
        // It will be answered so as long as the key lives.
        Err(ProcessorError::Unknown {
            status: Some(500..),
            reason,
        }) => {
            tracing::warn!(%setup, reason, "the processor failed to begin a setup");
            Ok(Some(SetupSaid::only(SetupState::Failed)))
        }
        Err(error) => Err(unavailable(&error)),
    }
}

/// What the processor says of a setup now. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn read(payments: &Payments, object: Object<'_>) -> Result<SetupSaid> {
    let (intent, account) = object;
    match payments.at(account)?.get_setup_intent(intent).await {
        Ok(setup) => Ok(setup_said(&setup)),
        Err(error) => Err(unavailable(&error)),
    }
}

/// Sees to it that nobody can finish it any more; should somebody have, the processor says so.
pub(super) async fn cancel(
    payments: &Payments,
    setup: SetupId,
    object: Object<'_>,
) -> Result<SetupSaid> {
    let ((intent, account), key) = (object, Call::CancelSetup.key(setup));
    let processor = payments.at(account)?;
    match processor.cancel_setup_intent(intent, &key).await {
        Ok(setup) => Ok(setup_said(&setup)),
        Err(ProcessorError::Rejected { .. }) => read(payments, object).await,
        Err(error) => Err(unavailable(&error)),
    }
}

/// What the payer's browser needs; none when it cannot be had now.
pub(super) async fn client_secret(
    payments: &Payments,
    (intent, account): Object<'_>,
) -> Option<SecretString> {
    let processor = payments.at(account).ok()?;
    match processor.get_setup_intent(intent).await {
        Ok(setup) => setup.client_secret,
        Err(error) => {
            tracing::warn!(%error, "a payer cannot give a method yet");
            None
        }
    }
}
