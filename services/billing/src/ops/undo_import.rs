use super::entry;
use crate::domain::bill::{Bill, Standing};
use crate::domain::entry::{Act, Entry, Transfers};
use crate::domain::import::{Import, ImportState, Item, Thing, other_credit, spent_credit};
use crate::domain::issue::{self, Fixed, UnderWay};
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Billing, Error, ImportRefusal, OUTBOX, REQUESTS, Result, Use, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, ContactId, EntryId, ImportId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use pg::{RequestKey, Tx};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// So many rows go to the database, and so many events to the feed, in one statement.
const BATCH: usize = 2_000;

/// Which imports are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Also one that was taken.
    Any,
    /// Only one that was not taken: whoever drops it may be mistaken about that.
    Uncommitted,
}

/// Takes an import back, or drops one that was not taken. Errors: as ImportService.UndoImport says.
pub async fn undo_import(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, import): (PracticeId, ImportId),
    wanted: Undo,
) -> Result<Import> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, import.uuid(), now).await? {
        return store::imports::get(&mut tx, practice_id, first.into()).await;
    }
    let state = store::imports::lock(&mut tx, practice_id, import).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let removal = match (state, wanted) {
        (ImportState::Undone, _) | (ImportState::Committed, Undo::Uncommitted) => {
            return Err(ImportRefusal::Closed(import).into());
        }
        (ImportState::Open | ImportState::Prepared, _) => Removal::default(),
        (ImportState::Committed, Undo::Any) => {
            removal(billing, &mut tx, &practice, (import, now)).await?
        }
    };

    write(&mut tx, practice_id, now, &removal).await?;
    store::import_parts::delete(&mut tx, practice_id, import).await?;
    store::imports::update_undone(&mut tx, practice_id, (import, now)).await?;
    let import = store::imports::get(&mut tx, practice_id, import).await?;
    announce(billing, &mut tx, practice_id, &removal).await?;
    tx.commit().await?;
    Ok(import)
}

/// What goes, and the entries that reverse it.
#[derive(Default)]
struct Removal {
    /// As they are afterwards.
    bills: Vec<Bill>,
    entries: Vec<Entry>,
    sessions: Vec<(SessionId, ClientId)>,
    contacts: Vec<(ContactId, Option<ContactId>)>,
    clients: Vec<ClientId>,
}

/// Locks what an import brought, and finds out how it goes. Errors: IMPORT_IN_USE.
async fn removal(
    billing: &Billing,
    conn: &mut PgConnection,
    practice: &Practice,
    (import, now): (ImportId, Timestamp),
) -> Result<Removal> {
    let practice_id = practice.practice;
    // No other import of the practice is under way meanwhile.
    store::practices::lock(conn, practice_id).await?;
    let of = (import, practice.currency);
    let items = store::import_items::list(conn, practice_id, of).await?;
    let bills = lock(conn, practice_id, &items).await?;
    let credited = items
        .iter()
        .filter(|item| matches!(item.thing, Thing::Credit(_) | Thing::Client(_)));
    let credited = credited.map(|item| item.client);
    let left = store::accounts::lock_credits(conn, practice_id, credited).await?;

    let mut uses = store::import_uses::list(conn, practice_id, of, &items).await?;
    for (client, brought, left) in spent_credit(&items, &left)? {
        uses.push(Use {
            subject: client.to_string(),
            what: format!("has used credit: {left} is left of {brought}"),
        });
    }
    for (client, other) in other_credit(&items, &left)? {
        uses.push(Use {
            subject: client.to_string(),
            what: format!("has credit that did not come with it: {other}"),
        });
    }
    let mut reversal = Reversal::read(conn, practice_id, (&items, &bills), now).await?;
    let today = practice.local_date(now)?;
    let mut removal = Removal::default();
    for bill in bills {
        match reversal.bill(billing, bill, today)? {
            Ok(Some((bill, entry))) => {
                removal.bills.push(bill);
                removal.entries.push(entry);
            }
            Ok(None) => {}
            Err(used) => uses.push(used),
        }
    }
    if !uses.is_empty() {
        return Err(ImportRefusal::InUse(uses).into());
    }
    for item in &items {
        match item.thing {
            Thing::Client(client) => removal.clients.push(client),
            Thing::Contact(contact, previous) => removal.contacts.push((contact, previous)),
            Thing::Session(session) => removal.sessions.push((session, item.client)),
            Thing::Credit(entry) => {
                let entry = reversal.credit(billing, (entry, item.client), today)?;
                removal.entries.push(entry);
            }
            Thing::OpeningBalance(_) | Thing::OpenBill(_) => {}
        }
    }
    Ok(removal)
}

/// Clients, then sessions, then bills with their share schedules; answers the bills.
async fn lock(conn: &mut PgConnection, practice: PracticeId, items: &[Item]) -> Result<Vec<Bill>> {
    let (mut clients, mut sessions, mut bills) = (BTreeSet::new(), Vec::new(), Vec::new());
    for item in items {
        match item.thing {
            Thing::Client(_) | Thing::Contact(..) => {
                clients.insert(item.client);
            }
            Thing::OpeningBalance(bill) | Thing::OpenBill(bill) => bills.push(bill),
            Thing::Session(session) => sessions.push(session),
            Thing::Credit(_) => {}
        }
    }
    let clients: Vec<_> = clients.into_iter().collect();
    store::import_items::lock_clients(conn, practice, &clients).await?;
    store::import_items::lock_sessions(conn, practice, &sessions).await?;
    let locked = store::bills::lock(conn, practice, &bills).await?;
    store::share_schedules::lock_of_bills(conn, practice, &bills).await?;
    Ok(locked)
}

