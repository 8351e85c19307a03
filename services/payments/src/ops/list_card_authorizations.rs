use super::PageAsked;
use crate::domain::payer::Payer;
use crate::store::authorizations::{Authorization, AuthorizationFilter};
use crate::{Error, Payments, Result, store};
use ::rpc::{Caller, Denied, Role};
use ids::{AuthorizationId, PracticeId};
use pg::Page;

/// Lists forms, newest first: staff see all, a payer the own ones. Errors: CLIENT_UNKNOWN, PAGE_TOKEN_INVALID.
pub async fn list_card_authorizations(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    filter: AuthorizationFilter,
    page: PageAsked<'_>,
) -> Result<Page<Authorization>> {
    caller.within(practice)?;
    let filter = own(caller, filter)?;
    let size = pg::page_size(page.size)?;
    let below: Option<AuthorizationId> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let rows = store::authorizations::list(&mut tx, practice, &filter, (below, limit)).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        last.authorization
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}

fn own(caller: &Caller, filter: AuthorizationFilter) -> Result<AuthorizationFilter> {
    if let Some(client) = filter.client {
        caller.sees_client(client)?;
    }
    let payer = match (caller.role, filter.client, caller.contact) {
        (Role::Owner | Role::Biller | Role::Service, _, _) => None,
        (Role::Client, Some(client), _) => Some(Payer::Client(client)),
        (Role::Contact, _, Some(contact)) => Some(Payer::Contact(contact)),
        (
            Role::Client
            | Role::Contact
            | Role::Clinician
            | Role::Program
            | Role::Guest
            | Role::Anonymous,
            _,
            _,
        ) => return Err(Denied::NotAllowed.into()),
    };
    Ok(AuthorizationFilter { payer, ..filter })
}
