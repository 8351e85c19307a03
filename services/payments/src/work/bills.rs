use super::failed;
use crate::store::authorization_queue::{Due, Waiting};
use crate::{store, wire};
use ids::ClientId;
use jiff::{SignedDuration, Timestamp};
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::{
    BillBalanceChanged, BillCancelled, BillEdited, BillIssued, ClientAdded, PaymentPosted,
};

/// Insurance and billing contact come after the client.
const INTAKE_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// billing's events: bills become known here as they stand, and payments as booked; new clients are asked for a card, when
/// the practice wants that.
pub struct Bills;

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let facts = match event.event_type.as_str() {
            "evenkeel.billing.v1.BillIssued" => event.decode::<BillIssued>()?.bill,
            "evenkeel.billing.v1.BillEdited" => event.decode::<BillEdited>()?.bill,
            "evenkeel.billing.v1.BillCancelled" => event.decode::<BillCancelled>()?.bill,
            "evenkeel.billing.v1.BillBalanceChanged" => event.decode::<BillBalanceChanged>()?.bill,
            "evenkeel.billing.v1.ClientAdded" => {
                let added =
                    wire::billing::added(&event.decode::<ClientAdded>()?).map_err(failed)?;
                return ask_later(tx, event, added).await.map_err(failed);
            }
            "evenkeel.billing.v1.PaymentPosted" => {
                let posted = event.decode::<PaymentPosted>()?;
                let payment = wire::billing::posted(&posted).map_err(failed)?;
                return store::payments::update_posted(tx, event.practice, payment)
                    .await
                    .map_err(failed);
            }
            _of_no_matter_here => return Ok(()),
        };
        let facts = facts.ok_or_else(|| HandlerError::poison("the event has no bill"))?;
        let bill = wire::billing::facts(facts).map_err(HandlerError::poison)?;
        store::bills::upsert(tx, event.practice, &bill)
            .await
            .map_err(failed)
    }
}

async fn ask_later(tx: &mut Tx, event: &Event, client: ClientId) -> crate::Result<()> {
    let policy = store::card_policies::get(tx, event.practice).await?;
    if !policy.ask_at_intake {
        return Ok(());
    }
    let due = Due {
        practice: event.practice,
        waiting: Waiting::Intake,
        subject: client.uuid(),
    };
    let time = event.occur_time.saturating_add(INTAKE_PAUSE);
    store::authorization_queue::upsert(tx, due, time.unwrap_or(Timestamp::MAX)).await
}
