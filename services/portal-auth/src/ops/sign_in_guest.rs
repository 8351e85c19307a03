//! The guess is counted, and the count committed, before it is compared: 200 guesses at once are 200 counts, and at most
//! five of them are compared. A wrong number, a wrong code and a code that takes no guesses get the same answer after
//! the same hash.

use crate::domain::access_code::{GUEST_SESSION, Standing};
use crate::domain::rate::{
    GUESSES_OVERALL, GUESSES_OVERALL_ALARM, GUESSES_PER_ADDRESS, GUESSES_PER_PRACTICE, Limit,
    network,
};
use crate::secrets::{digest, same};
use crate::signing::{AccessToken, Grant};
use crate::{Error, OUTBOX, PortalAuth, Result, store, wire};
use ::rpc::{Caller, Role};
use ids::{BillId, EventId, PracticeId, Reference};
use pg::Announcement;

/// What a guest says.
pub struct Guess {
    /// Invoice #, as typed.
    pub reference: String,
    /// Access Code, as typed.
    pub access_code: String,
    /// From the pay link; empty when it was not followed.
    pub link_token: String,
}

/// A guest who is in.
pub struct GuestSession {
    /// What they call with.
    pub token: AccessToken,
    /// Whose bill it is.
    pub practice_id: PracticeId,
    /// The one bill.
    pub bill_id: BillId,
}

/// A counted guess at a code that takes guesses.
struct Counted {
    practice_id: PracticeId,
    bill_id: BillId,
    code_hash: String,
    standing: Standing,
    by_practice: [(String, Limit); 1],
}

/// Opens the pay page of one bill. Anyone may try, within limits.
///
/// Errors: SIGN_IN_REFUSED, TOO_MANY_ATTEMPTS.
pub async fn sign_in_guest(
    portal: &PortalAuth,
    caller: &Caller,
    guess: Guess,
) -> Result<GuestSession> {
    let from = [format!("guess-from:{}", network(caller.address))];
    let by_address = within(portal, &from, &GUESSES_PER_ADDRESS).await?;
    let overall = [("guess".to_owned(), GUESSES_OVERALL)];
    let overall_count = count_overall(portal, &overall).await?;

    let reference = guess
        .reference
        .parse::<Reference>()
        .map(|reference| reference.to_string());
    let counted = match &reference {
        Ok(reference) => count_guess(portal, reference, &guess.link_token, overall_count).await?,
        Err(_) => None,
    };
    let keyed = portal.secrets.keyed_code(
        reference.as_deref().unwrap_or_default(),
        guess.access_code.trim(),
    )?;
    let (secrets, hash) = (
        portal.secrets.clone(),
        counted.as_ref().map(|counted| counted.code_hash.clone()),
    );
    let matches =
        super::sign_in_staff::hashing(portal, move || secrets.matches(&keyed, hash.as_deref()))
            .await?;
    let counted = counted.filter(|_| matches).ok_or(Error::SignInRefused)?;
    admit(
        portal,
        &counted,
        &[by_address.as_slice(), &overall].concat(),
    )
    .await
}

/// Counts an attempt by each subject against each limit. Errors: TOO_MANY_ATTEMPTS until the fullest window ends.
pub(super) async fn within(
    portal: &PortalAuth,
    subjects: &[String],
    limits: &[Limit],
) -> Result<Vec<(String, Limit)>> {
    let now = portal.clock.now();
    let counted: Vec<(String, Limit)> = subjects
        .iter()
        .flat_map(|subject| limits.iter().map(|limit| (subject.clone(), *limit)))
        .collect();
    let mut tx = pg::begin_any(&portal.db).await?;
    let counts = store::attempts::count(&mut tx, &counted, now).await?;
    tx.commit().await?;
    let retry_after = counted
        .iter()
        .zip(&counts)
        .filter(|((_, limit), count)| **count > limit.count_max)
        .map(|((_, limit), _)| limit.left(now))
        .max();
    match retry_after {
        Some(retry_after) => Err(Error::TooManyAttempts { retry_after }),
        None => Ok(counted),
    }
}

