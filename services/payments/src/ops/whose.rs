//! Whose an object of the processor is, before any practice is known.

use crate::store::processor_objects::Subject;
use crate::{Payments, Result, store};
use ids::{PaymentId, PracticeId};

/// Whose object it is.
pub(super) async fn subject_of(
    payments: &Payments,
    object: &str,
) -> Result<Option<(PracticeId, Subject)>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    store::processor_objects::find(&mut tx, object).await
}

/// The payment that is paid by this intent, `pi_…`.
pub(super) async fn payment_of(
    payments: &Payments,
    intent: &str,
) -> Result<Option<(PracticeId, PaymentId)>> {
    Ok(match subject_of(payments, intent).await? {
        Some((practice, Subject::Payment(payment))) => Some((practice, payment)),
        Some((
            _,
            Subject::Refund(_) | Subject::Setup(_) | Subject::Method(_) | Subject::Detachment(_),
        ))
        | None => None,
    })
}
