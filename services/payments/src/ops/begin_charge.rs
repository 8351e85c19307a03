//! The first transaction of every charge: it is written down, and leased to whoever asked for it.

use super::turn;
use crate::domain::acceptance::Acceptance;
use crate::domain::allocation::Allocation;
use crate::domain::charge::Presence;
use crate::domain::means::Means;
use crate::domain::method::offline_text;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::store::payments::Payment;
use crate::store::practices::Practice;
use crate::store::processor_objects::Subject;
use crate::{Payments, REQUESTS, Result, store};
use ids::{ClientId, PaymentId};
use jiff::Timestamp;
use money::Money;
use pg::{RequestKey, Tx};

/// A charge that is to be made.
pub(super) struct NewCharge {
    /// Whose bills.
    pub(super) client: ClientId,
    /// The sum of the allocations.
    pub(super) amount: Money,
    /// What goes to which bill; at least one.
    pub(super) allocations: Vec<Allocation>,
    /// With what.
    pub(super) means: Means,
    /// Who waits for it.
    pub(super) presence: Presence,
    /// That the payer agrees to a debit; none for what is on file.
    pub(super) acceptance: Option<Acceptance>,
}

/// A charge that is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    /// Its payment.
    pub(super) payment: PaymentId,
    /// Ours to go on with; otherwise somebody works on it, or it has ended.
    pub(super) ours: bool,
}

/// The id of a charge that nobody asked for before.
pub(super) struct Fresh(PaymentId);

impl Fresh {
    /// For a charge of the night, which its item has once.
    pub(super) fn of_the_night(payments: &Payments) -> Self {
        Self(PaymentId::new(&payments.clock))
    }
}

/// An id for a new charge; or, for a repeat, the first one's payment. Whoever asks again waits again, so what was given
/// up on goes on.
pub(super) async fn replayed(
    payments: &Payments,
    tx: &mut Tx,
    key: &RequestKey,
    now: Timestamp,
) -> Result<Result<Fresh, Begun>> {
    let fresh = PaymentId::new(&payments.clock);
    let before = REQUESTS.replayed(tx, key, fresh.uuid(), now).await?;
    let Some(payment) = before.map(PaymentId::from) else {
        return Ok(Ok(Fresh(fresh)));
    };
    let lease_end = turn(payments, now).lease_end;
    let ours = store::unsettled::claim(tx, Subject::Payment(payment), now, lease_end).await?;
    if ours {
        store::charges::update_parked(tx, key.practice, payment, (None, now)).await?;
    }
    Ok(Err(Begun { payment, ours }))
}

/// Writes a charge down, leased to this request. Its account was found to be charged on (`accounts::to_charge`).
pub(super) async fn write_down(
    payments: &Payments,
    tx: &mut Tx,
    (practice, now): (&Practice, Timestamp),
    Fresh(payment): Fresh,
    new: NewCharge,
) -> Result<Begun> {
    let intent = Payment {
        practice: practice.practice,
        payment,
        client: new.client,
        kind: PaymentKind::Card,
        label: String::new(),
        amount: new.amount,
        state: PaymentState::Created,
        // The moment in which the payer paid, whenever we get to know that it went well.
        receive_time: now,
        receive_date: practice.local_date(now)?,
        allocations: new.allocations,
        refunded: Money::zero(practice.currency),
        method_text: offline_text(PaymentKind::Card, "", ""),
        note: String::new(),
        decline: None,
        refusal: None,
        posted: false,
        presence: new.presence,
        means: new.means,
        processor_intent: None,
        create_time: now,
        refunds: Vec::new(),
        revision: 0,
        corrections: Vec::new(),
        closing: None,
    };
    let subject = Subject::Payment(payment);
    let written = std::slice::from_ref(&intent);
    store::new_payments::insert(tx, practice.practice, now, written).await?;
    if let Some(acceptance) = &new.acceptance {
        store::acceptances::insert(tx, practice.practice, (payment, acceptance)).await?;
    }
    store::unsettled::insert(tx, practice.practice, subject, turn(payments, now)).await?;
    Ok(Begun {
        payment,
        ours: true,
    })
}
