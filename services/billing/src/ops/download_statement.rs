use super::get_statement::{StatementAsked, get_statement};
use crate::documents::{Pdf, render_statement};
use crate::{Billing, Result};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// Renders a client's statement. Errors: CLIENT_NOT_FOUND, INVALID_FIELD.
pub async fn download_statement(
    billing: &Billing,
    caller: &Caller,
    (practice, client): (PracticeId, ClientId),
    asked: StatementAsked,
) -> Result<Pdf> {
    caller.within(practice)?;
    let shown = get_statement(billing, caller, (practice, client), asked).await?;
    Ok(Pdf {
        file_name: format!("Statement-{}.pdf", shown.facts.to_date),
        bytes: render_statement(&billing.typesetter, &shown.document).await?,
    })
}
