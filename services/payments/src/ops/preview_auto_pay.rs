use super::{PageAsked, accounts};
use crate::domain::autopay::{Choice, SkipReason, choose};
use crate::store::autopay_candidates::Candidate;
use crate::store::autopay_items::ItemState;
use crate::store::autopay_report::Item;
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::civil::Date;
use money::Money;
use pg::Page;

/// Bills read at once.
const SLICE: i64 = 500;

/// What the next night would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its local day.
    pub run_date: Date,
    /// By bill.
    pub page: Page<Item>,
    /// How many bills would be charged.
    pub due: i64,
    /// Their sum.
    pub due_sum: Money,
    /// How many would be left out.
    pub skipped: i64,
}

/// Shows what the next night would do as things stand. The sums are of all pages, so all bills are read for each.
/// Errors: PAGE_TOKEN_INVALID.
pub async fn preview_auto_pay(
    payments: &Payments,
    caller: &Caller,
    practice_id: PracticeId,
    page: PageAsked<'_>,
) -> Result<Preview> {
    caller.within(practice_id)?;
    let size = pg::page_size(page.size)?;
    let after: Option<BillId> = payments.page_key.open(page.filter, page.token)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let settings = store::autopay_settings::get(&mut tx, practice_id).await?;
    let (run_date, _) = settings
        .next_run(now, &practice.zone()?)
        .ok_or(Error::Stored("the end of time"))?;
    let wanted = (run_date, settings.announce_all);

    let no_account = accounts::is_missing(payments, &mut tx, practice_id).await?;
    let mut shown = Vec::new();
    let (mut due, mut due_sum, mut skipped) = (0, Money::zero(practice.currency), 0);
    let mut last = None;
    loop {
        let slice =
            store::autopay_candidates::list(&mut tx, practice_id, wanted, (last, SLICE)).await?;
        let Some(end) = slice.last() else { break };
        last = Some(end.bill);
        for mut candidate in slice {
            candidate.facts.on &= practice.online_payments;
            candidate.facts.no_account = no_account;
            let Some(item) = item(&candidate, run_date) else {
                continue;
            };
            if item.state == ItemState::Due {
                due += 1;
                due_sum = due_sum.plus(item.amount)?;
            } else {
                skipped += 1;
            }
            if shown.len() <= size && after.is_none_or(|after| item.bill > after) {
                shown.push(item);
            }
        }
    }
    store::autopay_report::name_methods(&mut tx, practice_id, &mut shown).await?;
    let seal = (&payments.page_key, page.filter);
    let page = Page::cut(shown, size, seal, |last| last.bill)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok(Preview {
        run_date,
        page,
        due,
        due_sum,
        skipped,
    })
}

/// None for a bill that nobody pays by AutoPay.
fn item(candidate: &Candidate, run_date: Date) -> Option<Item> {
    let state = match choose(&candidate.facts, run_date) {
        Choice::Charge(_) => ItemState::Due,
        Choice::Announce(_) => ItemState::Skipped(SkipReason::UpcomingCharge),
        Choice::Skip(reason) => ItemState::Skipped(reason),
    };
    let amount = candidate.facts.client_balance;
    Some(Item {
        bill: candidate.bill,
        client: candidate.client,
        payer: candidate.payer?,
        state,
        amount,
        credited: Money::zero(amount.currency()),
        method: candidate.method.as_ref().map(|method| method.method),
        payment: None,
        method_text: String::new(),
        decline: None,
    })
}
