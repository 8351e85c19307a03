use super::UpcomingCharges;
use super::payers;
use super::turn_on_auto_pay::is_staff;
use crate::domain::upcoming::Mover;
use crate::store::upcoming_charges::{Change, UpcomingCharge};
use crate::wire::autopay_event;
use crate::{AutoPayRefusal, Error, Missing, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, PracticeId};
use jiff::civil::Date;
use pg::{Page, RequestKey, Tx};

/// Where a charge is to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveCharge {
    /// The practice.
    pub practice: PracticeId,
    /// Of which bill.
    pub bill: BillId,
    /// The new day.
    pub to: Date,
    /// Why; staff have to say.
    pub reason: String,
}

/// Has a charge come on another day. Errors: as UpcomingChargeService.MoveUpcomingCharge says.
pub async fn move_upcoming_charge(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: MoveCharge,
) -> Result<UpcomingCharges> {
    caller.within(asked.practice)?;
    let mover = match is_staff(caller) {
        true => Mover::Staff,
        false => Mover::Payer,
    };
    if mover == Mover::Staff && asked.reason.trim().is_empty() {
        return Err(Invalid::new("reason", "must be given").into());
    }
    let (practice_id, bill, now) = (asked.practice, asked.bill, payments.clock.now());
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let before = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await?;
    let charge = store::upcoming_charges::lock(&mut tx, practice_id, bill).await?;
    caller
        .sees_client(charge.client)
        .map_err(|_| Error::Missing(Missing::UpcomingCharge(bill)))?;
    let paid_by = store::autopay_enrolments::find(&mut tx, practice_id, charge.client).await?;
    if let Some(paid_by) = &paid_by {
        payers::may_auto_pay(caller, practice_id, (paid_by.payer, charge.client))
            .map_err(|_| Error::Missing(Missing::UpcomingCharge(bill)))?;
    }
    if before.is_some() {
        return shown(&mut tx, practice_id, charge).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let limits = store::autopay_settings::get(&mut tx, practice_id)
        .await?
        .limits;
    let today = practice.local_date(now)?;
    charge
        .told
        .may_move((mover, limits), asked.to, (now, today))
        .map_err(AutoPayRefusal::Move)?;
    let moved = UpcomingCharge {
        charge_date: asked.to,
        ..charge.clone()
    };
    let change = Change {
        bill,
        mover: Some(mover),
        change_time: now,
        changed_by: caller.subject.clone(),
        former_date: Some(charge.charge_date),
        charge_date: asked.to,
        amount: charge.amount,
        reason: asked.reason,
    };
    store::upcoming_charges::update_date(&mut tx, practice_id, bill, asked.to).await?;
    store::upcoming_charges::insert_change(&mut tx, practice_id, &change).await?;
    let shown = shown(&mut tx, practice_id, moved.clone()).await?;
    let by_practice = mover == Mover::Staff;
    let events = [autopay_event::charge_moved(
        &payments.clock,
        (&moved, paid_by.and_then(|by| by.payer.contact())),
        by_practice,
    )];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(shown)
}

async fn shown(
    tx: &mut Tx,
    practice: PracticeId,
    charge: UpcomingCharge,
) -> Result<UpcomingCharges> {
    let changes = store::upcoming_charges::list_changes(tx, practice, &[charge.bill]).await?;
    let limits = store::autopay_settings::get(tx, practice).await?.limits;
    let page = Page {
        items: vec![charge],
        next_page_token: String::new(),
    };
    Ok(UpcomingCharges {
        page,
        changes,
        limits,
    })
}
