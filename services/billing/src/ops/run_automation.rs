//! A night's run for one practice. It can be interrupted anywhere and run again, also by two workers at once: a chunk of
//! clients commits as a whole, a session that has its bill is no longer among the pending, and the lines of a session go
//! to one bill only.

use super::bill_lines::{Content, SessionTerms, bill_lines, waivers};
use super::book_bills::{Draft, book_bills};
use crate::domain::terms::{ClientPart, ClientTerms, Owing, PracticeTerms, begins, day_after};
use crate::store::automation_queue::DueRun;
use crate::store::automation_runs::Made;
use crate::store::automation_sessions::Night;
use crate::store::practices::Practice;
use crate::store::sessions::BillableSession;
use crate::{Billing, Error, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, SessionId};
use jiff::ToSpan as _;
use jiff::civil::Date;
use money::Money;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// Clients in one transaction.
const CHUNK: i64 = 50;
/// Sessions on one bill, as by hand.
const SESSIONS_MAX: usize = 200;
/// How long a run's report says what it left out.
const SKIPS_KEPT_DAYS: i64 = 90;

/// Bills what is pending for a night, or goes on with it, reports, and has the next night come. Errors: none of its own.
pub async fn run_automation(billing: &Billing, caller: &Caller, due: DueRun) -> Result<()> {
    caller.within(due.practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, due.practice).await?;
    let practice = store::practices::get(&mut tx, due.practice).await?;
    let terms = store::terms::of_practice(&mut tx, &practice, now).await?;
    let begin = begins(due.run_date, &practice.zone()?).ok_or(END_OF_TIME)?;
    if now < begin {
        // The practice has moved to another time zone since: the night is still to come.
        store::automation_queue::update(&mut tx, due, (due.run_date, begin)).await?;
        return Ok(tx.commit().await?);
    }
    if !terms.automation.is_automatic()
        && !store::automation_sessions::any_client_is_automatic(&mut tx, due.practice).await?
    {
        come_again(&mut tx, &practice, due).await?;
        return Ok(tx.commit().await?);
    }
    let begun = (due.run_date, now);
    let run =
        store::automation_runs::begin(&mut tx, due.practice, begun, practice.currency).await?;
    tx.commit().await?;

    let night = Night {
        practice: due.practice,
        run_date: due.run_date,
        terms: &terms,
    };
    if run.end_time.is_none() {
        let mut after = None;
        // A chunk that met another transaction runs again; what it waits for is over in milliseconds.
        while let Some(last) =
            ::rpc::rerun(|| bill_chunk(billing, caller, (&practice, night), after)).await?
        {
            after = Some(last);
        }
    }
    let mut tx = pg::begin(&billing.db, due.practice).await?;
    if store::automation_runs::end(&mut tx, due.practice, (due.run_date, billing.clock.now()))
        .await?
    {
        let skips =
            store::automation_sessions::insert_skips(&mut tx, night, run.start_time).await?;
        let forget_before = due.run_date.saturating_sub(SKIPS_KEPT_DAYS.days());
        let left_out = (due.run_date, skips);
        store::automation_runs::update_skips(&mut tx, due.practice, left_out, forget_before)
            .await?;
    }
    come_again(&mut tx, &practice, due).await?;
    Ok(tx.commit().await?)
}

const END_OF_TIME: Error = Error::Stored("the end of time");

/// The next night is due when it begins, or at once when that is past: nights that were missed run one after the other.
async fn come_again(conn: &mut PgConnection, practice: &Practice, due: DueRun) -> Result<()> {
    let next = day_after(due.run_date).ok_or(END_OF_TIME)?;
    let begin = begins(next, &practice.zone()?).ok_or(END_OF_TIME)?;
    Ok(store::automation_queue::update(conn, due, (next, begin)).await?)
}

