use super::settle_refund::end;
use crate::domain::refund::RefundState;
use crate::store::attempts::Call;
use crate::store::payments::Payment;
use crate::store::refund_closings::RefundClosing;
use crate::store::refunds::Refund;
use crate::{AccountRefusal, Error, Missing, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RefundId};
use pg::{RequestKey, Tx};

/// What somebody says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseRefund {
    /// The practice.
    pub practice: PracticeId,
    /// The refund.
    pub refund: RefundId,
    /// The money went back.
    pub refunded: bool,
    /// Why they say so; not empty.
    pub reason: String,
}

/// Ends a refund whose end no call can learn, for the account that it was sent on was taken away. Errors: as
/// PaymentService.CloseRefund says.
pub async fn close_refund(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: CloseRefund,
) -> Result<(Refund, Payment)> {
    caller.within(asked.practice)?;
    let now = payments.clock.now();
    let (practice, id) = (asked.practice, asked.refund);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    if let Some(first) = before {
        return read(&mut tx, practice, first.into()).await;
    }
    let payment = store::refunds::get_payment(&mut tx, practice, id).await?;
    let payment = store::payments::lock(&mut tx, practice, payment).await?;
    let open = refund_of(&payment, id)?;
    let attempt = (id.uuid(), Call::CreateRefund);
    let asked_before = store::attempts::find_start(&mut tx, practice, attempt).await?;
    let sent = asked_before.is_some() || open.made_at_processor;
    let connections = store::connections::list(&mut tx, practice).await?;
    let taken_away = connections.was_taken_away(payment.means.account.as_deref());
    if !open.state.is_out_of_reach(sent, taken_away) {
        return Err(AccountRefusal::RefundEndsByItself(id).into());
    }
    let closing = RefundClosing {
        refunded: asked.refunded,
        reason: asked.reason,
        closed_by: caller.subject.clone(),
        close_time: now,
        overrule_time: None,
    };
    store::refund_closings::insert(&mut tx, practice, (id, &closing)).await?;
    let state = if closing.refunded {
        RefundState::Succeeded
    } else {
        RefundState::Failed
    };
    let ended = end(payments, &mut tx, (&payment, &open), (state, None)).await?;
    let closed = read(&mut tx, practice, id).await?;
    tx.commit().await?;
    crate::crash::point("after_settle_refund");
    if ended.state == RefundState::Succeeded {
        payments.billing.post_refund(practice, &ended).await;
    }
    Ok(closed)
}

async fn read(tx: &mut Tx, practice: PracticeId, refund: RefundId) -> Result<(Refund, Payment)> {
    let payment = store::refunds::get_payment(tx, practice, refund).await?;
    let payment = store::payments::get(tx, practice, payment).await?;
    Ok((refund_of(&payment, refund)?, payment))
}

fn refund_of(payment: &Payment, refund: RefundId) -> Result<Refund> {
    let mut refunds = payment.refunds.iter();
    let found = refunds.find(|it| it.refund == refund).cloned();
    found.ok_or(Error::Missing(Missing::Refund(refund)))
}
