//! The way of a charge: hold, intent, confirmation, outcome. Each step is committed before the next begins, and each
//! call to the processor is written down with its key before it is made, so that whoever goes on after a crash repeats
//! at most a call that the processor knows already.

mod pace;
mod records;
mod steps;

use pace::Pace;
pub(super) use pace::hold_off;

pub(super) use steps::{client_secret, made_customer};

use super::begin_charge::Begun;
use super::read_account;
use super::settle_payment::settle_payment;
use super::{Shown, get_payment};
use crate::domain::charge::{Charge, Presence, Step, longer_hold};
use crate::domain::payment::{PaymentState, Said};
use crate::domain::refusal::Refusal;
use crate::{AccountRefusal, Error, Payments, Result};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use jiff::Timestamp;

/// Hold, customer, intent and confirmation are four steps; more passes than this are a mistake.
const STEPS_MAX: usize = 6;

/// Goes on with a charge that somebody waits for. When they are told that it cannot be done now, nobody else goes on with
/// it: it waits a moment for them to ask again, and is given up. Errors: as PaymentService.PayBill says.
pub(super) async fn pay(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    Begun { payment, ours }: Begun,
) -> Result<Shown> {
    crate::crash::point("after_intent");
    if ours {
        let outcome = walk(payments, (practice, payment), Pace::AtOnce).await;
        records::release(payments, practice, (payment, outcome.is_err())).await?;
        outcome?;
    }
    let shown = get_payment(payments, caller, practice, payment).await?;
    let Some(refusal) = shown.payment.refusal else {
        return Ok(shown);
    };
    if refusal == Refusal::AccountDisconnected {
        return Err(AccountRefusal::Disconnected.into());
    }
    let only = match shown.payment.allocations.as_slice() {
        [only] => Some(only.bill),
        [] | [_, _, ..] => None,
    };
    Err(Error::Refused(refusal, only))
}

/// Goes on with a payment that was left on its way: the reconciler's turn, which holds its lease. When it has to be
/// looked at again at the latest; none when it does not matter.
pub async fn continue_payment(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<Timestamp>> {
    caller.within(practice)?;
    let outcome = walk(payments, (practice, payment), Pace::BySlots).await;
    let (charge, now) = (
        records::charge(payments, practice, payment).await?,
        payments.clock.now(),
    );
    if let Some(end) = longer_hold(charge.state, now).filter(|_| charge.held) {
        payments.billing.extend_hold(practice, payment, end).await;
    }
    outcome.map(|()| charge.give_up_time(now))
}

/// Asks the processor what has become of a payment and takes it in; takes no step of its own. For webhooks, of which each
/// charge of a night brings several: they keep the pace as well, and nobody who waits stands behind them.
pub async fn read_payment(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<()> {
    caller.within(practice)?;
    let paid = records::payment(payments, practice, payment).await?;
    if paid.presence == Presence::Nobody {
        let which = (practice, payment);
        Pace::BySlots.before(payments, which, Step::Read).await?;
    }
    match steps::read(payments, practice, payment).await? {
        Some(said) => settle(payments, practice, payment, said).await,
        None => Ok(()),
    }
}

/// Goes on with a charge of the night until it rests, and gives the lease back. Nobody waits for it, so each call to the
/// processor waits for its slot.
pub(super) async fn go_on_paced(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<()> {
    let outcome = walk(payments, (practice, payment), Pace::BySlots).await;
    records::release(payments, practice, (payment, false)).await?;
    outcome
}

async fn walk(
    payments: &Payments,
    (practice, payment): (PracticeId, PaymentId),
    pace: Pace,
) -> Result<()> {
    for _ in 0..STEPS_MAX {
        let mut charge = records::charge(payments, practice, payment).await?;
        let step = charge.next(payments.clock.now());
        if pace.before(payments, (practice, payment), step).await? {
            charge = records::charge(payments, practice, payment).await?;
        }
        match charge.next(payments.clock.now()) {
            Step::Rest => return Ok(()),
            Step::Hold => steps::hold(payments, practice, payment).await?,
            Step::CreateCustomer => {
                if let Some(said) = steps::create_customer(payments, practice, payment).await? {
                    return settle(payments, practice, payment, said).await;
                }
            }
            Step::CreateIntent => {
                if let Some(said) = steps::create_intent(payments, practice, payment).await? {
                    return settle(payments, practice, payment, said).await;
                }
            }
            Step::Confirm => return confirm(payments, practice, payment).await,
            Step::GiveUp => return give_up(payments, (practice, payment), &charge).await,
            Step::Read => {
                let Some(said) = steps::read(payments, practice, payment).await? else {
                    return Ok(());
                };
                let next = charge.after_reading(said.state, payments.clock.now());
                settle(payments, practice, payment, said).await?;
                return match next {
                    Step::Confirm => confirm(payments, practice, payment).await,
                    Step::GiveUp => give_up(payments, (practice, payment), &charge).await,
                    Step::Rest
                    | Step::Hold
                    | Step::CreateCustomer
                    | Step::CreateIntent
                    | Step::Read => Ok(()),
                };
            }
        }
    }
    tracing::error!(%payment, "a charge does not come to rest");
    Ok(())
}

async fn confirm(payments: &Payments, practice: PracticeId, payment: PaymentId) -> Result<()> {
    let said = steps::confirm(payments, practice, payment).await?;
    crate::crash::point("after_confirm");
    settle(payments, practice, payment, said).await
}

/// The payer is gone. What the processor knows of is cancelled there, so that it can never be charged; should it have
/// been charged meanwhile, the processor says so and the payment has succeeded.
async fn give_up(
    payments: &Payments,
    (practice, payment): (PracticeId, PaymentId),
    charge: &Charge,
) -> Result<()> {
    let confirmed = charge.confirm_asked.is_some();
    let said = match steps::cancel(payments, practice, (payment, confirmed)).await? {
        Some(said) => said,
        None => Said::only(PaymentState::Cancelled),
    };
    settle(payments, practice, payment, said).await
}

async fn settle(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
    said: Said,
) -> Result<()> {
    let caller = Caller::worker("payments");
    let taken_away = said.refusal == Some(Refusal::AccountDisconnected);
    settle_payment(payments, &caller, (practice, payment), said).await?;
    if taken_away {
        learn_of_account(payments, &caller, (practice, payment)).await;
    }
    Ok(())
}

/// The webhook that tells of an account that was taken away may have been lost: the next charge is to know. The payment has
/// its end, whatever becomes of this.
async fn learn_of_account(
    payments: &Payments,
    caller: &Caller,
    (practice, payment): (PracticeId, PaymentId),
) {
    let learnt = async {
        match records::account(payments, practice, payment).await? {
            Some(account) => read_account(payments, caller, practice, &account).await,
            None => Ok(()),
        }
    };
    if let Err(error) = learnt.await {
        tracing::warn!(%payment, %error, "how the account stands is not known yet");
    }
}
