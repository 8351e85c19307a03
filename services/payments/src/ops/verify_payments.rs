use crate::domain::announcement::Announced;
use crate::domain::invariant::ANNOUNCED_ONCE;
use crate::store::verify::{self, Oldest, Totals};
use crate::wire::outcome::{Outcome, outcome, outcome_types};
use crate::{Payments, Result, SCHEMA};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId, RefundId};
use jiff::{SignedDuration, Timestamp};
use pg::verify::Finding;
use pg::{Pool, Tx};
use std::collections::BTreeMap;

/// How many are named.
const MOST: usize = 100;
/// The reconciler looks daily at the latest; two looks find out what became of anything.
const UNKNOWN_MAX: SignedDuration = SignedDuration::from_hours(50);
/// A bank debit takes five business days, a refund to a bank as long again.
const PROCESSING_MAX: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Longer than a worker has anything for itself.
const DUE_MAX: SignedDuration = SignedDuration::from_mins(15);
/// Three nights have asked the processor.
const UNMATCHED_MAX: SignedDuration = SignedDuration::from_hours(3 * 24);
/// The next night closes it.
const NIGHT_MAX: SignedDuration = SignedDuration::from_hours(30);

/// Checks the invariants of payments and names what breaks them. Errors: none of its own.
pub async fn verify_payments(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<Vec<Finding>> {
    caller.within(practice)?;
    verify_practice(&payments.db, practice, payments.clock.now()).await
}

/// The same for whoever has the database: what breaks an invariant at one moment, at most 100 rows.
///
/// # Errors
/// The database failed, or holds what is not known here.
pub async fn verify_practice(
    db: &Pool,
    practice: PracticeId,
    now: Timestamp,
) -> Result<Vec<Finding>> {
    let before = |span| now.saturating_sub(span).unwrap_or(Timestamp::MIN);
    let oldest = Oldest {
        unknown: before(UNKNOWN_MAX),
        processing: before(PROCESSING_MAX),
        due: before(DUE_MAX),
        night: before(NIGHT_MAX),
        unmatched: before(UNMATCHED_MAX),
    };
    let mut tx = pg::verify::begin(db, practice).await?;
    let mut found = verify::payments(&mut tx, practice).await?;
    found.extend(verify::given_and_called(&mut tx, practice).await?);
    found.extend(verify::payments_under_way(&mut tx, practice, oldest).await?);
    found.extend(verify::refunds(&mut tx, practice).await?);
    found.extend(verify::refunds_under_way(&mut tx, practice, oldest).await?);
    found.extend(verify::discrepancies(&mut tx, practice).await?);
    found.extend(verify::payouts(&mut tx, practice, oldest).await?);
    found.extend(pg::verify::stream(&mut tx, SCHEMA, practice).await?);
    found.extend(announced_once(&mut tx, practice).await?);
    found.extend(verify::nights(&mut tx, practice, oldest).await?);
    found.extend(verify::acknowledged(&mut tx, practice).await?);
    found.truncate(MOST);
    Ok(found)
}

/// What has come and gone in the practice, for whoever holds it against the ledger.
///
/// # Errors
/// The database failed.
pub async fn totals(db: &Pool, practice: PracticeId) -> Result<Totals> {
    let mut tx = pg::begin(db, practice).await?;
    verify::totals(&mut tx, practice).await
}

/// O2: the outcomes of payments and refunds against what was announced of them.
async fn announced_once(tx: &mut Tx, practice: PracticeId) -> Result<Vec<Finding>> {
    let mut payments: BTreeMap<PaymentId, Announced> = BTreeMap::new();
    let mut refunds: BTreeMap<RefundId, Announced> = BTreeMap::new();
    verify::outcomes(tx, practice, &outcome_types(), |event_type, payload| {
        match outcome(event_type, payload)? {
            Outcome::PaymentSucceeded(id) => payments.entry(id).or_default().succeeded += 1,
            Outcome::PaymentFailed(id) => payments.entry(id).or_default().failed += 1,
            Outcome::RefundSucceeded(id) => refunds.entry(id).or_default().succeeded += 1,
            Outcome::RefundFailed(id) => refunds.entry(id).or_default().failed += 1,
        }
        Ok(())
    })
    .await?;
    let mut found = Vec::new();
    verify::ends_of_payments(tx, practice, |payment, state| {
        let announced = payments.remove(&payment).unwrap_or_default();
        if !announced.fits_payment(state) && found.len() < MOST {
            found.push(named("payment", payment, state.name(), announced));
        }
    })
    .await?;
    verify::ends_of_refunds(tx, practice, |refund, (state, sent_all_the_same)| {
        let announced = refunds.remove(&refund).unwrap_or_default();
        if !announced.fits_refund(state, sent_all_the_same) && found.len() < MOST {
            found.push(named("refund", refund, state.name(), announced));
        }
    })
    .await?;
    let nowhere = "not there";
    let unknown = payments
        .into_iter()
        .map(|(id, announced)| named("payment", id, nowhere, announced));
    found.extend(unknown);
    let unknown = refunds
        .into_iter()
        .map(|(id, announced)| named("refund", id, nowhere, announced));
    found.extend(unknown);
    Ok(found)
}

fn named(
    kind: &str,
    id: impl std::fmt::Display,
    state: &str,
    Announced { succeeded, failed }: Announced,
) -> Finding {
    let explanation =
        format!("{state}, and announced {succeeded} times as succeeded, {failed} times as failed");
    Finding::new(ANNOUNCED_ONCE, format!("{kind} {id}"), explanation)
}