/// What is known of the bills and credits that are to be reversed.
struct Reversal {
    brought_by: BTreeMap<BillId, EntryId>,
    transfers: BTreeMap<EntryId, Vec<(ids::TransferId, crate::domain::entry::Transfer)>>,
    held: BTreeMap<BillId, i64>,
}

impl Reversal {
    async fn read(
        conn: &mut PgConnection,
        practice: PracticeId,
        (items, bills): (&[Item], &[Bill]),
        now: Timestamp,
    ) -> Result<Self> {
        let ids: Vec<_> = bills.iter().map(Bill::id).collect();
        let brought_by = store::entries::opening_balances(conn, practice, &ids).await?;
        let credits = items.iter().filter_map(|item| match item.thing {
            Thing::Credit(entry) => Some(entry),
            _other => None,
        });
        let entries = brought_by.iter().map(|(_, entry)| *entry);
        let entries: Vec<_> = entries.chain(credits).collect();
        let transfers = store::entries::transfers_of_each(conn, practice, &entries).await?;
        let held = store::holds::held_of_each(conn, practice, &ids, now).await?;
        Ok(Self {
            brought_by: brought_by.into_iter().collect(),
            transfers,
            held: held.into_iter().collect(),
        })
    }

    fn take(
        &mut self,
        entry: EntryId,
    ) -> Result<Vec<(ids::TransferId, crate::domain::entry::Transfer)>> {
        self.transfers
            .remove(&entry)
            .ok_or(Error::Stored("an import's entry without transfers"))
    }

    /// The bill cancelled; none when it was cancelled before; a use when it cannot be.
    fn bill(
        &mut self,
        billing: &Billing,
        bill: Bill,
        today: Date,
    ) -> Result<Result<Option<(Bill, Entry)>, Use>> {
        let id = bill.id();
        let brought_by = self.brought_by.get(&id).copied();
        let brought_by = brought_by.ok_or(Error::Stored("an import's bill without its entry"))?;
        let transfers = self.take(brought_by)?;
        let under_way = UnderWay {
            decided: false,
            held: self.held.contains_key(&id),
        };
        let used = |what: &str| {
            Ok(Err(Use {
                subject: id.to_string(),
                what: format!("({}) {what}", bill.face.number),
            }))
        };
        let (transfers, after): (Transfers, Standing) =
            match issue::cancel_bill(&bill.standing, &transfers, under_way) {
                Ok(cancelled) => cancelled,
                Err(Fixed::Cancelled) => return Ok(Ok(None)),
                Err(Fixed::HasPayments) => return used("has payments"),
                Err(Fixed::PaymentInProgress) => return used("is being paid"),
                Err(Fixed::Money(error)) => return Err(error.into()),
            };
        let act = (Act::BillCancelled(id), after.client);
        let entry = entry(&billing.clock, act, today, &transfers)?;
        let bill = Bill {
            standing: after,
            face: bill.face,
        };
        Ok(Ok(Some((bill, entry))))
    }

    fn credit(
        &mut self,
        billing: &Billing,
        (brought_by, client): (EntryId, ClientId),
        today: Date,
    ) -> Result<Entry> {
        let mut transfers = Transfers::new();
        for (id, transfer) in self.take(brought_by)? {
            transfers.reverse(id, transfer);
        }
        entry(
            &billing.clock,
            (Act::CreditTakenBack, client),
            today,
            &transfers,
        )
    }
}

async fn write(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    removal: &Removal,
) -> Result<()> {
    for bills in removal.bills.chunks(BATCH) {
        let standings: Vec<_> = bills.iter().map(|bill| bill.standing).collect();
        let ids: Vec<_> = bills.iter().map(Bill::id).collect();
        store::bills::update_standings(conn, practice, &standings).await?;
        store::import_removal::cancel_bills(conn, practice, (&ids, now)).await?;
        store::share_schedules::delete(conn, practice, &ids).await?;
    }
    for entries in removal.entries.chunks(BATCH) {
        store::entries::insert(conn, practice, now, entries).await?;
        store::accounts::move_balances(conn, practice, entries).await?;
    }
    for sessions in removal.sessions.chunks(BATCH) {
        let ids: Vec<_> = sessions.iter().map(|(session, _)| *session).collect();
        store::import_removal::delete_sessions(conn, practice, &ids).await?;
    }
    for contacts in removal.contacts.chunks(BATCH) {
        store::import_removal::delete_contacts(conn, practice, contacts).await?;
    }
    for clients in removal.clients.chunks(BATCH) {
        store::import_removal::remove_clients(conn, practice, (clients, now)).await?;
    }
    Ok(())
}

/// Last of all: from the first event on every other writer of the practice waits.
async fn announce(
    billing: &Billing,
    tx: &mut Tx,
    practice: PracticeId,
    removal: &Removal,
) -> Result<()> {
    let now = billing.clock.now();
    let clock = &billing.clock;
    for bills in removal.bills.chunks(BATCH) {
        let cancelled = bills.iter();
        let events: Vec<_> = cancelled
            .map(|bill| event::of(clock, &event::bill_cancelled(bill)))
            .collect();
        OUTBOX.append(tx, practice, now, &events).await?;
    }
    for entries in removal.entries.chunks(BATCH) {
        let posted = entries.iter();
        let events: Vec<_> = posted
            .map(|entry| event::of(clock, &event::entry_posted(practice, entry)))
            .collect();
        OUTBOX.append(tx, practice, now, &events).await?;
    }
    for sessions in removal.sessions.chunks(BATCH) {
        let removed = sessions.iter();
        let events: Vec<_> = removed
            .map(|(session, client)| event::of(clock, &event::session_removed(*session, *client)))
            .collect();
        OUTBOX.append(tx, practice, now, &events).await?;
    }
    Ok(())
}
