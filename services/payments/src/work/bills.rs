use super::failed;
use crate::{store, wire};
use money::Money;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::{
    BillBalanceChanged, BillCancelled, BillEdited, BillIssued, InsurerPaymentRecorded,
    PaymentPosted,
};

/// billing's events: bills become known here as they stand, and payments as booked.
pub struct Bills;

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let facts = match event.event_type.as_str() {
            "evenkeel.billing.v1.BillIssued" => event.decode::<BillIssued>()?.bill,
            "evenkeel.billing.v1.BillEdited" => event.decode::<BillEdited>()?.bill,
            "evenkeel.billing.v1.BillCancelled" => event.decode::<BillCancelled>()?.bill,
            "evenkeel.billing.v1.BillBalanceChanged" => event.decode::<BillBalanceChanged>()?.bill,
            "evenkeel.billing.v1.PaymentPosted" => {
                let posted = event.decode::<PaymentPosted>()?;
                let payment = wire::billing::posted(&posted).map_err(failed)?;
                return store::payments::update_posted(tx, event.practice, payment)
                    .await
                    .map_err(failed);
            }
            "evenkeel.billing.v1.InsurerPaymentRecorded" => {
                let recorded = event.decode::<InsurerPaymentRecorded>()?;
                let decided = wire::billing::insurer_decided(&recorded).map_err(failed)?;
                return store::bills::update_insurer(tx, event.practice, decided)
                    .await
                    .map_err(failed);
            }
            _of_no_matter_here => return Ok(()),
        };
        let facts = facts.ok_or_else(|| HandlerError::poison("the event has no bill"))?;
        let insurance = wire::billing::insurance_balance(&facts).map_err(HandlerError::poison)?;
        let bill = wire::billing::facts(facts).map_err(HandlerError::poison)?;
        store::bills::upsert(tx, event.practice, &bill)
            .await
            .map_err(failed)?;
        let insurance = insurance.unwrap_or(Money::zero(bill.client_balance.currency()));
        let owed = (bill.bill, insurance);
        store::bills::update_owed(tx, event.practice, owed, event.occur_time)
            .await
            .map_err(failed)
    }
}
