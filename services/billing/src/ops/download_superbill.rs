use super::get_superbill::get_superbill;
use crate::documents::{Pdf, render_superbill};
use crate::store::superbills::Scope;
use crate::{Billing, Result};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// Renders a superbill. Errors: as DocumentService.DownloadSuperbill says.
pub async fn download_superbill(
    billing: &Billing,
    caller: &Caller,
    (practice, client): (PracticeId, ClientId),
    scope: Scope,
) -> Result<Pdf> {
    caller.within(practice)?;
    let shown = get_superbill(billing, caller, (practice, client), scope).await?;
    let (from, to) = (shown.facts.from_date, shown.facts.to_date);
    Ok(Pdf {
        file_name: format!("Superbill-{from}-{to}.pdf"),
        bytes: render_superbill(&billing.typesetter, &shown.document).await?,
    })
}
