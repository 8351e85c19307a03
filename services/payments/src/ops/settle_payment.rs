use super::match_payout_items::match_by_itself;
use super::payers;
use super::place_on_file::{PutOnFile, Wish};
use crate::domain::acceptance::is_kept_of;
use crate::domain::charge::{Presence, longer_hold};
use crate::domain::on_file::Stored;
use crate::domain::payer::Payer;
use crate::domain::payment::{PaymentState, Said};
use crate::store::attempts::Call;
use crate::store::charges::Standing;
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use jiff::Timestamp;
use pg::{Announcement, Tx};

/// Takes in what the processor says of a payment: the request's answer, a webhook and the reconciler all end here, in any
/// order and number. What it changes and its event commit together; then billing is told at once.
pub async fn settle_payment(
    payments: &Payments,
    caller: &Caller,
    (practice, payment): (PracticeId, PaymentId),
    said: Said,
) -> Result<()> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let Some(settled) = merge(payments, &mut tx, (practice, payment), said).await? else {
        return Ok(());
    };
    tx.commit().await?;
    tell_billing(payments, &settled).await;
    match_by_itself(payments, caller, practice, settled.came_by()).await;
    Ok(())
}

/// A payment whose state has changed.
pub(super) struct Settled {
    payment: Payment,
    /// Whose what it was made with is, or was to become.
    payer: Option<Payer>,
}

impl Settled {
    /// The processor's id of what the money came by, if it came: what payouts name it by.
    pub(super) fn came_by(&self) -> &[String] {
        if self.payment.state == PaymentState::Succeeded {
            self.payment.processor_intent.as_slice()
        } else {
            &[]
        }
    }
}

/// What billing has to know of a payment that was settled and committed; its feed tells it as well.
pub(super) async fn tell_billing(payments: &Payments, settled: &Settled) {
    let (payer, settled) = (settled.payer, &settled.payment);
    let (practice, payment) = (settled.practice, settled.payment);
    crate::crash::point("after_settle");
    match settled.state {
        PaymentState::Succeeded => {
            payments.billing.post_payment(settled, payer).await;
        }
        PaymentState::Failed | PaymentState::Cancelled => {
            payments.billing.release_hold(practice, payment).await;
        }
        PaymentState::Processing | PaymentState::Unknown => {
            if let Some(end) = longer_hold(settled.state, payments.clock.now()) {
                payments.billing.extend_hold(practice, payment, end).await;
            }
        }
        PaymentState::Created | PaymentState::RequiresAction => {}
    }
}

/// The payment after it, when its state changed; its event is announced, and the caller commits.
pub(super) async fn merge(
    payments: &Payments,
    tx: &mut Tx,
    (practice, payment): (PracticeId, PaymentId),
    said: Said,
) -> Result<Option<Settled>> {
    let now = payments.clock.now();
    let saving = saving(tx, (practice, payment), &said).await?;
    let mut settled = store::payments::lock(tx, practice, payment).await?;
    let state = settled.state.merged(said.state);
    if state == settled.state {
        return Ok(None);
    }
    if state == PaymentState::Succeeded && said.received != Some(settled.amount) {
        return Err(Error::ProcessorContradicts(
            "that another amount came than was asked for",
        ));
    }
    let failed = state == PaymentState::Failed;
    settled.state = state;
    settled.decline = said.decline.filter(|_| failed);
    let given_up = state == PaymentState::Cancelled;
    settled.refusal = said.refusal.filter(|_| given_up);
    if let Some((kind, method_text)) = said.method {
        (settled.kind, settled.method_text) = (kind, method_text);
    }
    settled.means.funding = said.funding.unwrap_or(settled.means.funding);
    let mut told = Vec::new();
    if let Some((wish, stored)) = saving {
        let put = PutOnFile {
            payments,
            practice,
            account: settled.means.account.as_deref(),
            wish,
            now,
        };
        let (method, events) = put.put(tx, stored).await?;
        settled.means.method = Some(method);
        told = events;
    }
    let standing = Standing {
        state,
        decline: settled.decline.as_ref(),
        refusal: settled.refusal,
        kind: settled.kind,
        method_text: &settled.method_text,
        funding: settled.means.funding,
        method: settled.means.method,
    };
    store::charges::update_standing(tx, &settled, standing, now).await?;
    if state == PaymentState::Succeeded && settled.presence == Presence::Nobody {
        let bills: Vec<_> = settled.allocations.iter().map(|part| part.bill).collect();
        store::upcoming_charges::update_charged(tx, practice, &bills, now).await?;
    }
    if state.is_final() {
        end(tx, &settled, now).await?;
    }
    let payer = payers::of_payment(tx, &settled).await?;
    let mut events = Vec::from_iter(outcome(payments, &settled, payer));
    events.append(&mut told);
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(Some(Settled {
        payment: settled,
        payer,
    }))
}

/// What is announced of a payment whose state has changed; none while it is on its way.
fn outcome(payments: &Payments, settled: &Payment, payer: Option<Payer>) -> Option<Announcement> {
    let clock = &payments.clock;
    match settled.state {
        PaymentState::Succeeded => Some(event::payment_succeeded(clock, settled, payer)),
        PaymentState::Failed => Some(event::payment_failed(clock, settled, payer)),
        PaymentState::Cancelled => Some(event::payment_cancelled(clock, settled)),
        PaymentState::Created
        | PaymentState::RequiresAction
        | PaymentState::Processing
        | PaymentState::Unknown => None,
    }
}

/// Nobody looks after a payment that has ended, and nothing is told of it to the processor any more.
async fn end(tx: &mut Tx, settled: &Payment, now: Timestamp) -> Result<()> {
    let (practice, payment) = (settled.practice, settled.payment);
    let confirmed = (payment.uuid(), Call::ConfirmIntent);
    store::attempts::finish(tx, practice, confirmed, now).await?;
    if !is_kept_of(settled.kind) {
        store::acceptances::delete(tx, practice, payment).await?;
    }
    store::unsettled::delete(tx, Subject::Payment(payment)).await
}

/// What comes on file with a payment that has succeeded, and for whom. The payer's lock comes before the payment's.
async fn saving(
    tx: &mut Tx,
    (practice, payment): (PracticeId, PaymentId),
    said: &Said,
) -> Result<Option<(Wish, Stored)>> {
    if said.state != PaymentState::Succeeded {
        return Ok(None);
    }
    let paid = store::payments::get(tx, practice, payment).await?;
    let (Some(payer), Some(customer)) = (paid.means.save_for, paid.means.customer) else {
        return Ok(None);
    };
    let Some(stored) = said.stored.clone() else {
        tracing::warn!(%payment, "the processor does not show what was paid with; it is not on file");
        return Ok(None);
    };
    store::customers::lock(tx, practice, payer).await?;
    let wish = Wish {
        payer,
        client: paid.client,
        make_default: false,
        hsa_fsa: false,
        replaces: None,
    };
    let stored = Stored {
        customer: stored.customer.or(Some(customer)),
        ..stored
    };
    Ok(Some((wish, stored)))
}
