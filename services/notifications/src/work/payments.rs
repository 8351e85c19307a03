use super::queue;
use crate::domain::message::Particulars;
use crate::wire::{account, autopay, card, event};
use ::rpc::Invalid;
use clock::Clock;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::payments::v1::{DisputeClosed, DisputeOpened, PaymentFailed, RefundFailed};

/// payments' events: declines, refunds, charges to come and news of cards on file are told of, and to the practice nights
/// of AutoPay, declines that nobody saw, disputes, refunds that came back, payouts that failed, and that its account takes no
/// charges. (A payment's receipt waits for billing to have booked it.)
#[derive(Clone, Debug)]
pub struct Payments(pub Clock);

/// The events that ask for mail.
const TOLD_OF: [&str; 14] = [
    "PaymentFailed",
    "AutoPayRunEnded",
    "PayoutFailed",
    "ProcessorAccountUpdated",
    "RefundSucceeded",
    "MethodAdded",
    "CardAuthorizationRequested",
    "CardAuthorizationSigned",
    "MethodExpiring",
    "RefundFailed",
    "DisputeOpened",
    "DisputeClosed",
    "UpcomingChargeNoticed",
    "UpcomingChargeMoved",
];

impl Handler for Payments {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        if !self.matters(event) {
            return Ok(());
        }
        let draft = match event.event_type.as_str() {
            "evenkeel.payments.v1.PaymentFailed" => {
                let failed: PaymentFailed = event.decode()?;
                let unseen = autopay::unattended_decline(&failed);
                if let Some(draft) = unseen.map_err(HandlerError::poison)? {
                    queue(tx, &self.0, event, Ok(draft)).await?;
                }
                event::payment_failed(failed)
            }
            "evenkeel.payments.v1.AutoPayRunEnded" => {
                let run = autopay::auto_pay_run(event.decode()?);
                return self.tell_practice(tx, event, run).await;
            }
            "evenkeel.payments.v1.PayoutFailed" => {
                let failed = autopay::payout_failed(event.decode()?);
                return self.tell_practice(tx, event, failed).await;
            }
            "evenkeel.payments.v1.ProcessorAccountUpdated" => {
                let told = account::account_updated(event.event_id, &event.decode()?);
                return self.tell_practice(tx, event, Ok(told)).await;
            }
            "evenkeel.payments.v1.RefundSucceeded" => event::refund_succeeded(event.decode()?),
            "evenkeel.payments.v1.MethodAdded" => card::method_added(event.decode()?),
            "evenkeel.payments.v1.CardAuthorizationRequested" => {
                card::card_asked_for(event.decode()?)
            }
            "evenkeel.payments.v1.CardAuthorizationSigned" => {
                card::card_form_signed(event.decode()?)
            }
            "evenkeel.payments.v1.MethodExpiring" => {
                let drafts = card::method_expiring(event.decode()?);
                for draft in drafts.map_err(HandlerError::poison)? {
                    queue(tx, &self.0, event, Ok(draft)).await?;
                }
                return Ok(());
            }
            "evenkeel.payments.v1.RefundFailed" => {
                let failed: RefundFailed = event.decode()?;
                if !failed.came_back {
                    return Ok(());
                }
                event::refund_returned(failed)
            }
            "evenkeel.payments.v1.DisputeOpened" => {
                event::dispute(event.decode::<DisputeOpened>()?.dispute)
            }
            "evenkeel.payments.v1.DisputeClosed" => {
                event::dispute(event.decode::<DisputeClosed>()?.dispute)
            }
            "evenkeel.payments.v1.UpcomingChargeNoticed" => {
                autopay::charge_noticed(event.event_id, event.decode()?)
            }
            "evenkeel.payments.v1.UpcomingChargeMoved" => {
                autopay::charge_moved(event.event_id, event.decode()?)
            }
            // Other events of payments ask for no mail. (Of a payout that failed the practice hears by the processor itself.)
            _ => return Ok(()),
        };
        queue(tx, &self.0, event, draft).await
    }

    fn matters(&self, event: &Event) -> bool {
        let kind = event.event_type.strip_prefix("evenkeel.payments.v1.");
        kind.is_some_and(|kind| TOLD_OF.contains(&kind))
    }
}

impl Payments {
    /// What is about no client.
    async fn tell_practice(
        &self,
        tx: &mut Tx,
        event: &Event,
        particulars: Result<Option<Particulars>, Invalid>,
    ) -> Result<(), HandlerError> {
        match particulars.map_err(HandlerError::poison)? {
            Some(particulars) => queue(tx, &self.0, event, Ok((None, particulars))).await,
            None => Ok(()),
        }
    }
}
