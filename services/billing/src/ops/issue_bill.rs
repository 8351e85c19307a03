use super::bill_lines::{Content, bill_lines};
use super::get_bill::{ShownBill, shown};
use super::{entry, post};
use crate::domain::bill::{Bill, Face, Item, Line, Standing, Totals};
use crate::domain::entry::Act;
use crate::domain::issue;
use crate::domain::shares::Shares;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, PolicyId, PracticeId, Reference};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::RequestKey;
use sqlx::PgConnection;

/// With 2^40 references a collision is rare; five in a row are a broken source of randomness.
const REFERENCE_DRAWS: u32 = 5;

/// What a bill is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct IssueBill {
    /// The practice.
    pub practice: PracticeId,
    /// Whose bill.
    pub client: ClientId,
    /// What is on it.
    pub content: Content,
    /// Whose insurance owes.
    pub policy: Option<PolicyId>,
    /// None is today in the practice's time zone.
    pub issue_date: Option<Date>,
    /// None is the issue date.
    pub due_date: Option<Date>,
    /// Printed on it.
    pub comments: String,
}

/// Makes one bill from unbilled sessions and products, and posts it to the ledger. Errors: as BillService.IssueBill says.
pub async fn issue_bill(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: IssueBill,
) -> Result<ShownBill> {
    let practice_id = asked.practice;
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let id = BillId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return shown(&mut tx, practice_id, first.into(), now).await;
    }
    let number = store::practices::take_bill_number(&mut tx, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::people::require_client(&mut tx, practice_id, asked.client).await?;
    let sessions: Vec<_> = asked
        .content
        .sessions
        .iter()
        .map(|terms| terms.session)
        .collect();
    let found =
        store::sessions::lock_to_bill(&mut tx, practice_id, asked.client, &sessions).await?;

    let lines = bill_lines(&practice, &asked.content, &found)?;
    let shares: Vec<_> = lines
        .iter()
        .map(|(revenue, line)| (*revenue, line.shares))
        .collect();
    let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    let standing = standing(&mut tx, &practice, (id, &asked), &shares).await?;
    let reference = draw_reference(billing, &mut tx, practice_id, id).await?;
    let bill = Bill {
        standing,
        face: face(&practice, (number, reference), &asked, (&lines, now))?,
    };
    let transfers = issue::issue_bill(&bill.standing, &shares)?;
    let entry = entry(
        &billing.clock,
        (Act::BillIssued(id), asked.client),
        bill.face.issue_date,
        &transfers,
    )?;

    store::new_bills::insert(&mut tx, practice_id, &bill, &lines).await?;
    post(&mut tx, practice_id, now, &entry).await?;
    let events = [
        event::of(&billing.clock, &event::bill_issued(&bill)),
        event::of(&billing.clock, &event::entry_posted(practice_id, &entry)),
    ];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(ShownBill {
        held: Money::zero(practice.currency),
        bill,
        lines,
    })
}

/// Errors: POLICY_REQUIRED, POLICY_NOT_FOUND.
async fn standing(
    conn: &mut PgConnection,
    practice: &Practice,
    (bill, asked): (BillId, &IssueBill),
    shares: &[(crate::domain::bill::Revenue, Shares)],
) -> Result<Standing> {
    let client_owes = Money::sum(
        practice.currency,
        shares.iter().map(|(_, shares)| shares.client),
    )?;
    let insurance_owes = Money::sum(
        practice.currency,
        shares.iter().map(|(_, shares)| shares.insurance),
    )?;
    if let Some(policy) = asked.policy {
        store::people::get_payer_of_policy(conn, practice.practice, asked.client, policy).await?;
    }
    if insurance_owes.is_positive() && asked.policy.is_none() {
        return Err(Error::PolicyRequired);
    }
    Ok(Standing {
        bill,
        client: asked.client,
        policy: asked.policy.filter(|_| insurance_owes.is_positive()),
        cancelled: false,
        client_owes,
        insurance_owes,
        client_balance: client_owes,
        insurance_balance: insurance_owes,
        credit_applied: Money::zero(practice.currency),
    })
}

/// Errors: DUE_BEFORE_ISSUE.
fn face(
    practice: &Practice,
    (number, reference): (i64, Reference),
    asked: &IssueBill,
    (lines, now): (&[Line], Timestamp),
) -> Result<Face> {
    let issue_date = match asked.issue_date {
        Some(date) => date,
        None => practice.local_date(now)?,
    };
    let due_date = asked.due_date.unwrap_or(issue_date);
    if due_date < issue_date {
        return Err(Error::DueBeforeIssue);
    }
    let service_date = |line: &Line| match &line.item {
        Item::Service { date, .. } => Some(*date),
        Item::Product => None,
    };
    Ok(Face {
        number,
        reference,
        issue_date,
        due_date,
        last_service_date: lines.iter().filter_map(service_date).max(),
        total: Totals::of(practice.currency, lines)?.total,
        comments: asked.comments.clone(),
        revision: 1,
        create_time: now,
        share_time: None,
        cancel_time: None,
    })
}

async fn draw_reference(
    billing: &Billing,
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Reference> {
    for _ in 0..REFERENCE_DRAWS {
        let reference = Reference::new(&billing.clock);
        if store::new_bills::claim_reference(conn, practice, bill, reference).await? {
            return Ok(reference);
        }
    }
    Err(Error::Stored("an Invoice # drawn again and again"))
}
