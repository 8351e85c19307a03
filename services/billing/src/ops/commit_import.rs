use super::book_bills::draw_references;
use super::bring::{Brought, Maker, bill_count, bring};
use super::import_content;
use crate::domain::import::{
    FileKind, FileTotals, Files, Import, ImportState, Known, is_all_there, reconcile,
};
use crate::store::practices::Practice;
use crate::wire::event;
use crate::wire::session::session_recorded;
use crate::{Billing, Error, ImportRefusal, OUTBOX, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, ClientId, ImportId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::{OnConstraint as _, RequestKey, Tx};
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// So many rows go to the database, and so many events to the feed, in one statement.
const BATCH: usize = 2_000;

/// What a file has to have, as the former system's reports say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The file.
    pub file: FileKind,
    /// Its rows.
    pub rows: i32,
    /// Their sum; none for people.
    pub amount: Option<Money>,
}

/// Takes everything of an import, or nothing. Errors: as ImportService.CommitImport says.
pub async fn commit_import(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, import): (PracticeId, ImportId),
    expected: &[Expected],
) -> Result<Import> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, import.uuid(), now).await? {
        return store::imports::get(&mut tx, practice_id, first.into()).await;
    }
    match store::imports::lock(&mut tx, practice_id, import).await? {
        ImportState::Prepared => {}
        ImportState::Open => return Err(ImportRefusal::NotPrepared(import).into()),
        ImportState::Committed | ImportState::Undone => {
            return Err(ImportRefusal::Closed(import).into());
        }
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let said = said(&practice, expected)?;
    let mut content = import_content::read(billing, &mut tx, &practice, import).await?;
    // From here on no other import of the practice is under way: what is looked up stays so.
    let bills = bill_count(&content.files);
    let first = i64::try_from(bills).map_err(|_| Error::Stored("a number of bills"))?;
    let first = store::practices::take_bill_numbers(&mut tx, practice_id, first).await?;
    let known = content.check(&mut tx, practice_id, import).await?;
    if !content.mistakes.is_none() {
        return Err(ImportRefusal::HasErrors(import, content.mistakes.count()).into());
    }
    let differences = reconcile(&said, &content.totals);
    if !differences.is_empty() {
        return Err(ImportRefusal::Totals(differences).into());
    }

    let numbers = draw_numbers(billing, &mut tx, practice_id, (first, bills)).await?;
    let previous = previous_contacts(&mut tx, practice_id, &content.files, &known).await?;
    let maker = Maker {
        clock: &billing.clock,
        practice: &practice,
        now,
        known: &known,
        numbers: numbers.into_iter(),
    };
    let brought = bring(maker, &content.files, &previous.into_iter().collect())?;
    write(&mut tx, practice_id, (import, now), &brought).await?;
    let found = (import, practice.currency);
    let written = store::import_totals::written(&mut tx, practice_id, found).await?;
    if !is_all_there(&content.totals, &written) {
        return Err(Error::Stored("an import that is not what its files say"));
    }
    store::imports::update_committed(&mut tx, practice_id, (import, now)).await?;
    store::import_parts::delete(&mut tx, practice_id, import).await?;
    let import = store::imports::get(&mut tx, practice_id, import).await?;
    announce(billing, &mut tx, practice_id, &brought).await?;
    tx.commit().await?;
    Ok(import)
}

/// Errors: CURRENCY_MISMATCH, INVALID_FIELD.
fn said(practice: &Practice, expected: &[Expected]) -> Result<Vec<FileTotals>> {
    let mut said: Vec<FileTotals> = Vec::new();
    for (at, expected) in expected.iter().enumerate() {
        if said.iter().any(|said| said.file == expected.file) {
            let field = format!("expected[{at}].kind");
            return Err(Invalid::new(field, "must not be named twice").into());
        }
        let amount = match expected.amount {
            Some(amount) => practice.in_currency(amount, &format!("expected[{at}].amount"))?,
            None => Money::zero(practice.currency),
        };
        said.push(FileTotals {
            file: expected.file,
            rows: expected.rows,
            amount,
        });
    }
    Ok(said)
}

