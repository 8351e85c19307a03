use super::{Draft, Mails, to_client, to_practice};
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
        self.apply_all(tx, std::slice::from_ref(event)).await
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let mut mails = Mails::of(&self.0, first.practice);
        for event in events {
            mails.add(event, drafts(event)?);
        }
        mails.queue(tx).await
    }

    fn matters(&self, event: &Event) -> bool {
        let kind = event.event_type.strip_prefix("evenkeel.payments.v1.");
        kind.is_some_and(|kind| TOLD_OF.contains(&kind))
    }
}

/// What an event asks to be told.
fn drafts(event: &Event) -> Result<Vec<Draft>, HandlerError> {
    let id = event.event_id;
    let drafts = match event.event_type.as_str() {
        "evenkeel.payments.v1.PaymentFailed" => payment_failed(event.decode()?),
        "evenkeel.payments.v1.AutoPayRunEnded" => {
            autopay::auto_pay_run(event.decode()?).map(to_practice)
        }
        "evenkeel.payments.v1.PayoutFailed" => {
            autopay::payout_failed(event.decode()?).map(to_practice)
        }
        "evenkeel.payments.v1.ProcessorAccountUpdated" => {
            Ok(to_practice(account::account_updated(id, &event.decode()?)))
        }
        "evenkeel.payments.v1.RefundSucceeded" => {
            event::refund_succeeded(event.decode()?).map(to_client)
        }
        "evenkeel.payments.v1.MethodAdded" => card::method_added(event.decode()?).map(to_client),
        "evenkeel.payments.v1.CardAuthorizationRequested" => {
            card::card_asked_for(event.decode()?).map(to_client)
        }
        "evenkeel.payments.v1.CardAuthorizationSigned" => {
            card::card_form_signed(event.decode()?).map(to_client)
        }
        "evenkeel.payments.v1.MethodExpiring" => {
            let both = card::method_expiring(event.decode()?);
            both.map(|both| both.into_iter().flat_map(to_client).collect())
        }
        "evenkeel.payments.v1.RefundFailed" => {
            let failed: RefundFailed = event.decode()?;
            if !failed.came_back {
                return Ok(Vec::new());
            }
            event::refund_returned(failed).map(to_client)
        }
        "evenkeel.payments.v1.DisputeOpened" => {
            event::dispute(event.decode::<DisputeOpened>()?.dispute).map(to_client)
        }
        "evenkeel.payments.v1.DisputeClosed" => {
            event::dispute(event.decode::<DisputeClosed>()?.dispute).map(to_client)
        }
        "evenkeel.payments.v1.UpcomingChargeNoticed" => {
            autopay::charge_noticed(id, event.decode()?).map(to_client)
        }
        "evenkeel.payments.v1.UpcomingChargeMoved" => {
            autopay::charge_moved(id, event.decode()?).map(to_client)
        }
        // Other events of payments ask for no mail. (Of a payout that failed the practice hears by the processor itself.)
        _ => return Ok(Vec::new()),
    };
    drafts.map_err(HandlerError::poison)
}

/// To the practice first, when nobody saw it.
fn payment_failed(failed: PaymentFailed) -> Result<Vec<Draft>, Invalid> {
    let unseen = autopay::unattended_decline(&failed)?;
    let told = event::payment_failed(failed)?;
    Ok(unseen
        .into_iter()
        .chain([told])
        .flat_map(to_client)
        .collect())
}
