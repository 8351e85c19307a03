use crate::domain::on_file::{Expiry, ExpiryNotice, MethodState, Stored};
use crate::store::methods::{Method, Whose};
use crate::wire::event;
use crate::{OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use jiff::civil::Date;

/// Takes in what the processor says of a method on file: renewed by the bank, or taken away. What is said of a former token
/// changes nothing.
pub async fn settle_method(
    payments: &Payments,
    caller: &Caller,
    (practice, id): (PracticeId, MethodId),
    stored: Stored,
) -> Result<()> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = store::methods::lock(&mut tx, practice, id).await?;
    if before.state == MethodState::Removed || before.processor_method != stored.token {
        return Ok(());
    }
    let today = store::practices::get(&mut tx, practice)
        .await?
        .local_date(now)?;
    let others = store::methods::list(&mut tx, practice, Whose::Payer(before.payer)).await?;
    let taken = others
        .iter()
        .any(|other| other.method != id && other.fingerprint == stored.fingerprint);
    let after = after(&before, stored, (taken, today));
    if after == before {
        return Ok(());
    }
    store::methods::update(&mut tx, practice, &after, now).await?;
    let told = match after.state {
        MethodState::Removed => event::method_removed(&payments.clock, &after),
        MethodState::Active | MethodState::Expired => {
            event::method_updated(&payments.clock, &after)
        }
    };
    OUTBOX.append(&mut tx, practice, now, &[told]).await?;
    Ok(tx.commit().await?)
}

/// A fingerprint that another method of the payer has is left to it.
fn after(before: &Method, stored: Stored, (taken, today): (bool, Date)) -> Method {
    if stored.customer.is_none() {
        return Method {
            state: MethodState::Removed,
            is_default: false,
            ..before.clone()
        };
    }
    let over = |expiry: Expiry| expiry.notice(today) == Some(ExpiryNotice::Expired);
    Method {
        fingerprint: if taken {
            before.fingerprint.clone()
        } else {
            stored.fingerprint
        },
        brand: stored.brand,
        last4: stored.last4,
        expiry: stored.expiry,
        funding: stored.funding,
        zip_check: stored.zip_check,
        state: if stored.expiry.is_some_and(over) {
            MethodState::Expired
        } else {
            MethodState::Active
        },
        ..before.clone()
    }
}
