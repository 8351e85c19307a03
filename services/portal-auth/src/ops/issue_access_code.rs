use crate::domain::access_code;
use crate::domain::access_code::Standing;
use crate::secrets::SecretError;
use crate::secrets::{digest, random_hex};
use crate::store::access_codes::AccessCode;
use crate::{PortalAuth, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId, Reference};

/// A code that opens its bill's pay page.
pub struct LiveCode {
    /// 6 digits.
    pub access_code: String,
    /// 128 bits as hexadecimal digits.
    pub link_token: String,
    /// Invoice #.
    pub reference: String,
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
    // Hashed before the row is locked: it takes long, and is thrown away when the bill has a live code.
    let fresh = LiveCode {
        access_code: access_code::draw(|bytes| portal.clock.fill(bytes)),
        link_token: random_hex::<16>(&portal.clock),
        reference: reference.clone(),
    };
    let keyed = portal.secrets.keyed_code(&reference, &fresh.access_code)?;
    let hashing = portal.clone();
    let hash = move || hashing.secrets.hash(&keyed, &hashing.clock);
    let code_hash = super::sign_in_staff::hashing(portal, hash).await??;

    let mut tx = pg::begin(&portal.db, practice_id).await?;
    store::access_codes::insert_reference(&mut tx, &reference, practice_id, bill_id).await?;
    let kept = store::access_codes::find_reference(&mut tx, practice_id, bill_id).await?;
    if kept.as_ref() != Some(&reference) {
        return Err(store::access_codes::foreign_reference());
    }
    if let Some(code) = store::access_codes::lock(&mut tx, practice_id, bill_id).await?
        && !code.standing.burned
        && !code.standing.retired
    {
        return open(portal, practice_id, bill_id, reference, &code.sealed);
    }
    let plain = format!("{}|{}", fresh.access_code, fresh.link_token);
    let code = AccessCode {
        code_hash,
        link_digest: digest(&fresh.link_token).to_vec(),
        sealed: portal.secrets.seal(
            plain.as_bytes(),
            &place(practice_id, bill_id),
            &portal.clock,
        )?,
        standing: Standing {
            failures_in_row: 0,
            failures_in_life: 0,
            lock_end_time: None,
            burned: false,
            retired: false,
        },
    };
    store::access_codes::replace(&mut tx, practice_id, bill_id, &code, now).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// Undoes the sealing of a code's row.
pub(super) fn open(
    portal: &PortalAuth,
    practice_id: PracticeId,
    bill_id: BillId,
    reference: String,
    sealed: &[u8],
) -> Result<LiveCode> {
    let plain = portal.secrets.open(sealed, &place(practice_id, bill_id))?;
    let text = String::from_utf8(plain).map_err(|_| SecretError::Sealed)?;
    let (code, link) = text.split_once('|').ok_or(SecretError::Sealed)?;
    Ok(LiveCode {
        access_code: code.to_owned(),
        link_token: link.to_owned(),
        reference,
    })
}

fn place(practice_id: PracticeId, bill_id: BillId) -> String {
    format!("portal_auth.access_codes|{practice_id}|{bill_id}")
}
