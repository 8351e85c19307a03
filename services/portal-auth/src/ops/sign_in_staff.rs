use crate::domain::rate::{SIGN_INS, network};
use crate::signing::{AccessToken, Grant, TOKEN_LIFETIME};
use crate::{Error, PortalAuth, Result, store};
use ::rpc::{Caller, Role};
use ids::PracticeId;

/// A member of staff who is in.
pub struct StaffSession {
    /// What they call with.
    pub token: AccessToken,
    /// Where.
    pub practice_id: PracticeId,
    /// What they may.
    pub role: Role,
}

/// Signs a member of staff in. Anyone may try, within limits; a wrong address takes as long as a wrong password.
///
/// Errors: SIGN_IN_REFUSED, TOO_MANY_ATTEMPTS.
pub async fn sign_in_staff(
    portal: &PortalAuth,
    caller: &Caller,
    email: &str,
    password: String,
) -> Result<StaffSession> {
    let email = email.trim().to_lowercase();
    let subjects = [
        format!("staff:{email}"),
        format!("staff-from:{}", network(caller.address)),
    ];
    let counted = super::sign_in_guest::within(portal, &subjects, &SIGN_INS).await?;

    let mut tx = pg::begin_any(&portal.db).await?;
    let staff = store::staff::find(&mut tx, &email).await?;
    tx.commit().await?;
    let (secrets, hash) = (
        portal.secrets.clone(),
        staff.as_ref().map(|staff| staff.password_hash.clone()),
    );
    let matches = hashing(portal, move || {
        secrets.matches(password.as_bytes(), hash.as_deref())
    })
    .await?;
    let staff = staff.filter(|_| matches).ok_or(Error::SignInRefused)?;

    let now = portal.clock.now();
    let mut tx = pg::begin_any(&portal.db).await?;
    store::attempts::forgive(&mut tx, &counted, now).await?;
    tx.commit().await?;
    let token = portal.signing.sign(
        Grant {
            subject: staff.user_id.to_string(),
            role: staff.role,
            practice_id: Some(staff.practice_id),
            bill_id: None,
            lifetime: TOKEN_LIFETIME,
        },
        now,
    )?;
    Ok(StaffSession {
        token,
        practice_id: staff.practice_id,
        role: staff.role,
    })
}

/// Runs a hash off the async threads, a few at a time: each takes 19 MiB. Who waits too long is told to come back.
pub(super) async fn hashing<T: Send + 'static>(
    portal: &PortalAuth,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let busy = || Error::TooManyAttempts {
        retry_after: std::time::Duration::from_secs(2),
    };
    let wait = std::time::Duration::from_secs(5);
    let permit = tokio::time::timeout(wait, portal.hashing.clone().acquire_owned()).await;
    let _permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| crate::secrets::SecretError::Hash.into())
}
