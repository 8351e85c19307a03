//! How bills enter the books, any number in one transaction: a bill issued by hand is a batch of one.

use super::adjust_bill::{Reductions, reduce};
use super::entry as new_entry;
use super::get_bill::ShownBill;
use super::post_all;
use super::schedule_shares::schedule_shares;
use crate::domain::adjustment::Reduction;
use crate::domain::bill::{Bill, Face, Line, Revenue, Standing, Totals, last_service_date};
use crate::domain::entry::{Act, Entry};
use crate::domain::issue;
use crate::domain::shares::Shares;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Billing, Error, Result, store};
use ids::{BillId, ClientId, PolicyId, PracticeId, Reference};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::Announcement;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// With 2^40 references a collision is rare; five in a row are a broken source of randomness.
const REFERENCE_DRAWS: u32 = 5;

/// A bill that is to be booked. Its sessions are locked, its policy is the client's.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) id: BillId,
    pub(super) client: ClientId,
    pub(super) policy: Option<PolicyId>,
    pub(super) issue_date: Date,
    pub(super) due_date: Date,
    pub(super) comments: String,
    pub(super) lines: Vec<(Revenue, Line)>,
    /// Of sessions that were waived before.
    pub(super) waivers: Vec<Reduction>,
    /// What else is taken off, after them.
    pub(super) reductions: Vec<Reduction>,
    /// The run of automation that makes it.
    pub(super) run_date: Option<Date>,
}

/// Bills that were booked, and what is to be announced of them.
pub(super) struct Booked {
    pub(super) bills: Vec<ShownBill>,
    pub(super) events: Vec<Announcement>,
}

