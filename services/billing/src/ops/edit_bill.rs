use super::adjust_bill::{Reductions, reduce, reductions};
use super::bill_lines::{Content, bill_lines, fees, waivers};
use super::book_bills::{issued, shares};
use super::get_bill::{ShownBill, shown};
use super::{bill_days, entry, post_all};
use crate::domain::adjustment::{AdjustmentKind, Reduction};
use crate::domain::bill::{
    Bill, BillStatus, Face, Item, Line, Revenue, Standing, Totals, last_service_date,
};
use crate::domain::entry::{Act, Entry};
use crate::domain::issue::{self, Fixed, UnderWay};
use crate::store::bill_changes::BillChange;
use crate::store::practices::Practice;
use crate::wire::{self, event};
use crate::{Billing, Error, ImportRefusal, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::{Currency, Money};
use pg::{Announcement, RequestKey};
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// How a bill is to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct EditBill {
    /// The practice.
    pub practice: PracticeId,
    /// The bill.
    pub bill: BillId,
    /// As the caller knows it.
    pub etag: String,
    /// All of it anew; none keeps lines, shares and adjustments.
    pub content: Option<Content>,
    /// None keeps it.
    pub due_date: Option<Date>,
    /// None keeps them.
    pub comments: Option<String>,
}

/// Writes a bill anew under its number, and keeps what it said. Errors: as BillService.EditBill says.
pub async fn edit_bill(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: EditBill,
) -> Result<ShownBill> {
    let (practice_id, bill) = (asked.practice, asked.bill);
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return shown(&mut tx, practice_id, first.into(), now).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    // Sessions are locked before bills; whose they have to be, the bill knows and never changes.
    let client = store::bills::get(&mut tx, practice_id, bill)
        .await?
        .standing
        .client;
    let sessions = asked.content.as_ref().map(Content::session_ids);
    let sessions = (sessions.unwrap_or_default(), Some(bill));
    let found =
        store::sessions::lock_to_bill(&mut tx, practice_id, &[client], (&sessions.0, sessions.1))
            .await?;
    store::bills::lock_one(&mut tx, practice_id, bill).await?;
    let before = shown(&mut tx, practice_id, bill, now).await?;
    if before.etag() != asked.etag {
        return Err(Error::EtagMismatch(bill));
    }
    let due_date = bill_days::due(asked.due_date, practice.local_date(now)?)?;
    let face = terms(&before.bill.face, due_date, asked.comments)?;

    let entries = match asked.content {
        Some(content) => {
            let fees = fees(&mut tx, (&practice, client), &content).await?;
            let lines = bill_lines(&practice, &content, (&found, &fees))?;
            let waivers = kept_waivers(&before, waivers(&lines, &found), &lines);
            let anew = Anew {
                content,
                lines,
                waivers,
                face,
            };
            rewrite(
                (billing, &mut tx),
                (&practice, now),
                &caller.subject,
                (&before, anew),
            )
            .await?
        }
        None => {
            let standing = before.bill.standing;
            unpaid(&standing)?;
            store::bills::update_terms(&mut tx, practice_id, &Bill { standing, face }).await?;
            Vec::new()
        }
    };
    let edited = shown(&mut tx, practice_id, bill, now).await?;
    let change = BillChange {
        former: wire::bill::kept(&before),
        latter: Some(wire::bill::kept(&edited)),
        made_by: caller.subject.clone(),
        create_time: now,
    };
    let revision = (bill, before.bill.face.revision);
    store::bill_changes::insert(&mut tx, practice_id, revision, &change).await?;
    let events = announcements(billing, practice_id, (&before, &edited), &entries);
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(edited)
}

/// What an edit is told by; with new content also the ends of the former adjustments, and the new ones.
fn announcements(
    billing: &Billing,
    practice: PracticeId,
    (before, edited): (&ShownBill, &ShownBill),
    entries: &[Entry],
) -> Vec<Announcement> {
    let mut events = vec![event::of(&billing.clock, &event::bill_edited(&edited.bill))];
    if let Some(anew) = entries.first() {
        for ended in &before.adjustments {
            let reversed = event::adjustment_reversed(&edited.bill, ended, anew.id);
            events.push(event::of(&billing.clock, &reversed));
        }
        for made in &edited.adjustments {
            let adjusted = event::bill_adjusted(&edited.bill, made);
            events.push(event::of(&billing.clock, &adjusted));
        }
    }
    for entry in entries {
        let changed = event::balance_changed(&edited.bill, entry.id);
        events.push(event::of(&billing.clock, &changed));
        events.push(event::of(
            &billing.clock,
            &event::entry_posted(practice, entry),
        ));
    }
    events
}

/// What came from a former system stays as it was said there. Errors: BILL_WAS_BROUGHT.
fn replaceable(bill: &ShownBill) -> Result<()> {
    let brought = |line: &Line| matches!(line.item, Item::Brought { .. });
    if bill.lines.iter().any(brought) {
        return Err(ImportRefusal::BroughtBill(bill.bill.id()).into());
    }
    Ok(())
}

/// What the bill is from now on.
struct Anew {
    content: Content,
    lines: Vec<(Revenue, Line)>,
    waivers: Vec<Reduction>,
    face: Face,
}

