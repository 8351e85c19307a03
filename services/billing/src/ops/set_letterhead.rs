use super::get_letterhead::read;
use super::letter::letterhead;
use crate::documents::{Logo, Proof, Refusal, Stationery, render_proof};
use crate::store::practices::Practice;
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;
use typeset::{Picture, PictureKind, TypesetError};

/// A logo as it came, not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoBytes {
    /// What it is said to be.
    pub kind: PictureKind,
    /// At most 512 KiB.
    pub content: Vec<u8>,
    /// What a screen reader says for it; may be empty.
    pub alternative_text: String,
}

/// Sets what heads the practice's documents. A logo is decoded, and printed once, before anything is written: what is
/// kept can be printed. Errors: as DocumentService.SetLetterhead says.
pub async fn set_letterhead(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, stationery, logo): (PracticeId, Stationery, Option<LogoBytes>),
) -> Result<Stationery> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let logo = match logo {
        Some(logo) => Some(decoded(logo).await?),
        None => None,
    };
    let stationery = Stationery { logo, ..stationery };
    if stationery.logo.is_some() {
        let practice = read(billing, practice_id).await?.0;
        prove(billing, &practice, &stationery).await?;
    }
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS.replayed(&mut tx, key, practice_id.uuid(), now);
    if replayed.await?.is_some() {
        return store::letterheads::get(&mut tx, practice_id).await;
    }
    store::practices::get(&mut tx, practice_id).await?;
    store::letterheads::upsert(&mut tx, practice_id, &stationery, now).await?;
    tx.commit().await?;
    Ok(stationery)
}

/// Decoding is work for a processor core.
async fn decoded(logo: LogoBytes) -> Result<Logo> {
    let LogoBytes {
        kind,
        content,
        alternative_text,
    } = logo;
    let read = tokio::task::spawn_blocking(move || Picture::read(kind, content)).await;
    let picture = read.map_err(|_| Error::Typeset(TypesetError::Stopped))?;
    Ok(Logo {
        picture: picture.map_err(Refusal::Logo)?,
        alternative_text,
    })
}

/// Errors: LOGO_UNREADABLE, when a document with it would break the rules of accessible, archival PDF.
async fn prove(billing: &Billing, practice: &Practice, stationery: &Stationery) -> Result<()> {
    let proof = Proof::new(letterhead(practice, stationery), stationery.paper);
    match render_proof(&billing.typesetter, &proof).await {
        Ok(_printed) => Ok(()),
        Err(TypesetError::Broken { .. }) => Err(Refusal::LogoNotPrintable.into()),
        Err(other) => Err(other.into()),
    }
}
