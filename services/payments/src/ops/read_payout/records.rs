//! What is read and written between the calls, each in a transaction of its own.

use crate::domain::payout::{About, PayoutItem, PayoutItemKind, Told};
use crate::store::account_payouts::{TakenIn, Unclaimed};
use crate::store::{account_payouts, connections, payout_matches};
use crate::{Payments, Result};
use ids::{PayoutItemId, PracticeId};
use pg::Tx;
use processor::{PaidOut, PaidOutSource, TransactionSource};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use telemetry::prometheus_client::metrics::counter::Counter;

static UNCLAIMED: LazyLock<Counter> = LazyLock::new(|| {
    telemetry::register(
        "unclaimed_payout_items",
        "Money that the processor paid out in no practice's name",
        Counter::default(),
    )
});

/// A payout's movements by whose they are, in order.
#[derive(Debug, Default)]
pub(super) struct Divided {
    /// Each practice's; none for one whose movements are known already.
    pub(super) practices: BTreeMap<PracticeId, Vec<PaidOut>>,
    /// In nobody's name.
    unclaimed: Vec<PaidOut>,
}

impl Divided {
    /// More than one has a part of it.
    pub(super) fn is_shared(&self) -> bool {
        self.practices.len() + usize::from(!self.unclaimed.is_empty()) > 1
    }
}

pub(super) async fn taken_in(payments: &Payments, object: &str) -> Result<Option<TakenIn>> {
    let mut tx = pg::begin_any(&payments.db).await?;
    account_payouts::find(&mut tx, object).await
}

/// Whose each movement is: the practice of its payment, or in whose name it was charged. What is in nobody's name is the
/// practice's when there is no other; of an account of a practice's own all is that practice's. Those who had a part of it
/// before hear of it again.
pub(super) async fn divide(
    payments: &Payments,
    before: Option<&TakenIn>,
    (moved, account): (Vec<PaidOut>, Option<&str>),
) -> Result<Divided> {
    let mut tx = pg::begin_any(&payments.db).await?;
    let mut divided = Divided::default();
    for practice in before.into_iter().flat_map(|it| &it.practices) {
        divided.practices.entry(*practice).or_default();
    }
    if let Some(own) = account {
        // Whoever has the account writes what its charges say: nobody else's name counts there.
        match connections::find_practice(&mut tx, own).await? {
            Some(owner) => divided.practices.entry(owner).or_default().extend(moved),
            None => divided.unclaimed = moved,
        }
        return Ok(divided);
    }
    let alone = payout_matches::only_practice(&mut tx).await?;
    let intents: Vec<String> = moved.iter().filter_map(intent).map(str::to_owned).collect();
    let owners = payout_matches::owners(&mut tx, &intents).await?;
    for moved in moved {
        let owner = intent(&moved).and_then(|intent| owners.get(intent).copied());
        let owner = match owner {
            Some(owner) => Some(owner),
            None => named(&mut tx, &moved).await?.or(alone),
        };
        match owner {
            Some(owner) => divided.practices.entry(owner).or_default().push(moved),
            None => divided.unclaimed.push(moved),
        }
    }
    Ok(divided)
}

fn intent(moved: &PaidOut) -> Option<&str> {
    match &moved.what {
        PaidOutSource::Payers(
            TransactionSource::Charge { payment_intent, .. }
            | TransactionSource::Refund { payment_intent, .. }
            | TransactionSource::Dispute { payment_intent, .. },
        ) => payment_intent.as_deref(),
        PaidOutSource::Payers(TransactionSource::Other)
        | PaidOutSource::ReturnedPayout(_)
        | PaidOutSource::ProcessorFee
        | PaidOutSource::Other(_) => None,
    }
}

/// The practice that a charge names, when it is one of ours.
async fn named(tx: &mut Tx, moved: &PaidOut) -> Result<Option<PracticeId>> {
    let PaidOutSource::Payers(TransactionSource::Charge {
        practice: Some(practice),
        ..
    }) = &moved.what
    else {
        return Ok(None);
    };
    let known = payout_matches::is_known(tx, *practice).await?;
    Ok(known.then_some(*practice))
}

/// What the movements are here, as far as it is known.
pub(super) async fn matched(
    payments: &Payments,
    practice: PracticeId,
    moved: &[PaidOut],
) -> Result<Vec<PayoutItem>> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let intents: Vec<String> = moved.iter().filter_map(intent).map(str::to_owned).collect();
    let refunds: Vec<String> = moved.iter().filter_map(refund).map(str::to_owned).collect();
    let transactions: Vec<String> = moved.iter().map(|moved| moved.id.clone()).collect();
    let known = Known {
        payments: payout_matches::payments(&mut tx, practice, &intents).await?,
        refunds: payout_matches::refunds(&mut tx, practice, &refunds).await?,
        movements: payout_matches::movements(&mut tx, practice, &transactions).await?,
    };
    let items = moved.iter().map(|moved| {
        let (kind, about) = known.find(moved);
        PayoutItem {
            item: PayoutItemId::new(&payments.clock),
            transaction: moved.id.clone(),
            kind,
            gross: moved.gross,
            fee: moved.fee,
            about,
        }
    });
    Ok(items.collect())
}

