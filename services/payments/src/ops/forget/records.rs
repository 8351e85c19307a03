use crate::store::attempts::Call;
use crate::store::detachments::Detachment;
use crate::store::processor_objects::Subject;
use crate::{Payments, Result, store};
use ids::{DetachmentId, PracticeId};

/// What is to be forgotten and the key of the call, which is written down; none when it is forgotten already, or still needed.
pub(super) async fn start(
    payments: &Payments,
    practice: PracticeId,
    detachment: DetachmentId,
) -> Result<Option<(Detachment, String)>> {
    let (now, key) = (payments.clock.now(), Call::DetachMethod.key(detachment));
    let mut tx = pg::begin(&payments.db, practice).await?;
    let Some(open) = store::detachments::find_open(&mut tx, practice, detachment).await? else {
        store::unsettled::delete(&mut tx, Subject::Detachment(detachment)).await?;
        tx.commit().await?;
        return Ok(None);
    };
    if store::detachments::is_in_use(&mut tx, practice, &open.processor_method).await? {
        return Ok(None);
    }
    let call = (detachment.uuid(), Call::DetachMethod);
    store::attempts::start(&mut tx, practice, call, &key, now).await?;
    tx.commit().await?;
    Ok(Some((open, key)))
}

pub(super) async fn finish(
    payments: &Payments,
    practice: PracticeId,
    detachment: DetachmentId,
) -> Result<()> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::detachments::finish(&mut tx, practice, detachment, now).await?;
    let call = (detachment.uuid(), Call::DetachMethod);
    store::attempts::finish(&mut tx, practice, call, now).await?;
    store::unsettled::delete(&mut tx, Subject::Detachment(detachment)).await?;
    Ok(tx.commit().await?)
}
