//! What of the things that an import's files name the practice has.

use super::imports::kind;
use crate::Result;
use crate::domain::import::{ClinicianKey, FileKind, Known, Named};
use ids::{ClientId, ClinicianId, ImportId, PracticeId};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use uuid::Uuid;

/// Looks up all that is named, and which of the files, by their hashes, other imports have taken.
pub async fn known(
    conn: &mut PgConnection,
    practice: PracticeId,
    named: &Named,
    (import, hashes): (ImportId, &BTreeMap<FileKind, [u8; 32]>),
) -> Result<Known> {
    let clients = clients(conn, practice, &named.clients).await?;
    let with_balance = opening_balances(conn, practice, clients.values()).await?;
    Ok(Known {
        clinicians: clinicians(conn, practice, &named.clinicians).await?,
        sessions: sessions(conn, practice, &named.sessions).await?,
        former_numbers: former_numbers(conn, practice, &named.former_numbers).await?,
        opening_balances: with_balance,
        files: taken_files(conn, practice, import, hashes).await?,
        clients,
    })
}

/// The names that are ids of ours, beside those that are somebody else's.
fn ids<'a, I: FromStr + Into<Uuid>>(names: &[&'a str]) -> (Vec<&'a str>, Vec<Uuid>) {
    let id = |name: &&'a str| name.parse::<I>().ok().map(|id| (*name, id.into()));
    names.iter().filter_map(id).unzip()
}

/// By external reference, and by our own id.
async fn clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, ClientId>, sqlx::Error> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (id_names, ids) = ids::<ClientId>(&names);
    let rows = sqlx::query!(
        r#"
        select wanted.name as "name!", client.client_id as "client_id!: ClientId"
        from unnest($3::text[], $4::uuid[]) as wanted (name, client_id)
        join billing.clients client
            on client.practice_id = $1 and client.client_id = wanted.client_id and client.remove_time is null
        union all
        select client.external_reference, client.client_id
        from billing.clients client
        where client.practice_id = $1 and client.external_reference = any($2)
        "#,
        practice.uuid(),
        &names as &[&str],
        &id_names as &[&str],
        &ids,
    )
    .fetch_all(conn)
    .await?;
    // An external reference comes last and wins: it is the name the former system knows.
    Ok(rows
        .into_iter()
        .map(|row| (row.name, row.client_id))
        .collect())
}

async fn clinicians(
    conn: &mut PgConnection,
    practice: PracticeId,
    keys: &BTreeSet<ClinicianKey>,
) -> Result<BTreeMap<ClinicianKey, Vec<ClinicianId>>, sqlx::Error> {
    let (mut names, mut npis) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            ClinicianKey::Reference(name) => names.push(name.as_str()),
            ClinicianKey::Npi(npi) => npis.push(npi.as_str()),
        }
    }
    let (id_names, ids) = ids::<ClinicianId>(&names);
    let rows = sqlx::query!(
        r#"
        select
            clinician.clinician_id as "clinician_id!: ClinicianId",
            clinician.external_reference as name,
            null::text as npi
        from billing.clinicians clinician
        where clinician.practice_id = $1 and clinician.external_reference = any($2)
        union all
        select clinician.clinician_id, wanted.name, null
        from unnest($3::text[], $4::uuid[]) as wanted (name, clinician_id)
        join billing.clinicians clinician
            on clinician.practice_id = $1 and clinician.clinician_id = wanted.clinician_id
        union all
        select clinician.clinician_id, null, clinician.npi
        from billing.clinicians clinician
        where clinician.practice_id = $1 and clinician.npi = any($5)
        "#,
        practice.uuid(),
        &names as &[&str],
        &id_names as &[&str],
        &ids,
        &npis as &[&str],
    )
    .fetch_all(conn)
    .await?;
    let mut known: BTreeMap<ClinicianKey, Vec<ClinicianId>> = BTreeMap::new();
    for row in rows {
        let key = match (row.name, row.npi) {
            (Some(name), _) => ClinicianKey::Reference(name),
            (None, Some(npi)) => ClinicianKey::Npi(npi),
            (None, None) => continue,
        };
        known.entry(key).or_default().push(row.clinician_id);
    }
    Ok(known)
}

async fn sessions(
    conn: &mut PgConnection,
    practice: PracticeId,
    names: &BTreeSet<String>,
) -> Result<BTreeSet<String>, sqlx::Error> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let taken = sqlx::query_scalar!(
        r#"
        select external_reference as "name!"
        from billing.sessions
        where practice_id = $1 and external_reference = any($2)
        "#,
        practice.uuid(),
        &names as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(taken.into_iter().collect())
}

/// On bills that were not cancelled.
async fn former_numbers(
    conn: &mut PgConnection,
    practice: PracticeId,
    numbers: &BTreeSet<String>,
) -> Result<BTreeSet<String>, sqlx::Error> {
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let taken = sqlx::query_scalar!(
        r#"
        select line.former_number as "number!"
        from billing.bill_lines line
        join billing.bills bill on bill.practice_id = line.practice_id and bill.bill_id = line.bill_id
        where line.practice_id = $1 and line.former_number = any($2) and bill.cancel_time is null
        "#,
        practice.uuid(),
        &numbers as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(taken.into_iter().collect())
}

/// Which of the clients have one that was not cancelled.
async fn opening_balances(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: impl Iterator<Item = &ClientId>,
) -> Result<BTreeSet<ClientId>, sqlx::Error> {
    let clients: Vec<Uuid> = clients.map(|client| client.uuid()).collect();
    let with_one = sqlx::query_scalar!(
        r#"
        select distinct bill.client_id as "client_id: ClientId"
        from billing.bills bill
        join billing.bill_lines line on line.practice_id = bill.practice_id and line.bill_id = bill.bill_id
        where bill.practice_id = $1
            and bill.client_id = any($2)
            and bill.cancel_time is null
            and line.brought_date is not null
            and line.former_number is null
        "#,
        practice.uuid(),
        &clients,
    )
    .fetch_all(conn)
    .await?;
    Ok(with_one.into_iter().collect())
}

async fn taken_files(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    hashes: &BTreeMap<FileKind, [u8; 32]>,
) -> Result<BTreeSet<FileKind>> {
    let kinds: Vec<&str> = hashes.keys().map(|kind| kind.name()).collect();
    let bytes: Vec<&[u8]> = hashes.values().map(<[u8; 32]>::as_slice).collect();
    let names = sqlx::query_scalar!(
        r#"
        select distinct file.kind
        from unnest($3::text[], $4::bytea[]) as wanted (kind, sha256)
        join billing.import_files file
            on file.practice_id = $1 and file.kind = wanted.kind and file.sha256 = wanted.sha256
        join billing.imports taken on taken.practice_id = file.practice_id and taken.import_id = file.import_id
        where taken.import_id <> $2 and taken.state = 'committed'
        "#,
        practice.uuid(),
        import.uuid(),
        &kinds as &[&str],
        &bytes as &[&[u8]],
    )
    .fetch_all(conn)
    .await?;
    names.iter().map(|name| kind(name)).collect()
}
