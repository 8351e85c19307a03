//! Whose an object of the processor is, before any practice is known.

use crate::store::processor_objects::{Known, Subject};
use crate::{Payments, Result, store};
use ids::{PaymentId, PracticeId};

/// An object of the processor, and the practice's own account that it is of; none: the installation's.
pub(super) type Object<'a> = (&'a str, Option<&'a str>);

/// Whose object it is; nobody's when we know it from another account.
pub(super) async fn subject_of(
    payments: &Payments,
    (object, account): Object<'_>,
) -> Result<Option<Known>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    let known = store::processor_objects::find(&mut tx, object).await?;
    Ok(known.filter(|known| known.account.as_deref() == account))
}

/// The payment that is paid by this intent, `pi_…`.
pub(super) async fn payment_of(
    payments: &Payments,
    intent: Object<'_>,
) -> Result<Option<(PracticeId, PaymentId)>> {
    let Some(known) = subject_of(payments, intent).await? else {
        return Ok(None);
    };
    Ok(match known.subject {
        Subject::Payment(payment) => Some((known.practice, payment)),
        Subject::Refund(_) | Subject::Setup(_) | Subject::Method(_) | Subject::Detachment(_) => {
            None
        }
    })
}
