use crate::domain::card_form::CardPolicy;
use crate::store::card_policies::Form;
use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// How the practice keeps cards on file, and the text that counts.
pub async fn get_card_on_file_policy(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<(CardPolicy, Form)> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let policy = store::card_policies::get(&mut tx, practice).await?;
    let form = store::card_policies::form(&mut tx, practice).await?;
    Ok((policy, form))
}
