use crate::domain::payout::{About, PayoutItemKind, PayoutState};
use crate::store::unmatched_payout_items::Unmatched;
use crate::store::{payout_items, payout_matches, payouts, practices, unmatched_payout_items};
use crate::wire::payout_event;
use crate::{OUTBOX, Payments, Result};
use ::rpc::Caller;
use ids::{PayoutItemId, PracticeId};
use jiff::civil::Date;
use pg::{Announcement, Tx};

/// Matches what payouts paid out of payments with these objects, `pi_…`, and what was not known then, with what is known
/// now. A match of a payout that has arrived is announced for itself; of one that has not, with its arrival. Errors: none of
/// its own.
pub async fn match_payout_items(
    payments: &Payments,
    caller: &Caller,
    practice_id: PracticeId,
    intents: &[String],
) -> Result<()> {
    caller.within(practice_id)?;
    if intents.is_empty() {
        return Ok(());
    }
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let open = unmatched_payout_items::list(&mut tx, practice_id, intents).await?;
    if open.is_empty() {
        return Ok(());
    }
    let today = practices::get(&mut tx, practice_id)
        .await?
        .local_date(now)?;
    let mut events = Vec::new();
    for open in open.chunk_by(|one, next| one.payout == next.payout) {
        events.extend(of_payout(payments, &mut tx, (practice_id, today), open).await?);
    }
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    Ok(tx.commit().await?)
}

/// The same for whoever has just made something known, or has taken in a payout, after the commit: of two at once the later
/// sees the other. What fails is no failure of that, and is matched at night.
pub(super) async fn match_by_itself(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    intents: &[String],
) {
    if let Err(error) = match_payout_items(payments, caller, practice, intents).await {
        tracing::warn!(%practice, %error, "what was paid out is not matched yet");
    }
}

/// The items are of one payout.
async fn of_payout(
    payments: &Payments,
    tx: &mut Tx,
    (practice, today): (PracticeId, Date),
    open: &[Unmatched],
) -> Result<Vec<Announcement>> {
    let Some(first) = open.first() else {
        return Ok(Vec::new());
    };
    let payout = payouts::lock(tx, practice, first.payout).await?;
    let moved: Vec<_> = open
        .iter()
        .map(|it| (&*it.transaction, &it.source))
        .collect();
    let account = first.account.as_deref();
    let known = payout_matches::known(tx, practice, (&moved, account)).await?;
    let matched: Vec<(PayoutItemId, PayoutItemKind, About)> = open
        .iter()
        .filter_map(|it| {
            let about = known.find(&it.transaction, &it.source)?;
            Some((it.item, about.kind(it.gross), about))
        })
        .collect();
    if matched.is_empty() {
        return Ok(Vec::new());
    }
    let matched = unmatched_payout_items::update(tx, practice, &matched).await?;
    if payout.state != PayoutState::Paid {
        return Ok(Vec::new());
    }
    tracing::info!(payout = %payout.payout, count = matched.len(), "what was paid out is known now");
    let (of, currency) = ((practice, payout.payout), payout.gross.currency());
    let fresh = open.iter().filter(|it| matched.contains(&it.item));
    let places: Vec<i32> = fresh.map(|it| it.position).collect();
    let items = payout_items::list_at(tx, of, currency, &places).await?;
    payout_event::matched(&payments.clock, &payout, (&items, today))
}
