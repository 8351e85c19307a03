use super::issue_access_code::{LiveCode, open};
use crate::{Error, PortalAuth, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};

/// The live code of a bill, to be printed. billing and notifications may.
///
/// Errors: ACCESS_CODE_NOT_FOUND when there is none, or it is burned or retired.
pub async fn reveal_access_code(
    portal: &PortalAuth,
    caller: &Caller,
    practice_id: PracticeId,
    bill_id: BillId,
) -> Result<LiveCode> {
    caller.within(practice_id)?;
    let mut tx = pg::begin(&portal.db, practice_id).await?;
    let reference = store::access_codes::find_reference(&mut tx, practice_id, bill_id).await?;
    let code = store::access_codes::lock(&mut tx, practice_id, bill_id).await?;
    match (reference, code) {
        (Some(reference), Some(code)) if code.standing.lives() => {
            open(portal, practice_id, bill_id, reference, &code)
        }
        (Some(_) | None, Some(_) | None) => Err(Error::AccessCodeNotFound(bill_id)),
    }
}
