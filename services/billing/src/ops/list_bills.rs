use super::get_bill::ShownBill;
use crate::store::bill_lists::BillFilter;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use money::Money;
use pg::{Filter, Page};
use std::collections::HashMap;

/// A page of bills, and what all pages sum up to.
#[derive(Clone, Debug, PartialEq)]
pub struct BillPage {
    /// Newest number first, without lines.
    pub bills: Page<ShownBill>,
    /// How many match.
    pub count: i64,
    /// What clients still owe on them.
    pub client_balance: Money,
    /// What insurers still owe on them.
    pub insurance_balance: Money,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
pub struct PageAsked<'a> {
    /// As asked: 0 is 50, at most 500.
    pub size: i32,
    /// Empty for the first.
    pub token: &'a str,
    /// What the list is asked for, which seals the token.
    pub filter: Filter,
}

/// Lists bills. Errors: PAGE_TOKEN_INVALID.
pub async fn list_bills(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    filter: &BillFilter,
    page: PageAsked<'_>,
) -> Result<BillPage> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let below: Option<i64> = billing.page_key.open(page.filter, page.token)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let currency = store::practices::get(&mut tx, practice).await?.currency;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let bills = store::bill_lists::list(&mut tx, practice, filter, (below, limit)).await?;
    let ids: Vec<_> = bills.iter().map(crate::domain::bill::Bill::id).collect();
    let held: HashMap<_, _> = store::holds::held_of_each(&mut tx, practice, &ids, now)
        .await?
        .into_iter()
        .collect();
    let totals = store::bill_lists::totals(&mut tx, practice, filter).await?;
    let shown = bills.into_iter().map(|bill| {
        let held = Money::from_minor(held.get(&bill.id()).copied().unwrap_or(0), currency);
        ShownBill {
            bill,
            lines: Vec::new(),
            adjustments: Vec::new(),
            held,
        }
    });
    let bills = Page::cut(
        shown.collect(),
        size,
        (&billing.page_key, page.filter),
        |last| last.bill.face.number,
    )
    .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok(BillPage {
        bills,
        count: totals.count,
        client_balance: Money::from_minor(totals.client_balance_minor, currency),
        insurance_balance: Money::from_minor(totals.insurance_balance_minor, currency),
    })
}
