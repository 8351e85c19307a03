use super::list_bills::PageAsked;
use crate::domain::payout_line::{Part, Place, share_out};
use crate::store::payout_lines::{LineFilter, PaidItem, Placements, Position, RenderedBill};
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{BillId, PayoutItemId, PracticeId};
use pg::{Page, Tx};
use std::collections::HashMap;

/// A part of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutLine {
    /// The item whose part it is.
    pub paid: PaidItem,
    /// What of it.
    pub part: Part,
    /// The bill's; 0 for none.
    pub bill_number: i64,
    /// As printed; empty for none.
    pub clinician_name: String,
}

/// Lists for whom the money of payouts was, the latest arrival first; a page has the lines of so many items. Errors:
/// PAGE_TOKEN_INVALID.
pub async fn list_payout_lines(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    filter: LineFilter,
    page: PageAsked<'_>,
) -> Result<(Vec<PayoutLine>, String)> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<Position> = billing.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&billing.db, practice).await?;
    let currency = store::practices::get(&mut tx, practice).await?.currency;
    let shown = (filter, currency);
    let rows = store::payout_lines::items(&mut tx, practice, shown, (after, limit)).await?;
    let page = Page::cut(rows, size, (&billing.page_key, page.filter), |last| {
        (last.arrival_date, last.payout, last.position)
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    let lines = lines(&mut tx, practice, &page.items).await?;
    Ok((lines, page.next_page_token))
}

async fn lines(tx: &mut Tx, practice: PracticeId, items: &[PaidItem]) -> Result<Vec<PayoutLine>> {
    let ids: Vec<PayoutItemId> = items.iter().map(|paid| paid.item.item).collect();
    let mut placed = store::payout_lines::of_payments(tx, practice, &ids).await?;
    placed.extend(store::payout_lines::of_refunds(tx, practice, &ids).await?);
    let mut bills: Vec<BillId> = placed
        .values()
        .flatten()
        .filter_map(|(it, _)| *it)
        .collect();
    bills.sort_unstable();
    bills.dedup();
    let (bills, names) = store::payout_lines::bills(tx, practice, &bills).await?;
    let mut lines = Vec::new();
    for paid in items {
        let places = places(&placed, &bills, paid);
        for part in share_out((paid.item.gross, paid.item.fee), &places)? {
            let bill = part.bill.and_then(|bill| bills.get(&bill));
            let name = part.clinician.and_then(|clinician| names.get(&clinician));
            lines.push(PayoutLine {
                paid: *paid,
                part,
                bill_number: bill.map_or(0, |bill| bill.number),
                clinician_name: name.cloned().unwrap_or_default(),
            });
        }
    }
    Ok(lines)
}

fn places(
    placed: &Placements,
    bills: &HashMap<BillId, RenderedBill>,
    paid: &PaidItem,
) -> Vec<Place> {
    let of_item = placed.get(&paid.item.item).into_iter().flatten();
    of_item
        .map(|(bill, weight)| {
            let lines = bill.and_then(|bill| bills.get(&bill));
            Place {
                bill: *bill,
                weight: *weight,
                lines: lines.map(|bill| bill.lines.clone()).unwrap_or_default(),
            }
        })
        .collect()
}