/// Sessions that were waived stay free when their bill is edited, unless the waiver was taken back on it, for all or for
/// a part.
fn kept_waivers(
    before: &ShownBill,
    waivers: Vec<Reduction>,
    lines: &[(Revenue, Line)],
) -> Vec<Reduction> {
    let is_waived = |line: &Line| {
        let share = line.shares.client;
        let made = before.adjustments.iter().filter(|made| {
            made.reduction.kind == AdjustmentKind::Waiver
                && made.reduction.line == Some(line.number)
        });
        Money::sum(share.currency(), made.map(|made| made.amount)) == Ok(share)
    };
    let charged: BTreeSet<_> = before
        .lines
        .iter()
        .filter(|line| line.shares.client.is_positive() && !is_waived(line))
        .filter_map(session_line)
        .collect();
    let of = |reduction: &Reduction| {
        let mut lines = lines.iter().map(|(_, line)| line);
        lines
            .find(|line| reduction.line == Some(line.number))
            .and_then(session_line)
    };
    let kept = |reduction: &Reduction| of(reduction).is_none_or(|line| !charged.contains(&line));
    waivers.into_iter().filter(kept).collect()
}

fn session_line(line: &Line) -> Option<(SessionId, i32)> {
    match &line.item {
        Item::Service {
            session,
            session_line,
            ..
        } => Some((*session, *session_line)),
        Item::Product | Item::Brought { .. } => None,
    }
}

/// Reverses what was booked of the bill and books it anew, in one entry, its adjustments in one each.
async fn rewrite(
    (billing, conn): (&Billing, &mut PgConnection),
    (practice, now): (&Practice, Timestamp),
    made_by: &str,
    (before, anew): (&ShownBill, Anew),
) -> Result<Vec<Entry>> {
    replaceable(before)?;
    let (practice_id, standing) = (practice.practice, before.bill.standing);
    let (bill, client) = (standing.bill, standing.client);
    if let Some(policy) = anew.content.policy {
        store::people::get_payer_of_policy(conn, practice_id, client, policy).await?;
    }
    let under_way = under_way(conn, practice_id, (bill, practice.currency), now).await?;
    let booked = store::entries::live_transfers_of_bill(conn, practice_id, bill).await?;
    let after = issued(practice, (bill, client), anew.content.policy, &anew.lines)?;
    let transfers = issue::edit_bill(
        &standing,
        &booked,
        under_way,
        (&after, &shares(&anew.lines)),
    )
    .map_err(|fixed| refused(fixed, bill))?;
    let today = practice.local_date(now)?;
    let act = (Act::BillEdited(bill), client);
    let mut entries = vec![entry(&billing.clock, act, today, &transfers)?];
    let lines: Vec<Line> = anew.lines.into_iter().map(|(_, line)| line).collect();
    let asked_for = reductions(practice, anew.content.reductions, "content.reductions")?;
    let waived = anew.waivers.len();
    let reductions = [anew.waivers, asked_for].concat();
    let field = |at: usize| format!("content.reductions[{}]", at.saturating_sub(waived));
    let on = Reductions::on_new(&after, &lines, &field);
    let reduced = reduce(&billing.clock, (today, now), on, &reductions)?;
    entries.extend(reduced.entries);

    let edited = Bill {
        standing: reduced.bill,
        face: Face {
            total: Totals::of(practice.currency, &lines)?.total,
            last_service_date: last_service_date(&lines),
            ..anew.face
        },
    };
    store::bills::update_edited(conn, practice_id, &edited).await?;
    store::new_bills::insert_lines(conn, practice_id, &[(bill, lines.as_slice())]).await?;
    store::adjustments::update_reversed(conn, practice_id, &before.adjustments, now).await?;
    post_all(conn, practice_id, now, &entries).await?;
    let adjustments = reduced.adjustments.into_iter();
    let adjustments: Vec<_> = adjustments.map(|made| (bill, made)).collect();
    store::adjustments::insert(conn, practice_id, made_by, &adjustments).await?;
    Ok(entries)
}

/// Errors: DUE_BEFORE_ISSUE.
fn terms(face: &Face, due_date: Option<Date>, comments: Option<String>) -> Result<Face> {
    let due_date = due_date.unwrap_or(face.due_date);
    if due_date < face.issue_date {
        return Err(Error::DueBeforeIssue);
    }
    Ok(Face {
        due_date,
        comments: comments.unwrap_or_else(|| face.comments.clone()),
        ..face.clone()
    })
}

/// Words and due date can change while something is due, and when nothing ever was. Errors: BILL_CANCELLED,
/// BILL_HAS_PAYMENTS.
fn unpaid(bill: &Standing) -> Result<()> {
    match bill.status() {
        BillStatus::Paid if bill.has_payments() => Err(Error::BillHasPayments(bill.bill)),
        BillStatus::Open | BillStatus::Paid => Ok(()),
        BillStatus::Cancelled => Err(Error::BillCancelled(bill.bill)),
    }
}

/// What stands in the way of a change.
pub(super) async fn under_way(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, currency): (BillId, Currency),
    now: Timestamp,
) -> Result<UnderWay> {
    let held = store::holds::held(conn, practice, (bill, currency), now).await?;
    Ok(UnderWay {
        decided: store::insurer_payments::exists_on_bill(conn, practice, bill).await?,
        held: held.is_positive(),
    })
}

pub(super) fn refused(fixed: Fixed, bill: BillId) -> Error {
    match fixed {
        Fixed::Cancelled => Error::BillCancelled(bill),
        Fixed::HasPayments => Error::BillHasPayments(bill),
        Fixed::PaymentInProgress => Error::PaymentInProgress(bill),
        Fixed::Money(error) => Error::Money(error),
    }
}
