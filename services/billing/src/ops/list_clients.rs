use super::list_bills::PageAsked;
use crate::domain::people::Client;
use crate::store::clients::Position;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::Page;

/// Lists clients by family name, given name, id; only the one with the external reference, when one is given. Errors:
/// PAGE_TOKEN_INVALID.
pub async fn list_clients(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    external_reference: Option<&str>,
    page: PageAsked<'_>,
) -> Result<Page<Client>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<Position> = billing.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&billing.db, practice).await?;
    let clients =
        store::clients::list(&mut tx, practice, external_reference, (after, limit)).await?;
    let seal = (&billing.page_key, page.filter);
    Page::cut(clients, size, seal, |last| Position {
        family_name: last.person.family_name.clone(),
        given_name: last.person.given_name.clone(),
        client: last.client,
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
