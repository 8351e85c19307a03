use crate::domain::password;
use crate::secrets::{digest, same};
use crate::store::practices::Practice;
use crate::store::staff::Staff;
use crate::{Error, OUTBOX, PortalAuth, REQUESTS, Result, store, wire};
use ::rpc::{Caller, Invalid, Role};
use ids::{EventId, UserId};
use jiff::tz::TimeZone;
use pg::{Announcement, RequestKey};

/// What is registered, and by whom.
pub struct Registration {
    /// The practice; its id and create_time are set here.
    pub practice: Practice,
    /// The operator's secret.
    pub setup_token: String,
    /// Sign-in of the owner.
    pub owner_email: String,
    /// Password of the owner.
    pub owner_password: String,
}

/// Registers a practice with its owner. Whoever holds the setup token may, whatever their own token says.
///
/// There is no practice yet that the request could belong to, so its id is derived from the request's, and the key is
/// kept under it: a repeat finds both.
pub async fn register_practice(
    portal: &PortalAuth,
    caller: &Caller,
    key: &RequestKey,
    mut registration: Registration,
) -> Result<Practice> {
    may_register(portal, caller, &registration.setup_token)?;
    let email = sign_in_address(&registration.owner_email)?;
    check(&registration, &email)?;
    let now = portal.clock.now();
    let password_hash = hash(portal, registration.owner_password).await?;

    let practice_id = key.practice;
    let mut tx = pg::begin(&portal.db, practice_id).await?;
    if REQUESTS
        .replayed(&mut tx, key, practice_id.uuid(), now)
        .await?
        .is_some()
    {
        return store::practices::get(&mut tx, practice_id).await;
    }
    registration.practice.practice_id = practice_id;
    registration.practice.create_time = now;
    store::practices::insert(&mut tx, &registration.practice).await?;
    let owner = Staff {
        email,
        user_id: UserId::new(&portal.clock),
        practice_id,
        role: Role::Owner,
        password_hash,
    };
    store::staff::insert(&mut tx, &owner, now).await?;
    let event = Announcement::of(
        EventId::new(&portal.clock),
        &wire::practice_registered(&registration.practice),
    );
    OUTBOX.append(&mut tx, practice_id, now, &[event]).await?;
    tx.commit().await?;
    tracing::info!(practice = %practice_id, by = %caller.subject, "a practice was registered");
    Ok(registration.practice)
}

fn may_register(portal: &PortalAuth, caller: &Caller, setup_token: &str) -> Result<()> {
    let wanted = portal.setup_token_digest.ok_or(Error::SetupTokenInvalid)?;
    if same(&wanted, &digest(setup_token)) {
        return Ok(());
    }
    tracing::warn!(address = ?caller.address, "a wrong setup token was refused");
    Err(Error::SetupTokenInvalid)
}

fn check(registration: &Registration, email: &str) -> Result<()> {
    let practice = &registration.practice;
    if TimeZone::get(&practice.time_zone).is_err() {
        return Err(Error::TimeZoneUnknown(practice.time_zone.clone()));
    }
    if practice.currency.parse::<money::Currency>().is_err() {
        return Err(Error::CurrencyUnknown(practice.currency.clone()));
    }
    match password::weakness(&registration.owner_password, email) {
        Some(weakness) => Err(Error::PasswordTooWeak(weakness)),
        None => Ok(()),
    }
}

/// Lower case, with something on both sides of one @ and no white space; whether it works is shown by mail to it.
fn sign_in_address(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && domain.contains('.')
            && !domain.contains('@')
            && !email.contains(char::is_whitespace)
    });
    if well_formed {
        return Ok(email);
    }
    Err(Invalid::new("owner_email", "must be an e-mail address").into())
}

async fn hash(portal: &PortalAuth, password: String) -> Result<String> {
    let hashing = portal.clone();
    super::sign_in_staff::hashing(portal, move || {
        hashing.secrets.hash(password.as_bytes(), &hashing.clock)
    })
    .await?
    .map_err(Error::from)
}
