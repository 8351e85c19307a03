use crate::domain::rate::{SIGN_INS, network};
use crate::secrets::{digest, same};
use crate::signing::{AccessToken, Grant, TOKEN_LIFETIME};
use crate::{Error, PortalAuth, Result, store};
use ::rpc::{Caller, Role};
use ids::ProgramId;

/// A token for a service of the suite (by its name) or for a practice's program (`prog_…`). Anyone with the secret may.
///
/// Wrong secrets are counted per credential and per address. Errors: SIGN_IN_REFUSED, TOO_MANY_ATTEMPTS.
pub async fn issue_service_token(
    portal: &PortalAuth,
    caller: &Caller,
    client_id: &str,
    client_secret: &str,
) -> Result<AccessToken> {
    let subjects = [
        format!("program:{client_id}"),
        format!("program-from:{}", network(caller.address)),
    ];
    let grant = match client_id.parse::<ProgramId>() {
        Ok(program) => program_grant(portal, program, client_secret).await?,
        Err(_) => service_grant(portal, client_id, client_secret),
    };
    match grant {
        Some(grant) => portal.signing.sign(grant, portal.clock.now()),
        None => {
            super::sign_in_guest::within(portal, &subjects, &SIGN_INS).await?;
            Err(Error::SignInRefused)
        }
    }
}

async fn program_grant(
    portal: &PortalAuth,
    program: ProgramId,
    secret: &str,
) -> Result<Option<Grant>> {
    let mut tx = pg::begin_any(&portal.db).await?;
    let found = store::programs::find_digest(&mut tx, program).await?;
    tx.commit().await?;
    Ok(found
        .filter(|(_, wanted)| same(wanted, &digest(secret)))
        .map(|(practice_id, _)| Grant {
            subject: program.to_string(),
            role: Role::Program,
            practice_id: Some(practice_id),
            bill_id: None,
            lifetime: TOKEN_LIFETIME,
        }))
}

fn service_grant(portal: &PortalAuth, name: &str, secret: &str) -> Option<Grant> {
    let wanted = portal.service_secret_digests.get(name)?;
    same(wanted, &digest(secret)).then(|| Grant {
        subject: format!("service:{name}"),
        role: Role::Service,
        practice_id: None,
        bill_id: None,
        lifetime: TOKEN_LIFETIME,
    })
}
