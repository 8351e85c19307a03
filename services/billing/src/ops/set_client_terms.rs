use super::set_practice_terms::enqueue;
use crate::domain::terms::{Automation, ClientPart, ClientTerms, Owing};
use crate::store::practices::Practice;
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use jiff::civil::Date;
use pg::RequestKey;

/// What is to be otherwise for a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetClientTerms {
    /// None is as the practice does; with the first day, none of which is as before or today.
    pub automation: Option<(Automation, Option<Date>)>,
    /// None is as the practice does.
    pub due_days: Option<i32>,
    /// Who owes what automation bills.
    pub owing: Owing,
    /// None is as the practice does.
    pub monthly_superbills: Option<bool>,
}

/// Sets what is otherwise for a client. Errors: as TermsService.SetClientTerms says.
pub async fn set_client_terms(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, client): (PracticeId, ClientId),
    asked: SetClientTerms,
) -> Result<ClientTerms> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS.replayed(&mut tx, key, client.uuid(), now).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::practices::lock(&mut tx, practice_id).await?;
    store::people::require_client(&mut tx, practice_id, client).await?;
    let before = store::terms::of_client(&mut tx, &practice, client).await?;
    if replayed.is_some() {
        return Ok(before);
    }
    if let Owing::Insurance { policy, .. } = asked.owing {
        store::people::get_payer_of_policy(&mut tx, practice_id, client, policy).await?;
    }
    let today = practice.local_date(now)?;
    let automation = asked.automation.map(|(automation, from)| {
        let goes_on = before
            .automation
            .filter(|(automation, _)| automation.is_automatic());
        let from = from.or(goes_on.map(|(_, from)| from)).unwrap_or(today);
        (automation, from)
    });
    // Who comes back to the practice's automation is billed from today on, however long it was by hand.
    let returned = match (automation, before.automation) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(today),
        (None, None) => before.returned,
    };
    let terms = ClientTerms {
        automation,
        returned,
        due_days: asked.due_days,
        owing: in_currency(&practice, asked.owing)?,
        monthly_superbills: asked.monthly_superbills,
        update_time: Some(now),
    };
    store::terms::upsert_of_client(&mut tx, &practice, client, (&terms, now)).await?;
    let bills = automation.is_some_and(|(automation, _)| automation.is_automatic());
    if bills || terms.monthly_superbills == Some(true) {
        enqueue(&mut tx, &practice, now).await?;
    }
    tx.commit().await?;
    Ok(terms)
}

/// Errors: CURRENCY_MISMATCH.
fn in_currency(practice: &Practice, owing: Owing) -> Result<Owing> {
    match owing {
        Owing::Insurance {
            policy,
            client_part: Some(ClientPart::CoPay(co_pay)),
        } => Ok(Owing::Insurance {
            policy,
            client_part: Some(ClientPart::CoPay(
                practice.in_currency(co_pay, "terms.co_pay")?,
            )),
        }),
        other @ (Owing::Insurance { .. } | Owing::Client) => Ok(other),
    }
}
