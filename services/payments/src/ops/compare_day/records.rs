//! What is read and written between the steps of a comparison, each in a transaction of its own.

use super::{Day, out_of_time};
use crate::domain::comparison::{Difference, due_time};
use crate::domain::refund::RefundState;
use crate::store::charges::Charged;
use crate::store::comparisons;
use crate::{Error, Payments, Result, store};
use ids::{DiscrepancyId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::Money;
use pg::Tx;
use processor::{BalanceTransaction, TransactionSource};
use std::sync::LazyLock;
use telemetry::prometheus_client::metrics::counter::Counter;
use telemetry::prometheus_client::metrics::family::Family;

static DISCREPANCIES: LazyLock<Family<[(&'static str, &'static str); 1], Counter>> =
    LazyLock::new(|| {
        telemetry::register(
            "payment_discrepancies",
            "What the processor's books and ours disagree about, by kind",
            Family::default(),
        )
    });

/// What we know of something that moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Our payment.
    pub(super) payment: Option<PaymentId>,
    /// What we have recorded of it, with the processor's sign.
    pub(super) recorded: Option<Money>,
}

pub(super) async fn time_zone(payments: &Payments, practice: PracticeId) -> Result<TimeZone> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let known = store::practices::get(&mut tx, practice).await?;
    TimeZone::get(&known.time_zone).map_err(|_| Error::Stored("a time zone"))
}

/// Those that are the practice's: of its payments, or charged in its name. What is in nobody's name on the installation's
/// account is everybody's trouble: it is the practice's when there is no other. On an account of its own it is what the
/// practice sells elsewhere.
pub(super) async fn of_practice(
    payments: &Payments,
    practice: PracticeId,
    (moved, account): (Vec<BalanceTransaction>, Option<&str>),
) -> Result<Vec<BalanceTransaction>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    let alone = account.is_none() && store::comparisons::practice_count(&mut tx).await? == 1;
    let mut own = Vec::new();
    for transaction in moved {
        let (intent, named) = match &transaction.source {
            TransactionSource::Charge {
                payment_intent,
                practice,
            } => (payment_intent.as_deref(), *practice),
            TransactionSource::Refund { payment_intent, .. }
            | TransactionSource::Dispute { payment_intent, .. } => {
                (payment_intent.as_deref(), None)
            }
            TransactionSource::Other => continue,
        };
        let known = match intent {
            Some(intent) => store::processor_objects::find(&mut tx, intent).await?,
            None => None,
        };
        let known = known.filter(|known| known.account.as_deref() == account);
        match known.map(|known| known.practice).or(named) {
            Some(whose) if whose == practice => own.push(transaction),
            Some(_) => {}
            None if alone => own.push(transaction),
            None if account.is_some() => {}
            None => {
                tracing::error!(
                    transaction = transaction.id,
                    "money moved at the processor in nobody's name"
                );
                DISCREPANCIES.get_or_create(&[("kind", "nobodys")]).inc();
            }
        }
    }
    Ok(own)
}

pub(super) async fn known(
    payments: &Payments,
    practice: PracticeId,
    transaction: &BalanceTransaction,
) -> Result<Known> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let recorded = match &transaction.source {
        TransactionSource::Charge {
            payment_intent: Some(intent),
            ..
        } => comparisons::recorded_charge(&mut tx, practice, intent).await?,
        TransactionSource::Refund { refund, .. } => {
            return refund_known(&mut tx, practice, (refund, transaction)).await;
        }
        TransactionSource::Dispute { .. } => {
            comparisons::recorded_movement(&mut tx, practice, &transaction.id).await?
        }
        TransactionSource::Charge {
            payment_intent: None,
            ..
        }
        | TransactionSource::Other => None,
    };
    Ok(Known {
        payment: recorded.map(|(payment, _)| payment),
        recorded: recorded.map(|(_, amount)| amount),
    })
}

/// Money that came back is recorded once the refund has failed.
async fn refund_known(
    tx: &mut Tx,
    practice: PracticeId,
    (object, transaction): (&str, &BalanceTransaction),
) -> Result<Known> {
    let Some(refund) = comparisons::recorded_refund(tx, practice, object).await? else {
        return Ok(Known::default());
    };
    let recorded = if transaction.amount.is_negative() {
        Some(refund.amount.negated()?)
    } else {
        (refund.state == RefundState::Failed).then_some(refund.amount)
    };
    Ok(Known {
        payment: Some(refund.payment),
        recorded,
    })
}

pub(super) async fn charged_between(
    payments: &Payments,
    practice: PracticeId,
    span: (Timestamp, Timestamp),
) -> Result<Vec<Charged>> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::charges::charged_between(&mut tx, practice, span).await
}

/// Writes the day with what was found, and puts the next one into the queue. A day that was compared meanwhile stays as
/// it is.
pub(super) async fn write(
    payments: &Payments,
    (practice, date, zone): (PracticeId, Date, &TimeZone),
    counts: (i64, i64),
    found: &[Difference],
) -> Result<()> {
    let now = payments.clock.now();
    let day = (practice, date);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let mut news = Vec::new();
    if comparisons::insert(&mut tx, day, counts, now).await? {
        for difference in found {
            let id = DiscrepancyId::new(&payments.clock);
            let named = (id, difference);
            if comparisons::insert_discrepancy(&mut tx, day, named, now).await? {
                news.push(difference);
            }
        }
    }
    advance(
        &mut tx,
        practice,
        (date.tomorrow().map_err(|_| out_of_time())?, zone),
    )
    .await?;
    tx.commit().await?;
    for difference in news {
        let (kind, object) = (difference.kind.name(), &difference.object);
        tracing::error!(%practice, %date, kind, object, "the processor's books and ours differ");
        DISCREPANCIES.get_or_create(&[("kind", kind)]).inc();
    }
    Ok(())
}

/// A day that has not ended is looked at when it has.
pub(super) async fn wait_for(
    payments: &Payments,
    practice: PracticeId,
    (date, zone): Day<'_>,
) -> Result<()> {
    let due = due_time(date, zone).map_err(|_| out_of_time())?;
    let mut tx = pg::begin_any(&payments.db).await?;
    comparisons::postpone(&mut tx, practice, due).await?;
    Ok(tx.commit().await?)
}

async fn advance(tx: &mut Tx, practice: PracticeId, (next, zone): Day<'_>) -> Result<()> {
    let due = due_time(next, zone).map_err(|_| out_of_time())?;
    comparisons::advance(tx, (practice, next), due).await
}
