//! What is read and written between the calls, each in a transaction of its own.

use crate::domain::payout::{Origin, PayoutItem, PayoutItemKind, Source, Told};
use crate::domain::payout_look::{self, Look};
use crate::store::account_payouts::TakenIn;
use crate::store::unmatched_payout_items::Asked;
use crate::store::{
    account_payouts, connections, payout_looks, payout_matches, practices, unmatched_payout_items,
};
use crate::wire::processor::origin;
use crate::{Payments, Result};
use ids::{PayoutItemId, PracticeId};
use jiff::Timestamp;
use pg::Tx;
use processor::{PaidOut, PaidOutSource, TransactionSource};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use telemetry::prometheus_client::metrics::counter::Counter;
use uuid::Uuid;

static UNCLAIMED: LazyLock<Counter> = LazyLock::new(|| {
    telemetry::register(
        "unclaimed_payout_items",
        "Money that the processor paid out and that is in no practice's books",
        Counter::default(),
    )
});

/// So much of it is asked for in a night.
const ASKED_MAX: i64 = 500;

/// What was paid out and is in nobody's books, and in whose name, when it is somebody's.
pub(super) type Unclaimed = Vec<(Option<PracticeId>, PaidOut)>;

/// A payout's movements by whose they are, in order.
#[derive(Debug, Default)]
pub(super) struct Divided {
    /// Each practice's.
    pub(super) practices: BTreeMap<PracticeId, Vec<PaidOut>>,
    /// In nobody's name.
    pub(super) unclaimed: Vec<PaidOut>,
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

/// From when on an account's payouts are looked at, and what that look is once it has gone well (`domain/payout_look.rs`).
pub(super) async fn look(
    payments: &Payments,
    practice: PracticeId,
    (end, account): (Timestamp, Option<&str>),
) -> Result<(Timestamp, Look)> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let last = payout_looks::find(&mut tx, practice, account).await?;
    let unpaid = if payout_look::reaches_back(last, end) {
        let bounds = (account, payout_look::oldest(end));
        payout_matches::oldest_not_paid_out(&mut tx, practice, bounds).await?
    } else {
        None
    };
    Ok(payout_look::next(last, end, unpaid))
}

/// A look has gone well.
pub(super) async fn looked(
    payments: &Payments,
    practice: PracticeId,
    (account, look): (Option<&str>, Look),
) -> Result<()> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    payout_looks::upsert(&mut tx, practice, (account, look)).await?;
    Ok(tx.commit().await?)
}

/// What was paid out of the practice's payments and is not known, and whether it is asked for: not what somebody has closed,
/// and nothing can be read of an account that was taken away. Who is named here is asked for now: a look that fails begins with others the next time.
pub(super) async fn unmatched(
    payments: &Payments,
    practice: PracticeId,
) -> Result<Vec<(Asked<Source>, bool)>> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let bounds = (payout_look::oldest(now), ASKED_MAX);
    let open = unmatched_payout_items::list_of_ours(&mut tx, practice, bounds).await?;
    let ids: Vec<Uuid> = open.iter().map(|(asked, _)| asked.item.uuid()).collect();
    unmatched_payout_items::update_asked(&mut tx, practice, (&ids, now)).await?;
    let accounts = connections::list(&mut tx, practice).await?;
    tx.commit().await?;
    let readable = |account: Option<&str>| !accounts.was_taken_away(account);
    let open = open.into_iter().map(|(asked, closed)| {
        let can_be = !closed && readable(asked.account.as_deref());
        (asked, can_be)
    });
    Ok(open.collect())
}

/// What is unknown for it was not kept what the processor says that it is; not of accounts of which nothing can be read.
pub(super) async fn without_origin(
    payments: &Payments,
    practice: PracticeId,
) -> Result<Vec<Asked<String>>> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let bounds = (payout_look::oldest(now), ASKED_MAX);
    let mut open = unmatched_payout_items::list_without_origin(&mut tx, practice, bounds).await?;
    if open.is_empty() {
        return Ok(open);
    }
    let ids: Vec<Uuid> = open.iter().map(|asked| asked.item.uuid()).collect();
    unmatched_payout_items::update_asked(&mut tx, practice, (&ids, now)).await?;
    let accounts = connections::list(&mut tx, practice).await?;
    tx.commit().await?;
    open.retain(|asked| !accounts.was_taken_away(asked.account.as_deref()));
    Ok(open)
}

