use crate::{PortalAuth, ops};
use ::rpc::Caller;
use ids::BillId;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::{BillBalanceChanged, BillCancelled, BillFacts, BillStatus};

/// What billing's events do here: the Access Code of a bill that is paid or cancelled opens nothing more.
pub struct Bills(pub PortalAuth);

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let bill = match event.event_type.as_str() {
            "evenkeel.billing.v1.BillCancelled" => event.decode::<BillCancelled>()?.bill,
            "evenkeel.billing.v1.BillBalanceChanged" => event.decode::<BillBalanceChanged>()?.bill,
            // Other events of billing do not matter here.
            _ => None,
        };
        let Some(bill) = bill.filter(nothing_due) else {
            return Ok(());
        };
        let bill_id: BillId = bill.bill_id.parse().map_err(HandlerError::poison)?;
        let caller = Caller::worker("portal-auth");
        ops::retire_access_code(tx, &caller, event.practice, bill_id, self.0.clock.now())
            .await
            .map_err(|error| match error {
                crate::Error::Database(error) => HandlerError::from(error),
                other => HandlerError::poison(other.to_string()),
            })
    }
}

/// Nothing that a guest could pay: cancelled, or the client's share is settled.
fn nothing_due(bill: &BillFacts) -> bool {
    bill.status() == BillStatus::Cancelled
        || bill
            .client_balance
            .as_ref()
            .is_none_or(|balance| balance.minor_units <= 0)
}
