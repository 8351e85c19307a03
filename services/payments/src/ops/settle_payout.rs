use crate::domain::payout::{
    PayoutItem, PayoutItemKind, PayoutNews, PayoutState, Told, news, sums,
};
use crate::store::payouts::Payout;
use crate::store::practices::Practice;
use crate::wire::payout_event;
use crate::{OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{PayoutId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::Tx;

/// A practice's part of a payout, as the processor tells of it.
#[derive(Clone, Copy, Debug)]
pub struct PayoutPart<'a> {
    /// What the processor says.
    pub told: &'a Told,
    /// What is in it; none when only where it stands is new: of a payout that is not known that changes nothing.
    pub content: Option<PartContent<'a>>,
}

/// What is a practice's of a payout.
#[derive(Clone, Copy, Debug)]
pub struct PartContent<'a> {
    /// The day on which the bank has it.
    pub arrival_date: Date,
    /// The practice's own account that it is of, `acct_…`; none: the installation's.
    pub account: Option<&'a str>,
    /// Money of others is in it too.
    pub shared: bool,
    /// In order.
    pub items: &'a [PayoutItem],
}

/// Takes in what the processor says of a payout, in any order and number. A state never moves back, and what is in a payout
/// is written once; what is news is announced with it: it arrived, or it failed, also after it had arrived.
pub async fn settle_payout(
    payments: &Payments,
    caller: &Caller,
    practice_id: PracticeId,
    part: PayoutPart<'_>,
) -> Result<()> {
    caller.within(practice_id)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (payout, before) = match known(payments, &mut tx, &practice, part).await? {
        None => return Ok(()),
        Some((payout, true)) => (payout, None),
        Some((before, false)) => {
            let (payout, state) = (merged(&before, part.told), before.state);
            if payout.state == state {
                return Ok(());
            }
            let standing = (payout.state, part.told);
            store::payouts::update_standing(&mut tx, practice_id, payout.payout, standing, now)
                .await?;
            (payout, Some(state))
        }
    };
    announce(payments, &mut tx, (&practice, &payout, before), now).await?;
    Ok(tx.commit().await?)
}

/// The payout under its lock, and whether it is new; none when nothing of it is known.
async fn known(
    payments: &Payments,
    tx: &mut Tx,
    practice: &Practice,
    part: PayoutPart<'_>,
) -> Result<Option<(Payout, bool)>> {
    let (id, object) = (practice.practice, part.told.object.as_str());
    if let Some(known) = store::payouts::lock_object(tx, id, object).await? {
        return Ok(Some((known, false)));
    }
    let Some(content) = part.content else {
        return Ok(None);
    };
    let (gross, fees) = sums(practice.currency, content.items)?;
    let unmatched = content.items.iter();
    let unmatched = unmatched.filter(|item| item.kind == PayoutItemKind::Other);
    let payout = Payout {
        payout: PayoutId::new(&payments.clock),
        object: object.to_owned(),
        state: part.told.state,
        arrival_date: content.arrival_date,
        gross,
        fees,
        item_count: i32::try_from(content.items.len()).unwrap_or(i32::MAX),
        shared: content.shared,
        failure_code: part.told.failure_code.clone(),
        account: content.account.map(str::to_owned),
        unmatched: Money::sum(practice.currency, unmatched.map(|item| item.gross))?,
        closed: Money::zero(practice.currency),
    };
    if store::payouts::insert(tx, id, &payout, payments.clock.now()).await? {
        store::payout_items::insert(tx, id, payout.payout, content.items).await?;
        return Ok(Some((payout, true)));
    }
    // Somebody wrote it meanwhile.
    let known = store::payouts::lock_object(tx, id, object).await?;
    Ok(Some((known.unwrap_or(payout), false)))
}

fn merged(known: &Payout, told: &Told) -> Payout {
    Payout {
        state: known.state.merged(told.state),
        arrival_date: told.arrival_date.unwrap_or(known.arrival_date),
        failure_code: told.failure_code.clone().or(known.failure_code.clone()),
        ..known.clone()
    }
}

async fn announce(
    payments: &Payments,
    tx: &mut Tx,
    (practice, payout, before): (&Practice, &Payout, Option<PayoutState>),
    now: Timestamp,
) -> Result<()> {
    let id = practice.practice;
    let events = match news(before, payout.state) {
        None => return Ok(()),
        Some(PayoutNews::Paid) => {
            let (of, currency) = ((id, payout.payout), payout.gross.currency());
            let all = (0, i64::from(payout.item_count));
            let items = store::payout_items::list(tx, of, currency, all).await?;
            payout_event::paid(&payments.clock, payout, &items)?
        }
        Some(PayoutNews::Returned) => {
            let date = practice.local_date(now)?;
            vec![payout_event::failed(&payments.clock, payout, date)?]
        }
    };
    OUTBOX.append(tx, id, now, &events).await?;
    Ok(())
}
