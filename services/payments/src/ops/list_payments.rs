use crate::store::payments::{Payment, PaymentFilter};
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use pg::{Filter, Page};

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

/// Lists payments, newest first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_payments(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    filter: &PaymentFilter,
    page: PageAsked<'_>,
) -> Result<Page<Payment>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let below: Option<PaymentId> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let rows = store::payments::list(&mut tx, practice, filter, (below, limit)).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        last.payment
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
