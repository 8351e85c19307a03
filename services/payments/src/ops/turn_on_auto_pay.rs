use super::payers;
use crate::domain::on_file::MethodState;
use crate::domain::payer::Payer;
use crate::store::autopay_enrolments::Enrolment;
use crate::store::methods::Method;
use crate::{AutoPayRefusal, Error, Missing, Payments, REQUESTS, Result, store};
use ::rpc::{Caller, Role};
use ids::{ClientId, MethodId, PracticeId};
use pg::{RequestKey, Tx};

/// Whose bills are to be paid, by whom and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnOn {
    /// The practice.
    pub practice: PracticeId,
    /// Whose bills.
    pub client: ClientId,
    /// Who pays.
    pub payer: Payer,
    /// With what; none: the payer's default.
    pub method: Option<MethodId>,
    /// What is owed already is charged too.
    pub include_old_balances: bool,
}

/// Has a client's bills charged from the next night on. Errors: as AutoPayService.TurnOnAutoPay says.
pub async fn turn_on_auto_pay(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: TurnOn,
) -> Result<Enrolment> {
    caller.within(asked.practice)?;
    payers::may(caller, asked.practice, (asked.payer, asked.client))?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, asked.practice).await?;
    let subject = asked.client.uuid();
    let before = REQUESTS.replayed(&mut tx, key, subject, now).await?;
    let enrolled = store::autopay_enrolments::lock(&mut tx, asked.practice, asked.client).await?;
    if before.is_some() {
        return enrolled.ok_or(Error::Missing(Missing::AutoPay(asked.client)));
    }
    let practice = store::practices::get(&mut tx, asked.practice).await?;
    let settings = store::autopay_settings::get(&mut tx, asked.practice).await?;
    let allowed = settings.clients_may_turn_on && !asked.include_old_balances;
    if !allowed && !is_staff(caller) {
        return Err(AutoPayRefusal::ByPracticeOnly.into());
    }
    check_method(&mut tx, &asked).await?;

    let running = enrolled.filter(|it| it.turn_off_time.is_none());
    if let Some(other) = &running {
        payers::may_auto_pay(caller, asked.practice, (other.payer, asked.client))?;
    }
    let enrolment = Enrolment {
        client: asked.client,
        payer: asked.payer,
        method: asked.method,
        charges_since: match running {
            _any if asked.include_old_balances => None,
            // Another card or payer makes nothing old that was not.
            Some(running) => running.charges_since,
            None => Some(now),
        },
        turn_on_time: now,
        turn_off_time: None,
    };
    let by = &caller.subject;
    store::autopay_enrolments::upsert(&mut tx, asked.practice, &enrolment, by).await?;
    let next = settings
        .next_run(now, &practice.zone()?)
        .ok_or(Error::Stored("the end of time"))?;
    store::autopay_queue::schedule(&mut tx, asked.practice, next, now).await?;
    tx.commit().await?;
    Ok(enrolment)
}

/// Whether it is the practice that asks.
pub(super) fn is_staff(caller: &Caller) -> bool {
    match caller.role {
        Role::Owner | Role::Biller | Role::Clinician | Role::Program | Role::Service => true,
        Role::Client | Role::Contact | Role::Guest | Role::Anonymous => false,
    }
}

/// The method is the payer's, and the payer belongs to the client. Errors: METHOD_NOT_FOUND, NO_METHOD_ON_FILE.
async fn check_method(tx: &mut Tx, asked: &TurnOn) -> Result<()> {
    let theirs = |method: &Method| method.payer == asked.payer && method.client == asked.client;
    match asked.method {
        Some(id) => {
            let method = store::methods::find(tx, asked.practice, id).await?;
            let usable = method
                .is_some_and(|method| theirs(&method) && method.state != MethodState::Removed);
            usable
                .then_some(())
                .ok_or(Error::Missing(Missing::Method(id)))
        }
        None => {
            let method = store::methods::default_of(tx, asked.practice, asked.payer).await?;
            method
                .is_some_and(|method| theirs(&method))
                .then_some(())
                .ok_or(AutoPayRefusal::NoMethodOnFile.into())
        }
    }
}
