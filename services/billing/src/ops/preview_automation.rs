use super::bill_pending::{self, Run};
use super::bill_pending_sessions::{PendingSessions, checked};
use super::list_bills::PageAsked;
use super::set_service_price::coming_day;
use crate::domain::automation::{Position, SkipReason, piece};
use crate::domain::terms::day_after;
use crate::store::automation_runs::{RunKey, SkipCount};
use crate::store::automation_sessions::{By, Pending, Pick, Sum};
use crate::store::practices::Practice;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId, SessionId};
use jiff::civil::Date;
use money::Money;
use pg::Page;
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap};

/// Sessions on one page.
const SESSIONS_MAX: i64 = 1_000;

/// Of which run a preview is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviewOf {
    /// The night that begins this day; none is the next one.
    Night(Option<Date>),
    /// One by hand.
    ByHand(PendingSessions),
}

/// What a run would bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The day that begins, or today.
    pub run_date: Date,
    /// By client.
    pub clients: Page<PreviewedClient>,
    /// Clients who would be billed, on all pages.
    pub client_count: i64,
    /// Sessions that would be billed, on all pages.
    pub session_count: i64,
    /// What they cost.
    pub total: Money,
    /// What would be left out, on all pages.
    pub skip_counts: Vec<SkipCount>,
}

/// What would become of a client's sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewedClient {
    /// Whose.
    pub client: ClientId,
    /// In order.
    pub sessions: Vec<Pending>,
    /// What would be billed of them.
    pub total: Money,
    /// Of it, after waivers.
    pub client_owes: Money,
    /// Of it.
    pub insurance_owes: Money,
    /// Issue and due date; none when nothing would be billed.
    pub dates: Option<(Date, Date)>,
}

/// Shows what a run would bill. Errors: as AutomationService.PreviewAutomation says.
pub async fn preview_automation(
    billing: &Billing,
    caller: &Caller,
    (practice_id, of): (PracticeId, PreviewOf),
    page: PageAsked<'_>,
) -> Result<Preview> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let size = pg::page_size(page.size)?;
    let after: Option<(ClientId, Date, SessionId)> =
        billing.page_key.open(page.filter, page.token)?;
    let after = after.map(|(client, service_date, session)| Position {
        client,
        service_date,
        session,
    });
    let mut tx = pg::begin_snapshot(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let terms = store::terms::of_practice(&mut tx, &practice, now).await?;
    let today = practice.local_date(now)?;
    let clients;
    let (run_date, by) = match of {
        PreviewOf::Night(date) => {
            let next = date.or(day_after(today));
            let date = coming_day(today, next, "run_date")?;
            (date, By::Night(date))
        }
        PreviewOf::ByHand(asked) => {
            let (chosen, through, _) = checked(&mut tx, (&practice, now), asked, "by_hand").await?;
            clients = chosen;
            (today, By::Hand(through, &clients))
        }
    };
    let pick = Pick {
        practice: practice_id,
        terms: &terms,
        by,
    };
    let run = Run {
        practice: &practice,
        key: RunKey::Night(run_date),
        run_date,
        pick,
        made_by: &caller.subject,
    };
    let mut listed =
        store::automation_sessions::preview(&mut tx, pick, (after, SESSIONS_MAX)).await?;
    let positions: Vec<_> = listed.iter().map(|pending| pending.position).collect();
    let full = i64::try_from(positions.len()).unwrap_or(i64::MAX) >= SESSIONS_MAX;
    let count = piece(&positions, full, size);
    let more = full || count < listed.len();
    listed.truncate(count);
    let next_page_token = match listed.last() {
        Some(Pending { position, .. }) if more => {
            let position = (position.client, position.service_date, position.session);
            billing
                .page_key
                .seal(page.filter, &position)
                .map_err(|_| Error::Stored("a position that cannot be sealed"))?
        }
        Some(_) | None => String::new(),
    };
    let items = clients_of((billing, &mut tx), (run, today), listed).await?;
    let sums = store::automation_sessions::sums(&mut tx, pick).await?;
    Ok(summed(
        &practice,
        run_date,
        Page {
            items,
            next_page_token,
        },
        &sums,
    ))
}

/// The sums of the whole beside a page.
fn summed(
    practice: &Practice,
    run_date: Date,
    clients: Page<PreviewedClient>,
    sums: &[Sum],
) -> Preview {
    let billed = sums.iter().find(|sum| sum.skip.is_none());
    let skipped = sums.iter().filter_map(|sum| {
        Some(SkipCount {
            reason: sum.skip?,
            sessions: sum.sessions,
            new: 0,
        })
    });
    Preview {
        run_date,
        clients,
        client_count: billed.map_or(0, |sum| sum.clients),
        session_count: billed.map_or(0, |sum| sum.sessions),
        total: Money::from_minor(billed.map_or(0, |sum| sum.total_minor), practice.currency),
        skip_counts: skipped.collect(),
    }
}

/// The clients of these sessions with what each would owe. What cannot be billed is told as failed.
async fn clients_of(
    (billing, conn): (&Billing, &mut PgConnection),
    (run, today): (Run<'_>, Date),
    mut listed: Vec<Pending>,
) -> Result<Vec<PreviewedClient>> {
    let practice = run.practice;
    let billed = listed.iter().filter(|pending| pending.skip.is_none());
    let sessions: Vec<SessionId> = billed.map(|pending| pending.position.session).collect();
    let mut clients: Vec<ClientId> = listed.iter().map(|it| it.position.client).collect();
    clients.dedup();
    let found = store::sessions::to_bill(conn, practice.practice, &clients, &sessions).await?;
    let own_terms = store::terms::of_clients(conn, practice, &clients).await?;
    let bills = bill_pending::preview(billing, (run, today), &own_terms, (&sessions, &found));
    let on_bills: BTreeSet<SessionId> = bills
        .iter()
        .flat_map(|bill| bill.lines.iter().filter_map(|line| line.session()))
        .collect();
    for pending in &mut listed {
        if pending.skip.is_none() && !on_bills.contains(&pending.position.session) {
            pending.skip = Some(SkipReason::Failed);
        }
    }
    let mut of_client = HashMap::<ClientId, Vec<_>>::new();
    for bill in bills {
        let client = bill.bill.standing.client;
        of_client.entry(client).or_default().push(bill);
    }
    let mut shown = Vec::with_capacity(clients.len());
    for sessions in listed.chunk_by(|one, next| one.position.client == next.position.client) {
        let Some(client) = sessions.first().map(|first| first.position.client) else {
            continue;
        };
        let bills = of_client.remove(&client).unwrap_or_default();
        let sum = |of: fn(&super::get_bill::ShownBill) -> Money| {
            Money::sum(practice.currency, bills.iter().map(of))
        };
        shown.push(PreviewedClient {
            client,
            sessions: sessions.to_vec(),
            total: sum(|bill| bill.bill.face.total)?,
            client_owes: sum(|bill| bill.bill.standing.client_owes)?,
            insurance_owes: sum(|bill| bill.bill.standing.insurance_owes)?,
            dates: bills
                .first()
                .map(|bill| (bill.bill.face.issue_date, bill.bill.face.due_date)),
        });
    }
    Ok(shown)
}
