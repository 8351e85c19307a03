use super::adjust_bill::reductions;
use super::bill_days;
use super::bill_lines::{Content, bill_lines, fees, waivers};
use super::book_bills::{Draft, book_bills};
use super::get_bill::{ShownBill, shown};
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, PracticeId};
use jiff::civil::Date;
use pg::RequestKey;

/// What a bill is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct IssueBill {
    /// The practice.
    pub practice: PracticeId,
    /// Whose bill.
    pub client: ClientId,
    /// What is on it.
    pub content: Content,
    /// None is today in the practice's time zone.
    pub issue_date: Option<Date>,
    /// None is as the terms of client and practice say.
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
    let number = store::practices::take_bill_numbers(&mut tx, practice_id, 1).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::people::keep_client(&mut tx, practice_id, asked.client).await?;
    let sessions = asked.content.session_ids();
    let found =
        store::sessions::lock_to_bill(&mut tx, practice_id, &[asked.client], (&sessions, None))
            .await?;

    let today = practice.local_date(now)?;
    let issue_date = bill_days::issued(asked.issue_date, today)?;
    let due_date = bill_days::due(asked.due_date, today)?;
    let fees = fees(&mut tx, (&practice, asked.client), &asked.content).await?;
    let lines = bill_lines(&practice, &asked.content, (&found, &fees))?;
    let waivers = waivers(&lines, &found);
    let reductions = reductions(&practice, asked.content.reductions, "reductions")?;
    if let Some(policy) = asked.content.policy {
        store::people::get_payer_of_policy(&mut tx, practice_id, asked.client, policy).await?;
    }
    let terms = store::terms::of_practice(&mut tx, &practice, now).await?;
    let client_terms = store::terms::of_client(&mut tx, &practice, asked.client).await?;
    let draft = Draft {
        id,
        client: asked.client,
        policy: asked.content.policy,
        issue_date,
        due_date: due_date.unwrap_or_else(|| client_terms.due_date(&terms, issue_date)),
        comments: asked.comments,
        lines,
        waivers,
        reductions,
        run_date: None,
    };
    let booked = book_bills(
        (billing, &mut tx),
        (&practice, now),
        (number, &caller.subject),
        vec![draft],
    )
    .await?;
    OUTBOX
        .append(&mut tx, practice_id, now, &booked.events)
        .await?;
    tx.commit().await?;
    let mut bills = booked.bills;
    bills
        .pop()
        .ok_or(Error::Stored("a bill that was not booked"))
}