async fn draw_numbers(
    billing: &Billing,
    conn: &mut PgConnection,
    practice: PracticeId,
    (first, count): (i64, usize),
) -> Result<Vec<(BillId, i64, ids::Reference)>> {
    let mut numbers = Vec::with_capacity(count);
    let bills: Vec<BillId> = (0..count).map(|_| BillId::new(&billing.clock)).collect();
    let mut number = first;
    for bills in bills.chunks(BATCH) {
        let references = draw_references(billing, conn, practice, bills).await?;
        for bill in bills {
            let reference = references.get(bill).copied();
            let reference = reference.ok_or(Error::Stored("a bill without an Invoice #"))?;
            numbers.push((*bill, number, reference));
            number += 1;
        }
    }
    Ok(numbers)
}

/// Who gets the bills of clients that the practice has and whose billing contact the import changes.
async fn previous_contacts(
    conn: &mut PgConnection,
    practice: PracticeId,
    files: &Files,
    known: &Known,
) -> Result<Vec<(ClientId, ids::ContactId)>> {
    let contacts = files.contacts.iter().flat_map(|sheet| &sheet.rows);
    let clients: BTreeSet<ClientId> = contacts
        .filter(|row| row.says.billing_contact)
        .filter_map(|row| known.clients.get(&row.says.client).copied())
        .collect();
    let clients: Vec<_> = clients.into_iter().collect();
    Ok(store::new_people::lock_billing_contacts(conn, practice, &clients).await?)
}

async fn write(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, now): (ImportId, Timestamp),
    brought: &Brought,
) -> Result<()> {
    for clients in brought.clients.chunks(BATCH) {
        store::new_people::insert_clients(conn, practice, (clients, now))
            .await
            .on_constraint("clients_external_reference_key", || {
                Error::ExternalReferenceTaken
            })?;
    }
    for contacts in brought.contacts.chunks(BATCH) {
        store::new_people::insert_contacts(conn, practice, (contacts, now)).await?;
        let billed = contacts.iter().filter(|contact| contact.billing_contact);
        let billed: Vec<_> = billed
            .map(|contact| (contact.client, contact.contact))
            .collect();
        store::new_people::update_billing_contacts(conn, practice, &billed).await?;
        let reached: Vec<_> = billed.iter().map(|(client, _)| *client).collect();
        store::share_schedules::unblock(conn, practice, &reached).await?;
    }
    for sessions in brought.sessions.chunks(BATCH) {
        store::new_sessions::insert(conn, practice, sessions)
            .await
            .on_constraint("sessions_external_reference_key", || {
                Error::ExternalReferenceTaken
            })?;
    }
    insert_bills(conn, practice, brought).await?;
    let entries = brought.bills.iter().map(|(_, _, entry)| entry);
    let entries: Vec<_> = entries.chain(&brought.credits).cloned().collect();
    for entries in entries.chunks(BATCH) {
        store::entries::insert(conn, practice, now, entries).await?;
        store::accounts::move_balances(conn, practice, entries).await?;
    }
    for items in brought.items.chunks(BATCH) {
        store::import_items::insert(conn, practice, import, items).await?;
    }
    Ok(())
}

async fn insert_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    brought: &Brought,
) -> Result<()> {
    for bills in brought.bills.chunks(BATCH) {
        let bills = bills.iter();
        let bills: Vec<_> = bills
            .map(|(bill, line, _)| (bill.clone(), vec![line.clone()]))
            .collect();
        store::new_bills::insert(conn, practice, &bills).await?;
    }
    Ok(())
}

/// Last of all: from the first event on every other writer of the practice waits.
async fn announce(
    billing: &Billing,
    tx: &mut Tx,
    practice: PracticeId,
    brought: &Brought,
) -> Result<()> {
    let now = billing.clock.now();
    let clock = &billing.clock;
    let posted = |entry| event::of(clock, &event::entry_posted(practice, entry));
    for bills in brought.bills.chunks(BATCH / 2) {
        let events: Vec<_> = bills
            .iter()
            .flat_map(|(bill, _, entry)| {
                let issued = event::of(clock, &event::bill_issued(bill));
                [issued, posted(entry)]
            })
            .collect();
        OUTBOX.append(tx, practice, now, &events).await?;
    }
    for credits in brought.credits.chunks(BATCH) {
        let events: Vec<_> = credits.iter().map(posted).collect();
        OUTBOX.append(tx, practice, now, &events).await?;
    }
    for sessions in brought.sessions.chunks(BATCH) {
        let recorded = sessions.iter();
        let events: Vec<_> = recorded
            .map(|session| event::of(clock, &session_recorded(session)))
            .collect();
        OUTBOX.append(tx, practice, now, &events).await?;
    }
    Ok(())
}
