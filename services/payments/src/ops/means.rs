//! With what a charge may be made: whose method it is, and whose it becomes.

use crate::domain::charge::Presence;
use crate::domain::means::Means;
use crate::domain::on_file::MethodState;
use crate::domain::payer::Payer;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::{Caller, Invalid, Role};
use ids::{ClientId, ContactId, MethodId, PayerAccountId, PracticeId};
use pg::Tx;

/// What was said to pay with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayWith {
    /// A card or account that the browser gave to the processor.
    Token {
        /// `pm_…`.
        token: String,
        /// It comes on file when it has paid.
        save: bool,
        /// Whose it becomes; none: the client's.
        contact: Option<ContactId>,
    },
    /// A method on file.
    OnFile(MethodId),
}

/// With what a charge is made, and who waits for it. Errors: METHOD_NOT_FOUND, also for one that the caller may not use;
/// INVALID_FIELD.
pub(super) async fn find(
    payments: &Payments,
    tx: &mut Tx,
    caller: &Caller,
    (practice, client): (PracticeId, ClientId),
    asked: &PayWith,
) -> Result<(Means, Presence)> {
    match asked {
        PayWith::Token {
            token,
            save,
            contact,
        } => {
            let payer = save
                .then(|| becomes(caller, client, *contact))
                .transpose()?;
            if let Some(payer) = payer {
                know(payments, tx, practice, (payer, client)).await?;
            }
            let means = Means {
                token: Some(token.clone()),
                save_for: payer,
                ..Means::offline()
            };
            Ok((means, Presence::Payer))
        }
        PayWith::OnFile(method) => on_file(tx, caller, (practice, client), *method).await,
    }
}

async fn on_file(
    tx: &mut Tx,
    caller: &Caller,
    (practice, client): (PracticeId, ClientId),
    method: MethodId,
) -> Result<(Means, Presence)> {
    let found = store::methods::get(tx, practice, method).await?;
    let usable = found.client == client && found.state != MethodState::Removed;
    let presence = uses(caller.role, found.payer).filter(|_| usable);
    let presence = presence.ok_or(Error::Missing(Missing::Method(method)))?;
    let means = Means {
        token: Some(found.processor_method),
        method: Some(method),
        customer: Some(found.processor_customer),
        save_for: None,
        funding: found.funding,
        hsa_fsa: found.hsa_fsa,
    };
    Ok((means, presence))
}

/// Who waits when somebody of this role pays with a payer's method; none when they may not. A contact's card is not the
/// client's, nor the other way round.
const fn uses(role: Role, payer: Payer) -> Option<Presence> {
    match (role, payer) {
        (Role::Owner | Role::Biller, _) => Some(Presence::Staff),
        (Role::Client, Payer::Client(_)) | (Role::Contact, Payer::Contact(_)) => {
            Some(Presence::Payer)
        }
        (
            Role::Client
            | Role::Contact
            | Role::Clinician
            | Role::Guest
            | Role::Program
            | Role::Service
            | Role::Anonymous,
            _,
        ) => None,
    }
}

/// Whose a new method becomes. Errors: INVALID_FIELD.
fn becomes(caller: &Caller, client: ClientId, contact: Option<ContactId>) -> Result<Payer> {
    match (caller.role, contact) {
        (Role::Owner | Role::Biller | Role::Contact, Some(contact)) => Ok(Payer::Contact(contact)),
        (Role::Owner | Role::Biller | Role::Client, None) => Ok(Payer::Client(client)),
        (Role::Contact, None) => {
            Err(Invalid::new("contact_id", "must say whose the method becomes").into())
        }
        (Role::Client, Some(_)) => {
            Err(Invalid::new("contact_id", "must be left out by the client").into())
        }
        (Role::Guest | Role::Clinician | Role::Program | Role::Service | Role::Anonymous, _) => {
            Err(Invalid::new("save_method", "must not be set without an account").into())
        }
    }
}

/// Writes the payer down, who may be new here. Errors: INVALID_FIELD, for a contact of another client.
async fn know(
    payments: &Payments,
    tx: &mut Tx,
    practice: PracticeId,
    (payer, client): (Payer, ClientId),
) -> Result<()> {
    let (account, now) = (PayerAccountId::new(&payments.clock), payments.clock.now());
    store::customers::insert(tx, practice, (payer, client, account), now).await?;
    let known = store::customers::find(tx, practice, payer).await?;
    if known.is_some_and(|known| known.client == client) {
        return Ok(());
    }
    Err(Invalid::new("contact_id", "must be a contact of the client").into())
}