/// Keeps what the processor says that an item is.
pub(super) async fn originated(
    payments: &Payments,
    practice: PracticeId,
    (item, moved): (PayoutItemId, &PaidOut),
) -> Result<()> {
    let origin = origin(&moved.what);
    let mut tx = pg::begin(&payments.db, practice).await?;
    unmatched_payout_items::update_origin(&mut tx, practice, (item, &origin)).await?;
    Ok(tx.commit().await?)
}

/// Whose each movement is: the practice of its payment, or in whose name it was charged. What is in nobody's name is the
/// practice's when there is no other; of an account of a practice's own all is that practice's.
pub(super) async fn divide(
    payments: &Payments,
    (moved, account): (Vec<PaidOut>, Option<&str>),
) -> Result<Divided> {
    let mut tx = pg::begin_any(&payments.db).await?;
    let mut divided = Divided::default();
    if let Some(own) = account {
        // Whoever has the account writes what its charges say: nobody else's name counts there.
        match connections::find_practice(&mut tx, own).await? {
            Some(owner) => divided.practices.entry(owner).or_default().extend(moved),
            None => divided.unclaimed = moved,
        }
        return Ok(divided);
    }
    let alone = payout_matches::only_practice(&mut tx).await?;
    let intents: Vec<String> = moved.iter().filter_map(intent).collect();
    let owners = payout_matches::owners(&mut tx, &intents).await?;
    for moved in moved {
        let owner = intent(&moved).and_then(|intent| owners.get(&intent).copied());
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

fn intent(moved: &PaidOut) -> Option<String> {
    origin(&moved.what).source.and_then(|source| source.intent)
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

/// Those in the practice's currency, and the others.
pub(super) async fn in_currency(
    payments: &Payments,
    practice: PracticeId,
    moved: &[PaidOut],
) -> Result<(Vec<PaidOut>, Vec<PaidOut>)> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let currency = practices::get(&mut tx, practice).await?.currency;
    let moved = moved.iter().cloned();
    Ok(moved.partition(|it| it.gross.currency() == currency && it.fee.currency() == currency))
}

/// What the movements are here, as far as it is known.
pub(super) async fn matched(
    payments: &Payments,
    practice: PracticeId,
    (moved, account): (&[PaidOut], Option<&str>),
) -> Result<Vec<PayoutItem>> {
    let origins: Vec<Origin> = moved.iter().map(|moved| origin(&moved.what)).collect();
    let named: Vec<_> = moved
        .iter()
        .zip(&origins)
        .filter_map(|(moved, origin)| Some((&*moved.id, origin.source.as_ref()?)))
        .collect();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let known = payout_matches::known(&mut tx, practice, (&named, account)).await?;
    let items = moved.iter().zip(&origins).map(|(moved, origin)| {
        let source = origin.source.as_ref();
        let about = source.and_then(|source| known.find(&moved.id, source));
        let unknown = if matches!(moved.what, PaidOutSource::ProcessorFee) {
            PayoutItemKind::ProcessorFee
        } else {
            PayoutItemKind::Other
        };
        PayoutItem {
            item: PayoutItemId::new(&payments.clock),
            transaction: moved.id.clone(),
            kind: about.map_or(unknown, |about| about.kind(moved.gross)),
            gross: moved.gross,
            fee: moved.fee,
            about,
            origin: origin.clone(),
        }
    });
    Ok(items.collect())
}

/// Who has a part of it has taken it in. What is in nobody's books is kept, and an operator told.
pub(super) async fn finish(
    payments: &Payments,
    told: &Told,
    (practices, unclaimed): (Vec<PracticeId>, Unclaimed),
) -> Result<()> {
    let now = payments.clock.now();
    let mut tx = pg::begin_any(&payments.db).await?;
    let taken_in = TakenIn {
        state: told.state,
        practices,
    };
    account_payouts::unite(&mut tx, &told.object, taken_in, now).await?;
    let mut news = Vec::new();
    for (practice, moved) in unclaimed {
        let unclaimed = account_payouts::Unclaimed {
            kind: origin(&moved.what).word,
            transaction: moved.id,
            gross: moved.gross,
            fee: moved.fee,
            practice,
        };
        if account_payouts::insert_unclaimed(&mut tx, &told.object, &unclaimed, now).await? {
            news.push(unclaimed);
        }
    }
    tx.commit().await?;
    for unclaimed in news {
        let (payout, transaction) = (&told.object, &unclaimed.transaction);
        let practice = unclaimed.practice.map(|practice| practice.to_string());
        tracing::error!(
            payout,
            transaction,
            practice,
            kind = unclaimed.kind,
            "money was paid out that is in nobody's books"
        );
        UNCLAIMED.inc();
    }
    Ok(())
}
