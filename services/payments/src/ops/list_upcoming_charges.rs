use super::PageAsked;
use super::turn_on_auto_pay::is_staff;
use crate::domain::upcoming::Limits;
use crate::store::upcoming_charges::{Change, Place, UpcomingCharge};
use crate::{Error, Payments, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, ClientId, PracticeId};
use pg::Page;

/// A page of charges to come, and all that happened to them.
#[derive(Clone, Debug, PartialEq)]
pub struct UpcomingCharges {
    /// By day.
    pub page: Page<UpcomingCharge>,
    /// Of the page's charges, by bill, oldest first.
    pub changes: Vec<Change>,
    /// How far payers may move them.
    pub limits: Limits,
}

/// Lists charges to come, by day. Errors: CLIENT_UNKNOWN, INVALID_FIELD, PAGE_TOKEN_INVALID.
pub async fn list_upcoming_charges(
    payments: &Payments,
    caller: &Caller,
    (practice, client): (PracticeId, Option<ClientId>),
    page: PageAsked<'_>,
) -> Result<UpcomingCharges> {
    caller.within(practice)?;
    match client {
        Some(client) => caller.sees_client(client)?,
        None if is_staff(caller) => {}
        None => return Err(Invalid::new("client_id", "must be given").into()),
    }
    let size = pg::page_size(page.size)?;
    let after: Option<Place> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let charges = store::upcoming_charges::list(&mut tx, practice, client, (after, limit)).await?;
    let seal = (&payments.page_key, page.filter);
    let page = Page::cut(charges, size, seal, |last| (last.charge_date, last.bill))
        .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    let bills: Vec<BillId> = page.items.iter().map(|charge| charge.bill).collect();
    let changes = store::upcoming_charges::list_changes(&mut tx, practice, &bills).await?;
    let limits = store::autopay_settings::get(&mut tx, practice)
        .await?
        .limits;
    Ok(UpcomingCharges {
        page,
        changes,
        limits,
    })
}
