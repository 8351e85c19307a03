//! A payer is asked for a card: once by a request, again by reminders, by hand or by themselves.

use crate::domain::card_form::{AuthorizationState, CardPolicy};
use crate::domain::payer::Payer;
use crate::store::authorization_queue::{Due, Waiting};
use crate::store::authorizations::Authorization;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, Result, store};
use ids::{AuthorizationId, ClientId, PracticeId};
use jiff::Timestamp;
use pg::{OnConstraint as _, Tx};

/// Why a payer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Somebody of the practice wants it.
    ByHand,
    /// The client is new.
    Intake,
    /// Another account took the place of the one that the payer's card is on.
    NewAccount,
}

/// Writes the request, its event and its first reminder. Errors: AUTHORIZATION_ALREADY_REQUESTED.
pub(super) async fn ask(
    tx: &mut Tx,
    payments: &Payments,
    (practice, authorization): (PracticeId, AuthorizationId),
    (payer, client, occasion): (Payer, ClientId, Occasion),
) -> Result<Authorization> {
    let now = payments.clock.now();
    let asked = Authorization {
        authorization,
        payer,
        client,
        state: AuthorizationState::Requested,
        by_itself: occasion != Occasion::ByHand,
        new_account: occasion == Occasion::NewAccount,
        reminders: 0,
        request_time: now,
        remind_time: None,
        revoke_time: None,
        signature: None,
    };
    store::authorizations::insert(tx, practice, &asked)
        .await
        .on_constraint("card_authorizations_open_key", || {
            Error::AuthorizationAlreadyRequested(payer)
        })?;
    let policy = store::card_policies::get(tx, practice).await?;
    plan_reminder(tx, (practice, &policy), &asked, now).await?;
    let events = [event::card_authorization_requested(&payments.clock, &asked)];
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(asked)
}

/// Asks again. The caller holds the form's lock and has seen that it is open.
pub(super) async fn remind(
    tx: &mut Tx,
    payments: &Payments,
    practice: PracticeId,
    form: Authorization,
) -> Result<Authorization> {
    let now = payments.clock.now();
    let reminded = Authorization {
        reminders: form.reminders.saturating_add(1),
        remind_time: Some(now),
        ..form
    };
    store::authorizations::update(tx, practice, &reminded).await?;
    let policy = store::card_policies::get(tx, practice).await?;
    plan_reminder(tx, (practice, &policy), &reminded, now).await?;
    let events = [event::card_authorization_requested(
        &payments.clock,
        &reminded,
    )];
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(reminded)
}

async fn plan_reminder(
    tx: &mut Tx,
    (practice, policy): (PracticeId, &CardPolicy),
    form: &Authorization,
    now: Timestamp,
) -> Result<()> {
    let due = Due {
        practice,
        waiting: Waiting::Reminder,
        subject: form.authorization.uuid(),
    };
    match policy.next_reminder(form.reminders, now) {
        Some(time) => store::authorization_queue::upsert(tx, due, time).await,
        None => store::authorization_queue::delete(tx, due.subject).await,
    }
}
