use crate::domain::on_file::{MethodState, Stored};
use crate::domain::payer::Payer;
use crate::store::methods::{Method, Whose};
use crate::{Payments, Result, store};
use ids::{ClientId, MethodId, PracticeId};
use jiff::Timestamp;
use pg::Tx;

/// Puts a method on file with which its payer has just paid: the first is the default. The same card again is the method
/// that was there, with its newer token. The caller holds the payer's lock.
pub(super) async fn put_on_file(
    payments: &Payments,
    tx: &mut Tx,
    (practice, now): (PracticeId, Timestamp),
    (payer, client): (Payer, ClientId),
    (customer, found): (&str, Stored),
) -> Result<MethodId> {
    let others = store::methods::list(tx, practice, Whose::Payer(payer)).await?;
    let same = others.iter().find(|it| {
        it.processor_method == found.token
            || (!found.fingerprint.is_empty() && it.fingerprint == found.fingerprint)
    });
    let before = same.cloned();
    let method = Method {
        method: before
            .as_ref()
            .map_or_else(|| MethodId::new(&payments.clock), |it| it.method),
        payer,
        client,
        kind: found.kind,
        processor_customer: customer.to_owned(),
        processor_method: found.token,
        fingerprint: found.fingerprint,
        brand: found.brand,
        last4: found.last4,
        expiry: found.expiry,
        funding: found.funding,
        hsa_fsa: before.as_ref().is_some_and(|it| it.hsa_fsa),
        zip_check: found.zip_check,
        state: MethodState::Active,
        is_default: before
            .as_ref()
            .map_or(!others.iter().any(|it| it.is_default), |it| it.is_default),
        authorization: before.as_ref().and_then(|it| it.authorization),
        replaced_by: None,
        create_time: now,
    };
    if before.is_some() {
        store::methods::update(tx, practice, &method, now).await?;
    } else {
        store::methods::insert(tx, practice, &method).await?;
    }
    Ok(method.method)
}
