use crate::domain::access_code::{self, Standing};
use crate::secrets::SecretError;
use crate::secrets::{digest, random_hex};
use crate::store::access_codes::AccessCode;
use crate::{PortalAuth, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId, Reference};
use jiff::Timestamp;

/// A code that opens its bill's pay page.
pub struct LiveCode {
    /// 6 digits.
    pub access_code: String,
    /// 128 bits as hexadecimal digits.
    pub link_token: String,
    /// Invoice #.
    pub reference: String,
    /// When it was made.
    pub issue_time: Timestamp,
}

/// The live code of a bill: the one it has, or a new one when it has none or a burned or retired one.
///
/// billing and notifications may. A repeat answers the same code as long as it lives. Errors: INVALID_FIELD for an
/// Invoice # that is another bill's.
pub async fn issue_access_code(
    portal: &PortalAuth,
    caller: &Caller,
    practice_id: PracticeId,
    bill_id: BillId,
    reference: Reference,
) -> Result<LiveCode> {
    caller.within(practice_id)?;
    let now = portal.clock.now();
    let reference = reference.to_string();
    let (fresh, kept) = draw(portal, (practice_id, bill_id), &reference, now).await?;

    let mut tx = pg::begin(&portal.db, practice_id).await?;
    store::access_codes::insert_reference(&mut tx, &reference, practice_id, bill_id).await?;
    let own = store::access_codes::find_reference(&mut tx, practice_id, bill_id).await?;
    if own.as_ref() != Some(&reference) {
        return Err(store::access_codes::foreign_reference());
    }
    if let Some(code) = store::access_codes::lock(&mut tx, practice_id, bill_id).await?
        && code.standing.lives()
    {
        return open(portal, practice_id, bill_id, reference, &code);
    }
    store::access_codes::replace(&mut tx, practice_id, bill_id, &kept).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// A new code, and how it is kept. Before its row is locked: hashing takes long, and may be for nothing when the bill has
/// a live code.
pub(super) async fn draw(
    portal: &PortalAuth,
    (practice_id, bill_id): (PracticeId, BillId),
    reference: &str,
    now: Timestamp,
) -> Result<(LiveCode, AccessCode)> {
    let fresh = LiveCode {
        access_code: access_code::draw(|bytes| portal.clock.fill(bytes)),
        link_token: random_hex::<16>(&portal.clock),
        reference: reference.to_owned(),
        issue_time: now,
    };
    let keyed = portal.secrets.keyed_code(reference, &fresh.access_code)?;
    let hashing = portal.clone();
    let hash = move || hashing.secrets.hash(&keyed, &hashing.clock);
    let code_hash = super::sign_in_staff::hashing(portal, hash).await??;
    let plain = format!("{}|{}", fresh.access_code, fresh.link_token);
    let kept = AccessCode {
        code_hash,
        link_digest: digest(&fresh.link_token).to_vec(),
        sealed: portal.secrets.seal(
            plain.as_bytes(),
            &place(practice_id, bill_id),
            &portal.clock,
        )?,
        issue_time: now,
        standing: Standing::FRESH,
    };
    Ok((fresh, kept))
}

/// Undoes the sealing of a code's row.
pub(super) fn open(
    portal: &PortalAuth,
    practice_id: PracticeId,
    bill_id: BillId,
    reference: String,
    code: &AccessCode,
) -> Result<LiveCode> {
    let plain = portal
        .secrets
        .open(&code.sealed, &place(practice_id, bill_id))?;
    let text = String::from_utf8(plain).map_err(|_| SecretError::Sealed)?;
    let (access_code, link_token) = text.split_once('|').ok_or(SecretError::Sealed)?;
    Ok(LiveCode {
        access_code: access_code.to_owned(),
        link_token: link_token.to_owned(),
        reference,
        issue_time: code.issue_time,
    })
}

fn place(practice_id: PracticeId, bill_id: BillId) -> String {
    format!("portal_auth.access_codes|{practice_id}|{bill_id}")
}
