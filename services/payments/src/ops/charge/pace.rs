//! How fast the processor is called. Slots are in the database, so that all replicas together keep the pace.

use super::records;
use crate::domain::charge::Step;
use crate::domain::pacing;
use crate::{Payments, Result, store};
use ids::{PaymentId, PracticeId};
use std::time::Duration;

/// Whose rate limit it is when a practice has no account of its own: that of the installation's.
const INSTALLATION: &str = "platform";

/// Whether somebody waits for a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// A payer does.
    AtOnce,
    /// Nobody does.
    BySlots,
}

impl Pace {
    /// Waits until a step of a payment may be taken; true when it waited, and somebody else may have gone on meanwhile. Each
    /// account at the processor has a pace of its own.
    pub(super) async fn before(
        self,
        payments: &Payments,
        (practice, payment): (PracticeId, PaymentId),
        step: Step,
    ) -> Result<bool> {
        let calls = match step {
            Step::CreateCustomer
            | Step::CreateIntent
            | Step::Confirm
            | Step::Read
            | Step::GiveUp => true,
            Step::Hold | Step::Rest => false,
        };
        match self {
            Self::BySlots if calls => {
                let account = records::account(payments, practice, payment).await?;
                let now = payments.clock.now();
                let mut tx = pg::begin_any(&payments.db).await?;
                let slot = store::call_slots::take(&mut tx, lane(account.as_deref()), now).await?;
                tx.commit().await?;
                let wait = pacing::wait(slot, now);
                tokio::time::sleep(wait).await;
                Ok(!wait.is_zero())
            }
            Self::BySlots | Self::AtOnce => Ok(false),
        }
    }
}

fn lane(account: Option<&str>) -> &str {
    account.unwrap_or(INSTALLATION)
}

/// Leaves an account at the processor alone for a while, for everybody who is paced; none: the installation's.
pub(in crate::ops) async fn hold_off(
    payments: &Payments,
    account: Option<&str>,
    pause: Duration,
) -> Result<()> {
    let until = payments
        .clock
        .now()
        .saturating_add(jiff::SignedDuration::try_from(pause).unwrap_or_default())
        .unwrap_or(jiff::Timestamp::MAX);
    let mut tx = pg::begin_any(&payments.db).await?;
    store::call_slots::hold_off(&mut tx, lane(account), until).await?;
    Ok(tx.commit().await?)
}
