use crate::store::payments::{MethodTotal, PaymentRow, Position, Range};
use crate::{Error, Reporting, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::{Filter, Page};

/// A page of the Payments report.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentsReport {
    /// Oldest first.
    pub rows: Page<PaymentRow>,
    /// Of the whole range.
    pub totals: Vec<MethodTotal>,
    /// Events that are not in it yet.
    pub events_behind: i64,
}

/// Which page of the report.
#[derive(Clone, Copy, Debug)]
pub struct PageAsked<'a> {
    /// As asked: 0 is 50, at most 500.
    pub size: i32,
    /// Empty for the first.
    pub token: &'a str,
    /// What the report is asked for, which seals the token.
    pub filter: Filter,
}

/// Lists the payments of a range. Errors: PAGE_TOKEN_INVALID, INVALID_FIELD.
pub async fn list_payments_report(
    reporting: &Reporting,
    caller: &Caller,
    practice: PracticeId,
    range: Range,
    page: PageAsked<'_>,
) -> Result<PaymentsReport> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<Position> = reporting.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let head = reporting.billing.head(practice).await?;
    let mut tx = pg::begin_snapshot(&reporting.db, practice).await?;
    let rows = store::payments::list(&mut tx, practice, range, (after, limit)).await?;
    let totals = store::payments::totals(&mut tx, practice, range).await?;
    let applied = store::projections::applied(&mut tx, practice).await?;
    tx.rollback().await?;
    let seal = (&reporting.page_key, page.filter);
    let rows = Page::cut(rows, size, seal, |last| {
        (last.payment.receive_date, last.booked_sequence)
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok(PaymentsReport {
        rows,
        totals,
        events_behind: (head - applied).max(0),
    })
}
