//! Who pays is known once a method was begun for them; before, billing says whether the practice has such a person.

use crate::domain::payer::Payer;
use crate::store::methods::Method;
use crate::store::payments::Payment;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::{Caller, Denied, Role};
use ids::{ClientId, PayerAccountId, PracticeId};
use pg::Tx;

/// Whether the caller may see to what this payer pays with: staff to everybody's, others to their own.
pub(super) fn may(
    caller: &Caller,
    practice: PracticeId,
    (payer, client): (Payer, ClientId),
) -> Result<()> {
    caller.within(practice)?;
    caller.sees_client(client)?;
    let own = match caller.role {
        Role::Owner | Role::Biller | Role::Service => true,
        Role::Client => payer == Payer::Client(client),
        Role::Contact => caller.contact.map(Payer::Contact) == Some(payer),
        Role::Clinician | Role::Guest | Role::Program | Role::Anonymous => {
            return Err(Denied::NotAllowed.into());
        }
    };
    own.then_some(()).ok_or_else(|| not_found(payer))
}

/// Nobody of the practice, or nobody of this client.
pub(super) fn not_found(payer: Payer) -> Error {
    Error::Missing(match payer {
        Payer::Client(client) => Missing::Client(client),
        Payer::Contact(contact) => Missing::Contact(contact),
    })
}

/// Asks billing for a payer who is new here, and writes them down. Errors: CLIENT_NOT_FOUND, CONTACT_NOT_FOUND, `Billing`.
pub(super) async fn learn(
    payments: &Payments,
    practice: PracticeId,
    (payer, client): (Payer, ClientId),
) -> Result<()> {
    let people = payments.billing.get_people(practice, client).await?;
    if let Payer::Contact(contact) = payer
        && !people.contacts.contains(&contact)
    {
        return Err(Error::Missing(Missing::Contact(contact)));
    }
    let account = PayerAccountId::new(&payments.clock);
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::customers::insert(&mut tx, practice, (payer, client, account), now).await?;
    Ok(tx.commit().await?)
}

/// Whether the caller may see to AutoPay of this payer. Errors: AUTO_PAY_NOT_FOUND for another payer's.
pub(super) fn may_auto_pay(
    caller: &Caller,
    practice: PracticeId,
    (payer, client): (Payer, ClientId),
) -> Result<()> {
    let of_staff = match caller.role {
        Role::Owner | Role::Biller | Role::Program | Role::Service => true,
        Role::Client | Role::Contact | Role::Clinician | Role::Guest | Role::Anonymous => false,
    };
    if of_staff {
        return Ok(());
    }
    may(caller, practice, (payer, client)).map_err(|_| Error::Missing(Missing::AutoPay(client)))
}

/// The same of a method that was named. Errors: METHOD_NOT_FOUND for another payer's.
pub(super) fn may_method(caller: &Caller, practice: PracticeId, method: &Method) -> Result<()> {
    may(caller, practice, (method.payer, method.client))
        .map_err(|_| Error::Missing(Missing::Method(method.method)))
}

/// Whose what a payment is made with is, or was to become; none when it is nobody's here, as a guest's.
pub(super) async fn of_payment(tx: &mut Tx, payment: &Payment) -> Result<Option<Payer>> {
    match payment.means.method {
        Some(method) => {
            let known = store::methods::get(tx, payment.practice, method).await?;
            Ok(Some(known.payer))
        }
        None => Ok(payment.means.save_for),
    }
}
