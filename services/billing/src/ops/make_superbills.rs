//! Superbills that make themselves: each night those of the month before that are not there yet, from its first local day
//! on. Any number of workers may do it, and again: the key of a client and a month makes one, with the event that has it
//! sent. One that was withheld is looked at each night, and replaced when it lacks something else, or nothing. When a month
//! is over, what is withheld of it stays so, and what was not billed is for a superbill by hand.

use super::get_superbill::{SERVICES_MAX, get_superbill};
use crate::documents::{Pdf, Refusal, render_superbill};
use crate::domain::terms::begins;
use crate::store::monthly_superbills::{MonthlySuperbill, Wanted};
use crate::store::practices::Practice;
use crate::store::superbills::Scope;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, Result, store};
use ::rpc::{Caller, Fault as _};
use ids::{ClientId, DocumentId};
use jiff::ToSpan as _;
use jiff::civil::Date;
use tonic::Code;
use typeset::TypesetError;

/// Clients asked for at once.
const CLIENTS_AT_ONCE: i64 = 100;
/// The night, by its day of the month, from which on a client's superbill no longer waits for sessions that are still to be
/// billed: insurers are sent one document for a month, and none is worse than one that lacks a session.
const WAITED_UNTIL: i8 = 10;

/// Makes the superbills of the month before the night's. Errors: what may go well the next time; what was made before is
/// made.
pub(super) async fn make_superbills(
    billing: &Billing,
    caller: &Caller,
    (practice, night): (&Practice, Date),
) -> Result<()> {
    caller.within(practice.practice)?;
    let first_day = night.first_of_month();
    let over = begins(first_day, &practice.zone()?);
    let wanted = Wanted {
        practice: practice.practice,
        over: over.ok_or(Error::Stored("the end of time"))?,
        waits: night.day() < WAITED_UNTIL,
    };
    let month = (
        first_day.saturating_sub(1.month()),
        first_day.saturating_sub(1.day()),
    );
    let mut after = None;
    loop {
        let mut tx = pg::begin(&billing.db, practice.practice).await?;
        let page = (after, CLIENTS_AT_ONCE);
        let clients = store::monthly_superbills::list_due(&mut tx, wanted, month, page).await?;
        tx.commit().await?;
        let Some(last) = clients.last().copied() else {
            return Ok(());
        };
        for client in clients {
            make(billing, caller, (practice, client), month).await?;
        }
        after = Some(last);
    }
}

/// What became of one.
enum Outcome {
    Made(Pdf),
    Withheld(Vec<String>),
    /// Its bills were cancelled meanwhile.
    Nothing,
}

async fn make(
    billing: &Billing,
    caller: &Caller,
    (practice, client): (&Practice, ClientId),
    (first, last): (Date, Date),
) -> Result<()> {
    let scope = Scope::Days(first, last);
    let outcome = match outcome(billing, caller, (practice, client), scope).await {
        Ok(outcome) => outcome,
        Err(error) if is_passing(&error) => return Err(error),
        Err(error) => {
            tracing::error!(%error, practice = %practice.practice, %client, "a monthly superbill was not made");
            Outcome::Withheld(vec!["It could not be printed.".to_owned()])
        }
    };
    let (pdf, missing) = match outcome {
        Outcome::Made(pdf) => (Some(pdf), Vec::new()),
        Outcome::Withheld(missing) => (None, missing),
        Outcome::Nothing => return Ok(()),
    };
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice.practice).await?;
    let policy = store::share_policies::get_for(&mut tx, practice.practice, client).await?;
    let superbill = MonthlySuperbill {
        document: DocumentId::new(&billing.clock),
        client,
        month: first,
        missing,
        with_pdf: policy.with_pdf,
        create_time: now,
    };
    let written =
        store::monthly_superbills::upsert(&mut tx, practice.practice, &superbill, pdf.as_ref());
    if written.await? && pdf.is_some() {
        let made = event::monthly_superbill_made(&superbill);
        let made = [event::of(&billing.clock, &made)];
        OUTBOX
            .append(&mut tx, practice.practice, now, &made)
            .await?;
    }
    Ok(tx.commit().await?)
}

/// Errors: as GetSuperbill's, but for those that say what it lacks.
async fn outcome(
    billing: &Billing,
    caller: &Caller,
    (practice, client): (&Practice, ClientId),
    scope: Scope,
) -> Result<Outcome> {
    let shown = match get_superbill(billing, caller, (practice.practice, client), scope).await {
        Ok(shown) => shown,
        Err(Error::Refused(Refusal::NoBilledServices)) => return Ok(Outcome::Nothing),
        Err(Error::Invalid(_)) => {
            let text = format!("The month has more than {SERVICES_MAX} services.");
            return Ok(Outcome::Withheld(vec![text]));
        }
        Err(error) => return Err(error),
    };
    if !shown.gaps.is_empty() {
        let missing = shown.gaps.iter().map(ToString::to_string).collect();
        return Ok(Outcome::Withheld(missing));
    }
    let (from, to) = (shown.facts.from_date, shown.facts.to_date);
    Ok(Outcome::Made(Pdf {
        file_name: format!("Superbill-{from}-{to}.pdf"),
        bytes: render_superbill(&billing.typesetter, &shown.document).await?,
    }))
}

/// Whether it may go well the next time.
fn is_passing(error: &Error) -> bool {
    // A service that stops has printed nothing; the next one does.
    matches!(
        error,
        Error::Database(_) | Error::Typeset(TypesetError::Stopped)
    ) || error.conflict()
        || matches!(error.code(), Code::Unavailable | Code::Aborted)
}
