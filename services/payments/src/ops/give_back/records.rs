//! What is written between the steps of a refund, each in a transaction of its own.

use super::steps::{Told, no_object};
use crate::ops::whose;
use crate::store::attempts::{Call, Started};
use crate::store::processor_objects::Subject;
use crate::store::refunds::Refund;
use crate::{Error, Missing, Payments, Result, store};
use ids::{PracticeId, RefundId};
use jiff::Timestamp;

/// A refund on its way.
pub(super) struct Pending {
    /// The refund.
    pub(super) refund: Refund,
    /// The practice's own account on which the payment was made, `acct_…`; none: the installation's.
    pub(super) account: Option<String>,
    /// The payment's object at the processor, `pi_…`.
    pub(super) intent: String,
    /// When it was first sent.
    pub(super) asked: Option<Timestamp>,
}

pub(super) async fn pending(
    payments: &Payments,
    practice: PracticeId,
    refund: RefundId,
) -> Result<Pending> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let payment = store::refunds::get_payment(&mut tx, practice, refund).await?;
    let payment = store::payments::get(&mut tx, practice, payment).await?;
    let sent = (refund.uuid(), Call::CreateRefund);
    let asked = store::attempts::find_start(&mut tx, practice, sent).await?;
    let mut refunds = payment.refunds.into_iter();
    Ok(Pending {
        refund: refunds
            .find(|it| it.refund == refund)
            .ok_or(Error::Missing(Missing::Refund(refund)))?,
        account: payment.means.account,
        intent: payment.processor_intent.ok_or_else(no_object)?,
        asked,
    })
}

/// Writes down that the refund is sent, and under which key.
pub(super) async fn start(
    payments: &Payments,
    practice: PracticeId,
    refund: RefundId,
) -> Result<(String, Started)> {
    let (now, key) = (payments.clock.now(), Call::CreateRefund.key(refund));
    let call = (refund.uuid(), Call::CreateRefund);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let started = store::attempts::start(&mut tx, practice, call, &key, now).await?;
    tx.commit().await?;
    Ok((key, started))
}

/// Whose refund the processor speaks of: known by itself, or by its payment.
pub(super) async fn practice_of(payments: &Payments, told: &Told) -> Result<Option<PracticeId>> {
    for object in [&told.object, &told.intent].into_iter().flatten() {
        let object = (&**object, told.account.as_deref());
        if let Some(known) = whose::subject_of(payments, object).await? {
            return Ok(Some(known.practice));
        }
    }
    Ok(None)
}

/// Gives the lease back; a refund that has ended has none.
pub(super) async fn release(payments: &Payments, refund: RefundId) -> Result<()> {
    let mut tx = pg::begin_any(&payments.db).await?;
    store::unsettled::release(&mut tx, Subject::Refund(refund), None).await?;
    Ok(tx.commit().await?)
}