/// Books bills with numbers from `first_number` on, which are taken; the caller announces and commits. Errors:
/// POLICY_REQUIRED, DUE_BEFORE_ISSUE, and those of adjustments.
pub(super) async fn book_bills(
    (billing, conn): (&Billing, &mut PgConnection),
    (practice, now): (&Practice, Timestamp),
    (first_number, made_by): (i64, &str),
    drafts: Vec<Draft>,
) -> Result<Booked> {
    let ids: Vec<BillId> = drafts.iter().map(|draft| draft.id).collect();
    let references = draw_references(billing, conn, practice.practice, &ids).await?;
    let (mut new, mut shown, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    let (mut adjustments, mut events) = (Vec::new(), Vec::new());
    for (number, draft) in (first_number..).zip(drafts) {
        let reference = references.get(&draft.id).copied();
        let reference = reference.ok_or(Error::Stored("a bill without an Invoice #"))?;
        let made = book(billing, (practice, now), (number, reference), draft)?;
        let bill = &made.shown.bill;
        events.push(event::of(&billing.clock, &event::bill_issued(bill)));
        for adjustment in &made.shown.adjustments {
            let adjusted = event::bill_adjusted(bill, adjustment);
            events.push(event::of(&billing.clock, &adjusted));
            adjustments.push((bill.id(), adjustment.clone()));
        }
        for entry in &made.entries {
            let posted = event::entry_posted(practice.practice, entry);
            events.push(event::of(&billing.clock, &posted));
        }
        new.push((bill.clone(), made.shown.lines.clone()));
        shown.push(made.shown);
        entries.extend(made.entries);
    }
    store::new_bills::insert(conn, practice.practice, &new).await?;
    post_all(conn, practice.practice, now, &entries).await?;
    store::adjustments::insert(conn, practice.practice, made_by, &adjustments).await?;
    let issued: Vec<_> = new
        .iter()
        .map(|(bill, _)| (bill.id(), bill.standing.client))
        .collect();
    let scheduled = schedule_shares(conn, practice.practice, &issued, now).await?;
    for bill in &mut shown {
        bill.scheduled_share_time = scheduled.get(&bill.bill.id()).copied();
    }
    Ok(Booked {
        bills: shown,
        events,
    })
}

/// The bill that this would make, but for its numbers. Nothing is written. Errors: as [`book_bills`].
pub(super) fn try_to_book(
    billing: &Billing,
    (practice, now): (&Practice, Timestamp),
    draft: Draft,
) -> Result<ShownBill> {
    let unnumbered = (0, Reference::new(&billing.clock));
    Ok(book(billing, (practice, now), unnumbered, draft)?.shown)
}

struct Made {
    shown: ShownBill,
    entries: Vec<Entry>,
}

fn book(
    billing: &Billing,
    (practice, now): (&Practice, Timestamp),
    (number, reference): (i64, Reference),
    draft: Draft,
) -> Result<Made> {
    let issued = issued(
        practice,
        (draft.id, draft.client),
        draft.policy,
        &draft.lines,
    )?;
    if draft.due_date < draft.issue_date {
        return Err(Error::DueBeforeIssue);
    }
    let shares = shares(&draft.lines);
    let lines: Vec<Line> = draft.lines.into_iter().map(|(_, line)| line).collect();
    let transfers = issue::issue_bill(&issued, &shares)?;
    let act = (Act::BillIssued(draft.id), draft.client);
    let mut entries = vec![new_entry(
        &billing.clock,
        act,
        draft.issue_date,
        &transfers,
    )?];
    let waived = draft.waivers.len();
    let field = |at: usize| format!("reductions[{}]", at.saturating_sub(waived));
    let reduced = reduce(
        &billing.clock,
        (draft.issue_date, now),
        Reductions::on_new(&issued, &lines, &field),
        &[draft.waivers, draft.reductions].concat(),
    )?;
    entries.extend(reduced.entries);
    let face = Face {
        number,
        reference,
        issue_date: draft.issue_date,
        due_date: draft.due_date,
        last_service_date: last_service_date(&lines),
        total: Totals::of(practice.currency, &lines)?.total,
        comments: draft.comments,
        revision: 1,
        create_time: now,
        share_time: None,
        cancel_time: None,
        run_date: draft.run_date,
    };
    let shown = ShownBill {
        bill: Bill {
            standing: reduced.bill,
            face,
        },
        lines,
        adjustments: reduced.adjustments,
        held: Money::zero(practice.currency),
        scheduled_share_time: None,
    };
    Ok(Made { shown, entries })
}

/// What is owed on a bill of these lines before anything is taken off. Errors: POLICY_REQUIRED.
pub(super) fn issued(
    practice: &Practice,
    whose: (BillId, ClientId),
    policy: Option<PolicyId>,
    lines: &[(Revenue, Line)],
) -> Result<Standing> {
    let shares = shares(lines);
    let sum = |amount: fn(&Shares) -> Money| {
        Money::sum(
            practice.currency,
            shares.iter().map(|(_, shares)| amount(shares)),
        )
    };
    let (client, insurance) = (
        sum(|shares| shares.client)?,
        sum(|shares| shares.insurance)?,
    );
    if insurance.is_positive() && policy.is_none() {
        return Err(Error::PolicyRequired);
    }
    let totals = Totals {
        total: client.plus(insurance)?,
        client,
        insurance,
    };
    Ok(Standing::unpaid(
        whose,
        policy.filter(|_| insurance.is_positive()),
        totals,
    ))
}

/// What each line adds to which revenue.
pub(super) fn shares(lines: &[(Revenue, Line)]) -> Vec<(Revenue, Shares)> {
    lines
        .iter()
        .map(|(revenue, line)| (*revenue, line.shares))
        .collect()
}

pub(super) async fn draw_references(
    billing: &Billing,
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<BTreeMap<BillId, Reference>> {
    let mut drawn = BTreeMap::new();
    for _ in 0..REFERENCE_DRAWS {
        let wanted: Vec<(BillId, Reference)> = bills
            .iter()
            .filter(|bill| !drawn.contains_key(*bill))
            .map(|bill| (*bill, Reference::new(&billing.clock)))
            .collect();
        let claimed = store::new_bills::claim_references(conn, practice, &wanted).await?;
        let got = |(bill, _): &(BillId, Reference)| claimed.contains(bill);
        drawn.extend(wanted.into_iter().filter(got));
        if drawn.len() == bills.len() {
            return Ok(drawn);
        }
    }
    Err(Error::Stored("an Invoice # drawn again and again"))
}
