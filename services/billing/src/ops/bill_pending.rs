//! How a run bills pending sessions, a night or one by hand. It can be interrupted anywhere and begun again, also by
//! several workers at once: a piece of it commits as a whole, a session that has its bill is no longer among the pending,
//! and the lines of a session go to one bill only.

use super::bill_lines::{Content, SessionTerms, bill_lines, waivers};
use super::book_bills::{Draft, book_bills, try_to_book};
use super::get_bill::ShownBill;
use crate::domain::automation::{Position, bills, piece};
use crate::domain::terms::{ClientPart, ClientTerms, Owing};
use crate::store::automation_runs::{Made, RunKey};
use crate::store::automation_sessions::{By, Pick};
use crate::store::fees::Fees;
use crate::store::practices::Practice;
use crate::store::sessions::BillableSession;
use crate::{Billing, OUTBOX, Result, store};
use ids::{BillId, ClientId, SessionId};
use jiff::civil::Date;
use money::Money;
use pg::Tx;
use std::collections::{BTreeMap, HashMap};

/// Sessions in one transaction: as many as a bill has at most, so that a client with more has full bills.
const SESSIONS_AT_ONCE: i64 = 200;
/// Clients in one transaction.
const CLIENTS_AT_ONCE: usize = 50;
/// Sessions and lines on one bill: as many sessions as by hand, as many lines as a superbill of it can show.
const BILL_MAX: (usize, usize) = (200, 500);

/// A run that bills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    /// Whose.
    pub(super) practice: &'a Practice,
    /// Which.
    pub(super) key: RunKey,
    /// The day that begins, or on which it was asked for.
    pub(super) run_date: Date,
    /// What it bills.
    pub(super) pick: Pick<'a>,
    /// Who takes off what was waived.
    pub(super) made_by: &'a str,
}

/// Bills everything that is pending. Errors: the database failed; what was billed before is billed.
pub(super) async fn bill_pending(billing: &Billing, run: Run<'_>) -> Result<()> {
    let mut after = None;
    // A piece that met another transaction runs again; what it waits for is over in milliseconds.
    while let Some(last) = ::rpc::rerun(|| bill_piece(billing, run, after)).await? {
        after = Some(last);
    }
    Ok(())
}

/// Bills the next sessions and answers the last of them; none when there are none.
async fn bill_piece(
    billing: &Billing,
    run: Run<'_>,
    after: Option<Position>,
) -> Result<Option<Position>> {
    let (now, practice) = (billing.clock.now(), run.practice);
    let mut tx = pg::begin(&billing.db, practice.practice).await?;
    store::practices::lock(&mut tx, practice.practice).await?;
    let limit = SESSIONS_AT_ONCE;
    let mut pending = store::automation_sessions::list(&mut tx, run.pick, (after, limit)).await?;
    let full = i64::try_from(pending.len()).unwrap_or(i64::MAX) >= limit;
    pending.truncate(piece(&pending, full, CLIENTS_AT_ONCE));
    let Some(last) = pending.last().copied() else {
        return Ok(None);
    };
    let sessions: Vec<SessionId> = pending.iter().map(|pending| pending.session).collect();
    let mut clients: Vec<ClientId> = pending.iter().map(|pending| pending.client).collect();
    clients.dedup();
    let found =
        store::sessions::lock_to_bill(&mut tx, practice.practice, &clients, (&sessions, None))
            .await?;
    let own_terms = store::terms::of_clients(&mut tx, practice, &clients).await?;
    let today = practice.local_date(now)?;
    let drafted = drafts(billing, (run, today), &own_terms, (&sessions, &found));
    let mut drafts = Vec::new();
    for (client, draft) in drafted {
        let tried = draft.and_then(|(draft, count)| {
            try_to_book(billing, (practice, now), draft.clone())?;
            Ok((draft, count))
        });
        match tried {
            Ok(draft) => drafts.push(draft),
            Err(error) => {
                tracing::error!(%error, practice = %practice.practice, %client, "a client was not billed");
            }
        }
    }
    if !drafts.is_empty() {
        book((billing, &mut tx), run, drafts).await?;
        tx.commit().await?;
    }
    Ok(Some(last))
}