/// Bills the next clients and answers the last of them; none when there are none.
async fn bill_chunk(
    billing: &Billing,
    caller: &Caller,
    (practice, night): (&Practice, Night<'_>),
    after: Option<ClientId>,
) -> Result<Option<ClientId>> {
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice.practice).await?;
    store::practices::lock(&mut tx, practice.practice).await?;
    let pending = store::automation_sessions::list(&mut tx, night, (after, CHUNK)).await?;
    let Some((last, _)) = pending.last().copied() else {
        return Ok(None);
    };
    let (mut clients, sessions): (Vec<ClientId>, Vec<SessionId>) = pending.into_iter().unzip();
    clients.dedup();
    let found =
        store::sessions::lock_to_bill(&mut tx, practice.practice, &clients, (&sessions, None))
            .await?;
    let own_terms = store::terms::of_clients(&mut tx, practice, &clients).await?;
    let today = practice.local_date(now)?;
    let drafts = drafts(
        billing,
        (practice, night),
        (&own_terms, today),
        (&sessions, &found),
    );
    if drafts.is_empty() {
        return Ok(Some(last));
    }
    let count = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
    let session_count = drafts.iter().map(|(_, sessions)| sessions).sum();
    let first = store::practices::take_bill_numbers(&mut tx, practice.practice, count).await?;
    let booked = book_bills(
        (billing, &mut tx),
        (practice, now),
        (first, &caller.subject),
        drafts.into_iter().map(|(draft, _)| draft).collect(),
    )
    .await?;
    let totals = booked.bills.iter().map(|shown| shown.bill.face.total);
    let made = Made {
        bills: count,
        sessions: session_count,
        total: Money::sum(practice.currency, totals)?,
    };
    store::automation_runs::add(&mut tx, practice.practice, night.run_date, made).await?;
    OUTBOX
        .append(&mut tx, practice.practice, now, &booked.events)
        .await?;
    tx.commit().await?;
    Ok(Some(last))
}

/// The bills of these sessions, one for each client, each with how many sessions it has. A client whose bill cannot be
/// made is left out, and the run goes on.
fn drafts(
    billing: &Billing,
    (practice, night): (&Practice, Night<'_>),
    (own_terms, today): (&HashMap<ClientId, ClientTerms>, Date),
    (sessions, found): (&[SessionId], &BTreeMap<SessionId, BillableSession>),
) -> Vec<(Draft, i64)> {
    let mut of_client: BTreeMap<ClientId, Vec<&BillableSession>> = BTreeMap::new();
    // In the order of their days. What was billed, or changed, before it was locked is no longer pending.
    for session in sessions.iter().filter_map(|session| found.get(session)) {
        if session.billable && !session.billed {
            of_client.entry(session.client).or_default().push(session);
        }
    }
    let mut drafts = Vec::new();
    for (client, sessions) in of_client {
        let own = own_terms
            .get(&client)
            .copied()
            .unwrap_or(ClientTerms::UNSET);
        for part in sessions.chunks(SESSIONS_MAX) {
            let id = BillId::new(&billing.clock);
            match draft(
                practice,
                (id, client, own),
                (night.terms, night.run_date, today),
                part,
                found,
            ) {
                Ok(draft) => drafts.push((draft, i64::try_from(part.len()).unwrap_or(i64::MAX))),
                Err(error) => {
                    tracing::error!(%error, practice = %practice.practice, %client, "a client was not billed");
                }
            }
        }
    }
    drafts
}

fn draft(
    practice: &Practice,
    (id, client, own): (BillId, ClientId, ClientTerms),
    (terms, run_date, today): (&PracticeTerms, Date, Date),
    sessions: &[&BillableSession],
    found: &BTreeMap<SessionId, BillableSession>,
) -> Result<Draft> {
    let part = match own.owing {
        Owing::Client => None,
        Owing::Insurance { client_part, .. } => client_part,
    };
    let content = Content {
        sessions: sessions
            .iter()
            .map(|session| session_terms(practice, session, part))
            .collect::<Result<_>>()?,
        products: Vec::new(),
        responsibility: own.owing.responsibility(),
        policy: match own.owing {
            Owing::Client => None,
            Owing::Insurance { policy, .. } => Some(policy),
        },
        reductions: Vec::new(),
    };
    let (automation, _) = own.automation(terms);
    let issue_date = automation.issue_date(run_date);
    let lines = bill_lines(practice, &content, found)?;
    Ok(Draft {
        id,
        client,
        policy: content.policy,
        issue_date,
        // A night that is run late takes nothing of the time to pay.
        due_date: own.due_date(terms, issue_date.max(today)),
        comments: String::new(),
        reductions: waivers(&lines, found),
        lines,
        run_date: Some(run_date),
    })
}

/// A co-pay is at most what the session costs.
fn session_terms(
    practice: &Practice,
    session: &BillableSession,
    part: Option<ClientPart>,
) -> Result<SessionTerms> {
    let prices = session
        .lines
        .iter()
        .map(|line| line.unit_price.times(i64::from(line.units)))
        .collect::<Result<Vec<_>, _>>()?;
    let price = Money::sum(practice.currency, prices)?;
    let client_part = match part {
        Some(ClientPart::CoPay(co_pay)) => Some(ClientPart::CoPay(co_pay.at_most(price)?)),
        other @ (Some(ClientPart::CoInsurance(_)) | None) => other,
    };
    Ok(SessionTerms {
        session: session.session,
        lines: Vec::new(),
        client_part,
    })
}
