//! With what a charge may be made: whose method it is, and whose it becomes.

use super::known_bills::Unknown;
use super::payers;
use crate::domain::acceptance::Acceptance;
use crate::domain::charge::Presence;
use crate::domain::means::Means;
use crate::domain::on_file::MethodState;
use crate::domain::payer::Payer;
use crate::{AccountRefusal, Error, Missing, Result, store};
use ::rpc::{Caller, Invalid, Role};
use ids::{ClientId, ContactId, MethodId, PracticeId};
use jiff::Timestamp;
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
        /// Whose it becomes; none: the caller's own, of staff the client's.
        contact: Option<ContactId>,
        /// The program with which it was given, as it names itself.
        user_agent: String,
    },
    /// A method on file.
    OnFile(MethodId),
}

/// With what a charge is made, and who waits for it; a payer who is new here has to be asked of billing first. Errors:
/// METHOD_NOT_FOUND, also for one that the caller may not use; AUTHORIZATION_REVOKED, METHOD_OF_FORMER_ACCOUNT,
/// CONTACT_NOT_FOUND, INVALID_FIELD.
pub(super) async fn find(
    tx: &mut Tx,
    caller: &Caller,
    (practice, client): (PracticeId, ClientId),
    (asked, account): (&PayWith, Option<String>),
) -> Result<Result<(Means, Presence), Unknown>> {
    match asked {
        PayWith::Token {
            token,
            save,
            contact,
            user_agent: _,
        } => {
            let mut means = Means {
                account,
                token: Some(token.clone()),
                ..Means::offline()
            };
            if *save {
                let payer = becomes(caller, client, *contact)?;
                payers::may(caller, practice, (payer, client))?;
                match store::customers::find(tx, practice, payer).await? {
                    None => return Ok(Err(Unknown::Payer(payer, client))),
                    Some(known) if known.client != client => return Err(payers::not_found(payer)),
                    Some(_) => means.save_for = Some(payer),
                }
            }
            Ok(Ok((means, Presence::Payer)))
        }
        PayWith::OnFile(method) => {
            let (means, presence) = on_file(tx, caller, (practice, client), *method).await?;
            if means.account != account {
                return Err(AccountRefusal::FormerMethod(*method).into());
            }
            Ok(Ok((means, presence)))
        }
    }
}

async fn on_file(
    tx: &mut Tx,
    caller: &Caller,
    (practice, client): (PracticeId, ClientId),
    method: MethodId,
) -> Result<(Means, Presence)> {
    let found = store::methods::get(tx, practice, method).await?;
    payers::may_method(caller, practice, &found)?;
    if found.client != client || found.state == MethodState::Removed {
        return Err(Error::Missing(Missing::Method(method)));
    }
    let presence = waits(caller.role);
    if presence == Presence::Staff
        && store::authorizations::is_revoked(tx, practice, method).await?
    {
        return Err(Error::AuthorizationRevoked(method));
    }
    let means = Means {
        account: found.account,
        token: Some(found.processor_method),
        method: Some(method),
        customer: Some(found.processor_customer),
        save_for: None,
        funding: found.funding,
        hsa_fsa: found.hsa_fsa,
    };
    Ok((means, presence))
}

/// That the payer agrees to be debited, when what they pay with is not on file. Staff who enter it were told so.
pub(super) fn acceptance(caller: &Caller, asked: &PayWith, now: Timestamp) -> Option<Acceptance> {
    let PayWith::Token { user_agent, .. } = asked else {
        return None;
    };
    match caller.role {
        Role::Owner | Role::Biller => Some(Acceptance::told_to_staff(now)),
        Role::Client | Role::Contact | Role::Guest => {
            let address = caller.address.map(|address| address.to_string());
            Acceptance::of_payer(now, address, user_agent)
        }
        // They pay for nobody.
        Role::Clinician | Role::Program | Role::Service | Role::Anonymous => None,
    }
}

/// Who waits when somebody of this role pays with a method on file: staff do it for a payer who is not there.
const fn waits(role: Role) -> Presence {
    match role {
        Role::Client | Role::Contact | Role::Guest => Presence::Payer,
        Role::Owner
        | Role::Biller
        | Role::Clinician
        | Role::Program
        | Role::Service
        | Role::Anonymous => Presence::Staff,
    }
}

/// Whose a new method becomes. Errors: INVALID_FIELD.
fn becomes(caller: &Caller, client: ClientId, contact: Option<ContactId>) -> Result<Payer> {
    match caller.role {
        Role::Owner | Role::Biller | Role::Client | Role::Contact => {
            let contact = contact.or(caller.contact);
            Ok(contact.map_or(Payer::Client(client), Payer::Contact))
        }
        Role::Guest | Role::Clinician | Role::Program | Role::Service | Role::Anonymous => {
            Err(Invalid::new("save_method", "must not be set without an account").into())
        }
    }
}
