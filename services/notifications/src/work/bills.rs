use super::{Draft, Mails, failed, to_client, worker};
use crate::domain::news;
use crate::ops;
use crate::ops::queue_adjustment::Adjusted;
use crate::wire::event;
use ::rpc::parse;
use clock::Clock;
use ids::MessageId;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::PaymentPosted;

/// billing's events: a bill that was shared is sent, as is a superbill that was made; a payment that was booked gets its
/// receipt, as does who paid it, and what was taken off a bill that was sent before is told of.
#[derive(Clone, Debug)]
pub struct Bills(pub Clock);

const SHARED: &str = "evenkeel.billing.v1.BillShared";
const SUPERBILL: &str = "evenkeel.billing.v1.MonthlySuperbillMade";
const PAID: &str = "evenkeel.billing.v1.PaymentPosted";
const ADJUSTED: &str = "evenkeel.billing.v1.BillAdjusted";
const REVERSED: &str = "evenkeel.billing.v1.AdjustmentReversed";

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        self.apply_all(tx, std::slice::from_ref(event)).await
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let mut mails = Mails::of(&self.0, first.practice);
        for event in events {
            match asked(event)? {
                Asked::Mails(drafts) => mails.add(event, drafts),
                Asked::Adjusted(adjusted) => {
                    // Whether the bill was shared depends on what was queued before.
                    mails.queue(tx).await?;
                    self.adjusted(tx, event, adjusted).await?;
                }
            }
        }
        mails.queue(tx).await
    }

    fn matters(&self, event: &Event) -> bool {
        match event.event_type.as_str() {
            PAID => event
                .decode()
                .map_err(HandlerError::from)
                .and_then(|posted| asks_for_receipt(event, &posted))
                .unwrap_or(true),
            other => [SHARED, SUPERBILL, ADJUSTED, REVERSED].contains(&other),
        }
    }
}

fn asks_for_receipt(event: &Event, posted: &PaymentPosted) -> Result<bool, HandlerError> {
    let received = parse::date(posted.receive_date, "receive_date");
    let received = received.map_err(HandlerError::poison)?;
    let online = event::is_online(posted);
    Ok(news::wants_receipt(online, received, event.occur_time))
}

impl Bills {
    async fn adjusted(
        &self,
        tx: &mut Tx,
        event: &Event,
        adjusted: Adjusted,
    ) -> Result<(), HandlerError> {
        let now = self.0.now();
        if !news::is_recent(event.occur_time, now) {
            return Ok(());
        }
        let message = (MessageId::new(&self.0), now);
        ops::queue_adjustment::queue_adjustment(tx, &worker(), event.practice, adjusted, message)
            .await
            .map_err(failed)
    }
}

/// What an event asks for.
enum Asked {
    Mails(Vec<Draft>),
    Adjusted(Adjusted),
}

fn asked(event: &Event) -> Result<Asked, HandlerError> {
    let told = (event.event_id, event.occur_time);
    let asked = match event.event_type.as_str() {
        SHARED => event::bill_shared(event.decode()?).map(|draft| Asked::Mails(to_client(draft))),
        SUPERBILL => event::monthly_superbill_made(&event.decode()?)
            .map(|draft| Asked::Mails(to_client(draft))),
        PAID => return receipts(event).map(Asked::Mails),
        ADJUSTED => event::bill_adjusted(told, event.decode()?).map(Asked::Adjusted),
        REVERSED => event::adjustment_reversed(told, event.decode()?).map(Asked::Adjusted),
        // Other events of billing ask for no mail.
        _ => Ok(Asked::Mails(Vec::new())),
    };
    asked.map_err(HandlerError::poison)
}

/// The payer's own first, if they get one.
fn receipts(event: &Event) -> Result<Vec<Draft>, HandlerError> {
    let posted: PaymentPosted = event.decode()?;
    if !asks_for_receipt(event, &posted)? {
        return Ok(Vec::new());
    }
    let receipts = event::payment_posted(posted);
    let (receipt, payers) = receipts.map_err(HandlerError::poison)?;
    let mails = payers.into_iter().chain([receipt]);
    Ok(mails.flat_map(to_client).collect())
}
