use crate::domain::payout::PayoutItemKind;
use crate::store::payout_items::{ItemClosing, ListedItem};
use crate::store::{payout_items, payouts, unclaimed_payout_items};
use crate::{Error, Missing, Payments, PayoutRefusal, REQUESTS, Result};
use ::rpc::Caller;
use ids::{PayoutId, PayoutItemId, PracticeId};
use pg::{RequestKey, Tx};

/// What somebody says of a payout's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosePayoutItem {
    /// The practice.
    pub practice: PracticeId,
    /// The item.
    pub item: PayoutItemId,
    /// Why nobody will know what it is, or have it in the books; not empty.
    pub reason: String,
}

/// Closes what a payout paid out and is not known, or is in nobody's books: it is open no more. It stays where it is in the
/// books, and a match still counts. Errors: as PayoutService.ClosePayoutItem says.
pub async fn close_payout_item(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: ClosePayoutItem,
) -> Result<ListedItem> {
    caller.within(asked.practice)?;
    let now = payments.clock.now();
    let (practice, item) = (asked.practice, asked.item);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS
        .replayed(&mut tx, key, item.uuid(), now)
        .await?
        .is_some();
    let place = payout_items::find_place(&mut tx, practice, item).await?;
    let open = lock(&mut tx, (practice, item), place).await?;
    if before {
        return Ok(open);
    }
    if open.item.kind != PayoutItemKind::Other {
        return Err(PayoutRefusal::ItemKnown(item).into());
    }
    if open.closing.is_some() {
        return Err(PayoutRefusal::ItemClosed(item).into());
    }
    let closing = ItemClosing {
        reason: asked.reason,
        closed_by: caller.subject.clone(),
        close_time: now,
    };
    match place {
        Some(_) => payout_items::insert_closing(&mut tx, practice, (item, &closing)).await?,
        None => unclaimed_payout_items::update_closed(&mut tx, practice, (item, &closing)).await?,
    }
    tx.commit().await?;
    tracing::info!(%practice, %item, "somebody closed what a payout paid out");
    Ok(ListedItem {
        closing: Some(closing),
        ..open
    })
}

/// The item under its payout's lock, or its own. Errors: PAYOUT_ITEM_NOT_FOUND.
async fn lock(
    tx: &mut Tx,
    (practice, item): (PracticeId, PayoutItemId),
    place: Option<(PayoutId, i32)>,
) -> Result<ListedItem> {
    let found = match place {
        Some((payout, position)) => {
            let currency = payouts::lock(tx, practice, payout).await?.gross.currency();
            let of = (practice, payout);
            payout_items::list_at(tx, of, currency, &[position])
                .await?
                .pop()
        }
        None => unclaimed_payout_items::lock(tx, practice, item).await?,
    };
    found.ok_or(Error::Missing(Missing::PayoutItem(item)))
}