fn refund(moved: &PaidOut) -> Option<&str> {
    match &moved.what {
        PaidOutSource::Payers(TransactionSource::Refund { refund, .. }) => Some(refund),
        PaidOutSource::Payers(
            TransactionSource::Charge { .. }
            | TransactionSource::Dispute { .. }
            | TransactionSource::Other,
        )
        | PaidOutSource::ReturnedPayout(_)
        | PaidOutSource::ProcessorFee
        | PaidOutSource::Other(_) => None,
    }
}

struct Known {
    payments: HashMap<String, ids::PaymentId>,
    refunds: HashMap<String, (ids::PaymentId, ids::RefundId)>,
    movements: HashMap<String, (ids::PaymentId, ids::DisputeMovementId)>,
}

impl Known {
    fn find(&self, moved: &PaidOut) -> (PayoutItemKind, Option<About>) {
        let about = match &moved.what {
            PaidOutSource::ProcessorFee => return (PayoutItemKind::ProcessorFee, None),
            PaidOutSource::Payers(TransactionSource::Charge {
                payment_intent: Some(intent),
                ..
            }) => self.payments.get(intent).map(|payment| {
                let about = About {
                    payment: *payment,
                    refund: None,
                    movement: None,
                };
                (PayoutItemKind::Charge, about)
            }),
            PaidOutSource::Payers(TransactionSource::Refund { refund, .. }) => {
                let kind = if moved.gross.is_negative() {
                    PayoutItemKind::Refund
                } else {
                    PayoutItemKind::RefundReturned
                };
                self.refunds.get(refund).map(|(payment, refund)| {
                    let about = About {
                        payment: *payment,
                        refund: Some(*refund),
                        movement: None,
                    };
                    (kind, about)
                })
            }
            PaidOutSource::Payers(TransactionSource::Dispute { .. }) => {
                self.movements.get(&moved.id).map(|(payment, movement)| {
                    let about = About {
                        payment: *payment,
                        refund: None,
                        movement: Some(*movement),
                    };
                    (PayoutItemKind::Dispute, about)
                })
            }
            PaidOutSource::Payers(
                TransactionSource::Charge {
                    payment_intent: None,
                    ..
                }
                | TransactionSource::Other,
            )
            | PaidOutSource::ReturnedPayout(_)
            | PaidOutSource::Other(_) => None,
        };
        about.map_or((PayoutItemKind::Other, None), |(kind, about)| {
            (kind, Some(about))
        })
    }
}

/// Every practice has taken its part in. What is nobody's is kept, and an operator told.
pub(super) async fn finish(payments: &Payments, told: &Told, divided: Divided) -> Result<()> {
    let now = payments.clock.now();
    let mut tx = pg::begin_any(&payments.db).await?;
    let taken_in = TakenIn {
        state: told.state,
        practices: divided.practices.into_keys().collect(),
    };
    account_payouts::upsert(&mut tx, &told.object, &taken_in, now).await?;
    let mut news = Vec::new();
    for moved in divided.unclaimed {
        let unclaimed = Unclaimed {
            kind: word(&moved.what),
            transaction: moved.id,
            gross: moved.gross,
            fee: moved.fee,
        };
        if account_payouts::insert_unclaimed(&mut tx, &told.object, &unclaimed, now).await? {
            news.push(unclaimed);
        }
    }
    tx.commit().await?;
    for unclaimed in news {
        let (payout, transaction) = (&told.object, &unclaimed.transaction);
        tracing::error!(
            payout,
            transaction,
            kind = unclaimed.kind,
            "money was paid out in nobody's name"
        );
        UNCLAIMED.inc();
    }
    Ok(())
}

fn word(what: &PaidOutSource) -> String {
    match what {
        PaidOutSource::Payers(TransactionSource::Charge { .. }) => "charge".to_owned(),
        PaidOutSource::Payers(TransactionSource::Refund { .. }) => "refund".to_owned(),
        PaidOutSource::Payers(TransactionSource::Dispute { .. }) => "dispute".to_owned(),
        PaidOutSource::Payers(TransactionSource::Other) => "other".to_owned(),
        PaidOutSource::ReturnedPayout(_) => "payout_failure".to_owned(),
        PaidOutSource::ProcessorFee => "stripe_fee".to_owned(),
        PaidOutSource::Other(word) => word.clone(),
    }
}
