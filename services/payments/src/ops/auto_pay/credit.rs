//! The client's credit pays first. How much it is to pay is written down before billing is asked, so that whoever goes on
//! after a crash asks for the same under the same key.

use super::Night;
use super::charge::ours;
use crate::store::autopay_items::DueItem;
use crate::{Payments, Result, store};
use money::Money;
use pg::RequestKey;

/// How often credit is asked for that others use at the same moment.
const TRIES: usize = 3;

/// Pays from credit what can be, and answers what is left to charge. Errors: `Billing`, NIGHT_TAKEN_OVER.
pub(super) async fn use_credit(
    payments: &Payments,
    night: Night<'_>,
    item: DueItem,
) -> Result<Money> {
    let zero = Money::zero(item.amount.currency());
    if item.credit_applied {
        return Ok(item.amount.minus(item.credit.unwrap_or(zero))?);
    }
    let mut noted = item.credit;
    for _ in 0..TRIES {
        let credit = match noted.take() {
            Some(credit) => credit,
            None => {
                let held = payments
                    .billing
                    .credit(night.due.practice, item.client)
                    .await?;
                let credit = held.unwrap_or(zero).at_most(item.amount)?;
                note(payments, night, item, (credit, false)).await?;
                credit
            }
        };
        crate::crash::point("autopay_credit_asked");
        if credit.is_zero() {
            return Ok(item.amount);
        }
        // The amount is part of the key: less is asked for when somebody else was faster.
        let key = RequestKey::derived(
            night.due.practice,
            "AutoPayCredit",
            &[
                &item.bill,
                &item.payer,
                &night.due.run_date,
                &credit.minor(),
            ],
        );
        if payments
            .billing
            .apply_credit(&key, (item.bill, credit))
            .await?
        {
            note(payments, night, item, (credit, true)).await?;
            return Ok(item.amount.minus(credit)?);
        }
    }
    // Less is owed than we know, or credit comes and goes: billing's hold decides about the whole amount.
    note(payments, night, item, (zero, false)).await?;
    Ok(item.amount)
}

async fn note(
    payments: &Payments,
    night: Night<'_>,
    item: DueItem,
    (credit, applied): (Money, bool),
) -> Result<()> {
    let which = (night.due.run_date, item.bill, item.payer);
    let (practice, now) = (night.due.practice, payments.clock.now());
    let amounts = (item.amount, credit, applied);
    let mut tx = ours(payments, night).await?;
    store::autopay_items::update_credit(&mut tx, practice, which, amounts, now).await?;
    Ok(tx.commit().await?)
}