async fn count_overall(portal: &PortalAuth, overall: &[(String, Limit)]) -> Result<i32> {
    let mut tx = pg::begin_any(&portal.db).await?;
    let counts = store::attempts::count(&mut tx, overall, portal.clock.now()).await?;
    tx.commit().await?;
    let count = counts.into_iter().max().unwrap_or_default();
    if count == GUESSES_OVERALL_ALARM.count_max + 1 {
        tracing::error!(count, "access codes are being guessed at many bills");
    }
    Ok(count)
}

/// Writes the guess down as a wrong one, committed before anything is compared; none when it is not to be compared, for
/// the code takes no guesses or the pay link is needed and was not followed.
async fn count_guess(
    portal: &PortalAuth,
    reference: &str,
    link_token: &str,
    overall_count: i32,
) -> Result<Option<Counted>> {
    let now = portal.clock.now();
    let mut tx = pg::begin_any(&portal.db).await?;
    let Some((practice_id, bill_id)) = store::access_codes::find_bill(&mut tx, reference).await?
    else {
        return Ok(None);
    };
    let by_practice = [(format!("guess-at:{practice_id}"), GUESSES_PER_PRACTICE)];
    let counts = store::attempts::count(&mut tx, &by_practice, now).await?;
    tx.commit().await?;
    let practice_count = counts.into_iter().max().unwrap_or_default();
    if practice_count == GUESSES_PER_PRACTICE.count_max + 1 {
        tracing::warn!(practice = %practice_id, "many wrong access codes: the pay link is needed until tomorrow");
    }

    let mut tx = pg::begin(&portal.db, practice_id).await?;
    let Some(code) = store::access_codes::lock(&mut tx, practice_id, bill_id).await? else {
        return Ok(None);
    };
    let link_needed = practice_count > GUESSES_PER_PRACTICE.count_max
        || overall_count > GUESSES_OVERALL.count_max;
    let link_followed = same(&code.link_digest, &digest(link_token));
    if !code.standing.takes_guesses(now) || (link_needed && !link_followed) {
        return Ok(None);
    }
    let standing = code.standing.counting_one(now);
    store::access_codes::update_standing(&mut tx, practice_id, bill_id, standing, now).await?;
    if standing.burned {
        // With the count, so that no burn goes unheard. Should the guess be right after all, the event says how to tell.
        let event = wire::access_code_burned(bill_id, code.issue_time);
        let announcement = Announcement::of(EventId::new(&portal.clock), &event);
        OUTBOX
            .append(&mut tx, practice_id, now, &[announcement])
            .await?;
    }
    tx.commit().await?;
    Ok(Some(Counted {
        practice_id,
        bill_id,
        code_hash: code.code_hash,
        standing,
        by_practice,
    }))
}

/// The guess was right: its counts are taken back.
async fn admit(
    portal: &PortalAuth,
    counted: &Counted,
    elsewhere: &[(String, Limit)],
) -> Result<GuestSession> {
    let now = portal.clock.now();
    let (practice_id, bill_id) = (counted.practice_id, counted.bill_id);
    let mut tx = pg::begin(&portal.db, practice_id).await?;
    if let Some(code) = store::access_codes::lock(&mut tx, practice_id, bill_id).await? {
        // Others may have guessed meanwhile; a lock or burn of theirs stands, ours is undone.
        let ours_only = code.standing == counted.standing;
        let standing = if ours_only {
            counted.standing.after_success()
        } else {
            code.standing
        };
        store::access_codes::update_standing(&mut tx, practice_id, bill_id, standing, now).await?;
    }
    store::attempts::forgive(&mut tx, elsewhere, now).await?;
    store::attempts::forgive(&mut tx, &counted.by_practice, now).await?;
    tx.commit().await?;
    let token = portal.signing.sign(
        Grant {
            subject: format!("guest:{bill_id}"),
            role: Role::Guest,
            practice_id: Some(practice_id),
            bill_id: Some(bill_id),
            lifetime: GUEST_SESSION,
        },
        now,
    )?;
    Ok(GuestSession {
        token,
        practice_id,
        bill_id,
    })
}