async fn book(
    (billing, tx): (&Billing, &mut Tx),
    run: Run<'_>,
    drafts: Vec<(Draft, i64)>,
) -> Result<()> {
    let (now, practice) = (billing.clock.now(), run.practice);
    let count = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
    let sessions = drafts.iter().map(|(_, sessions)| sessions).sum();
    let first = store::practices::take_bill_numbers(tx, practice.practice, count).await?;
    let booked = book_bills(
        (billing, tx),
        (practice, now),
        (first, run.made_by),
        drafts.into_iter().map(|(draft, _)| draft).collect(),
    )
    .await?;
    let totals = booked.bills.iter().map(|shown| shown.bill.face.total);
    let made = Made {
        bills: count,
        sessions,
        total: Money::sum(practice.currency, totals)?,
    };
    match run.key {
        RunKey::Night(date) => {
            store::automation_runs::add(tx, practice.practice, date, made).await?;
        }
        RunKey::ByHand(run) => store::hand_runs::add(tx, practice.practice, run, made).await?,
    }
    OUTBOX
        .append(tx, practice.practice, now, &booked.events)
        .await?;
    Ok(())
}

/// What a client's bills would be, in order, without making them: for those that cannot be made, nothing.
pub(super) fn preview(
    billing: &Billing,
    (run, today): (Run<'_>, Date),
    own_terms: &HashMap<ClientId, ClientTerms>,
    found: (&[SessionId], &BTreeMap<SessionId, BillableSession>),
) -> Vec<ShownBill> {
    let now = billing.clock.now();
    let drafted = drafts(billing, (run, today), own_terms, found).into_iter();
    let tried = drafted
        .filter_map(|(_, draft)| try_to_book(billing, (run.practice, now), draft.ok()?.0).ok());
    tried.collect()
}

/// A bill with how many sessions it has, or why it cannot be made.
type Drafted = (ClientId, Result<(Draft, i64)>);

/// The bills of these sessions, one for each client, or more when one would be too long.
fn drafts(
    billing: &Billing,
    (run, today): (Run<'_>, Date),
    own_terms: &HashMap<ClientId, ClientTerms>,
    (sessions, found): (&[SessionId], &BTreeMap<SessionId, BillableSession>),
) -> Vec<Drafted> {
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
        for part in bills(&sessions, |session| session.lines.len(), BILL_MAX) {
            let id = BillId::new(&billing.clock);
            let draft = draft((run, today), (id, client, own), part, found);
            let count = i64::try_from(part.len()).unwrap_or(i64::MAX);
            drafts.push((client, draft.map(|draft| (draft, count))));
        }
    }
    drafts
}

fn draft(
    (run, today): (Run<'_>, Date),
    (id, client, own): (BillId, ClientId, ClientTerms),
    sessions: &[&BillableSession],
    found: &BTreeMap<SessionId, BillableSession>,
) -> Result<Draft> {
    let (part, policy) = match own.owing {
        Owing::Client => (None, None),
        Owing::Insurance {
            policy,
            client_part,
        } => (client_part, Some(policy)),
    };
    let content = Content {
        sessions: sessions
            .iter()
            .map(|session| session_terms(run.practice, session, part))
            .collect::<Result<_>>()?,
        products: Vec::new(),
        responsibility: own.owing.responsibility(),
        policy,
        reductions: Vec::new(),
    };
    let (issue_date, night) = match run.pick.by {
        By::Night(day) => {
            let (automation, _) = own.automation(run.pick.terms);
            (automation.issue_date(day), Some(day))
        }
        By::Hand(..) => (run.run_date, None),
    };
    let lines = bill_lines(run.practice, &content, (found, &Fees::default()))?;
    Ok(Draft {
        id,
        client,
        policy,
        issue_date,
        // A run that is late takes nothing of the time to pay.
        due_date: own.due_date(run.pick.terms, issue_date.max(today)),
        comments: String::new(),
        waivers: waivers(&lines, found),
        reductions: Vec::new(),
        lines,
        run_date: night,
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
