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
        self.apply_all(tx, std::slice::from_ref(event)).await
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let mut bills = Vec::new();
        for event in events {
            bills.extend(settled(event)?);
        }
        let caller = Caller::worker("portal-auth");
        ops::retire_access_codes(tx, &caller, first.practice, &bills, self.0.clock.now())
            .await
            .map_err(|error| match error {
                crate::Error::Database(error) => HandlerError::from(error),
                other => HandlerError::poison(other.to_string()),
            })
    }

    /// Most of what happens to bills leaves something to pay.
    fn matters(&self, event: &Event) -> bool {
        !matches!(settled(event), Ok(None))
    }
}

/// The bill of which the event says that a guest can pay nothing more on it.
fn settled(event: &Event) -> Result<Option<BillId>, HandlerError> {
    let bill = match event.event_type.as_str() {
        "evenkeel.billing.v1.BillCancelled" => event.decode::<BillCancelled>()?.bill,
        "evenkeel.billing.v1.BillBalanceChanged" => event.decode::<BillBalanceChanged>()?.bill,
        // Other events of billing do not matter here.
        _ => None,
    };
    let bill = bill.filter(nothing_due);
    let bill = bill.map(|bill| bill.bill_id.parse());
    bill.transpose().map_err(HandlerError::poison)
}

/// Nothing that a guest could pay: cancelled, or the client's share is settled.
fn nothing_due(bill: &BillFacts) -> bool {
    bill.status() == BillStatus::Cancelled
        || bill
            .client_balance
            .as_ref()
            .is_none_or(|balance| balance.minor_units <= 0)
}
