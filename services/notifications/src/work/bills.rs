use super::queue;
use crate::domain::news;
use crate::wire::event;
use ::rpc::parse;
use clock::Clock;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::PaymentPosted;

/// billing's events: a bill that was shared is sent, as is a superbill that was made; a payment that was booked gets its
/// receipt.
#[derive(Clone, Debug)]
pub struct Bills(pub Clock);

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let draft = match event.event_type.as_str() {
            "evenkeel.billing.v1.BillShared" => event::bill_shared(event.decode()?),
            "evenkeel.billing.v1.MonthlySuperbillMade" => {
                event::monthly_superbill_made(&event.decode()?)
            }
            "evenkeel.billing.v1.PaymentPosted" => {
                let posted: PaymentPosted = event.decode()?;
                let received = parse::date(posted.receive_date, "receive_date");
                let received = received.map_err(HandlerError::poison)?;
                if !news::wants_receipt(event::is_online(&posted), received, event.occur_time) {
                    return Ok(());
                }
                event::payment_posted(posted)
            }
            // Other events of billing ask for no mail.
            _ => return Ok(()),
        };
        queue(tx, &self.0, event, draft).await
    }
}
