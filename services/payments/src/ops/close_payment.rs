use super::match_payout_items::match_by_itself;
use super::settle_payment::{merge, tell_billing};
use crate::domain::payment::{PaymentState, Said};
use crate::store::closings::Closing;
use crate::store::payments::Payment;
use crate::{AccountRefusal, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use pg::RequestKey;

/// What somebody says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosePayment {
    /// The practice.
    pub practice: PracticeId,
    /// The payment.
    pub payment: PaymentId,
    /// The money was taken.
    pub charged: bool,
    /// Why they say so; not empty.
    pub reason: String,
}

/// Ends a payment whose end no call can learn, for the account that it was made on was taken away. Errors: as
/// PaymentService.ClosePayment says.
pub async fn close_payment(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: ClosePayment,
) -> Result<Payment> {
    caller.within(asked.practice)?;
    let now = payments.clock.now();
    let (practice, id) = (asked.practice, asked.payment);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    if let Some(first) = before {
        return store::payments::get(&mut tx, practice, first.into()).await;
    }
    let open = store::payments::lock(&mut tx, practice, id).await?;
    let charge = store::charges::get(&mut tx, practice, id).await?;
    let connections = store::connections::list(&mut tx, practice).await?;
    let taken_away = connections.was_taken_away(open.means.account.as_deref());
    if !charge.is_out_of_reach(taken_away) {
        return Err(AccountRefusal::EndsByItself(id).into());
    }
    let closing = Closing {
        charged: asked.charged,
        reason: asked.reason,
        closed_by: caller.subject.clone(),
        close_time: now,
    };
    store::closings::insert(&mut tx, practice, (id, &closing)).await?;
    let said = if closing.charged {
        Said {
            received: Some(open.amount),
            ..Said::only(PaymentState::Succeeded)
        }
    } else {
        Said::only(PaymentState::Cancelled)
    };
    let settled = merge(payments, &mut tx, (practice, id), said).await?;
    let closed = store::payments::get(&mut tx, practice, id).await?;
    tx.commit().await?;
    if let Some(settled) = settled {
        tell_billing(payments, &settled).await;
        // What an earlier payout paid out of it was nobody's until now.
        match_by_itself(payments, caller, practice, settled.came_by()).await;
    }
    Ok(closed)
}
