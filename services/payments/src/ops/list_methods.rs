use crate::domain::payer::Payer;
use crate::store::methods::{Method, Whose};
use crate::{Payments, Result, store};
use ::rpc::{Caller, Denied, Role};
use ids::{ClientId, ContactId, PracticeId};

/// Lists what is on file of a client: staff see the contacts' too, others their own. Errors: CLIENT_UNKNOWN.
pub async fn list_methods(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    (client, contact): (ClientId, Option<ContactId>),
) -> Result<Vec<Method>> {
    caller.within(practice)?;
    caller.sees_client(client)?;
    let whose = match (caller.role, contact, caller.contact) {
        (Role::Owner | Role::Biller | Role::Service, None, _) => Whose::Client(client),
        (Role::Owner | Role::Biller | Role::Service, Some(contact), _) => {
            Whose::Payer(Payer::Contact(contact))
        }
        (Role::Client, None, _) => Whose::Payer(Payer::Client(client)),
        (Role::Contact, asked, Some(own)) if asked.is_none_or(|asked| asked == own) => {
            Whose::Payer(Payer::Contact(own))
        }
        (
            Role::Client
            | Role::Contact
            | Role::Clinician
            | Role::Guest
            | Role::Program
            | Role::Anonymous,
            _,
            _,
        ) => return Err(Denied::NotAllowed.into()),
    };
    let mut tx = pg::begin(&payments.db, practice).await?;
    let methods = store::methods::list(&mut tx, practice, whose).await?;
    let of_client = methods.into_iter().filter(|method| method.client == client);
    Ok(of_client.collect())
}
