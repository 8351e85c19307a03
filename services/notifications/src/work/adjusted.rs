//! The letter about what was taken off a bill that its client knows, or is owed on it again.

use super::gather::{Gather, RECEIPT_TOLD, insurer_owes, owes};
use super::trouble::Trouble;
use crate::domain::adjustment::{Change, net};
use crate::domain::letter::{Adjusted, Changed, Letter};
use crate::store;
use ::rpc::parse;
use ids::{BillId, ClientId};
use jiff::Timestamp;
use proto::billing::v1::Bill;

const CHANGED_BACK: &str = "what was changed was changed back";
const BILL_TOLD: &str = "the bill was sent since, and says so";

impl Gather<'_> {
    /// What happened, and what is due now. Nothing when it was undone meanwhile, or when a bill that went out since, or
    /// the receipt of all that was left to pay, tells the same.
    pub(super) async fn adjusted(
        &self,
        client: ClientId,
        bill: BillId,
        changes: &[Change],
    ) -> Result<Letter, Trouble> {
        let needless = |why: &str| Err(Trouble::Needless(why.to_owned()));
        let Some(last_time) = changes.iter().map(|change| change.time).max() else {
            return needless(CHANGED_BACK);
        };
        let bill = self.live_bill(bill).await?;
        if self.is_sent_since(&bill, last_time).await? {
            return needless(BILL_TOLD);
        }
        let owes = owes(&bill)?;
        if !owes && self.is_receipted(client, &bill, Some(last_time)).await? {
            return needless(RECEIPT_TOLD);
        }
        let told: Vec<_> = net(changes)
            .into_iter()
            .filter_map(|change| told(&bill, change))
            .collect();
        if told.is_empty() {
            return needless(CHANGED_BACK);
        }
        let due = if owes {
            Some(self.due(&bill).await?.0)
        } else {
            None
        };
        Ok(Letter::Adjusted(Adjusted {
            reference: parse(&bill.reference, "reference")?,
            changes: told,
            balance: parse::non_negative(bill.client_balance.clone(), "client_balance")?,
            insurer_owes: insurer_owes(&bill)?,
            due,
        }))
    }

    async fn is_sent_since(&self, bill: &Bill, time: Timestamp) -> Result<bool, Trouble> {
        let id = parse(&bill.bill_id, "bill_id")?;
        let sent = self
            .read(async |tx, practice| store::adjustments::find_shared_time(tx, practice, id).await)
            .await?;
        Ok(sent.is_some_and(|sent| sent > time))
    }
}

/// A change in words: the practice's own, as they stand on the bill. None when it was taken back since, of which another
/// event tells.
fn told(bill: &Bill, change: &Change) -> Option<Changed> {
    let words = if change.taken_back {
        change.kind.taken_back().to_owned()
    } else {
        let id = change.adjustment.to_string();
        let mut live = bill.adjustments.iter();
        let made = live.find(|made| made.adjustment_id == id)?;
        made.reduction.as_ref()?.client_text.clone()
    };
    Some(Changed {
        words,
        amount: change.amount,
        taken_back: change.taken_back,
    })
}
