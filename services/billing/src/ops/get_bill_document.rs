use super::bill_document::bill_document;
use crate::documents::{BillDocument, BillFacts};
use crate::{Billing, Result};
use ::rpc::Caller;
use ids::{BillId, PracticeId};

/// Reads what a bill says as it stands today. Errors: BILL_NOT_FOUND, PORTAL_AUTH.
pub async fn get_bill_document(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bill: BillId,
) -> Result<(BillFacts, BillDocument)> {
    caller.within(practice)?;
    bill_document(billing, caller, practice, bill).await
}
