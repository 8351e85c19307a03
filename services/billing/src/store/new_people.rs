//! How clients and contacts come into being, many at a time.

use crate::domain::people::{Client, Contact, Person};
use ids::{ClientId, ContactId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// Writes clients, who get their bills until a contact does.
pub async fn insert_clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    (clients, now): (&[Client], Timestamp),
) -> Result<(), sqlx::Error> {
    let column = Columns::of(clients.iter().map(|client| &client.person));
    let ids: Vec<Uuid> = clients.iter().map(|client| client.client.uuid()).collect();
    let birth_dates: Vec<Option<String>> = clients
        .iter()
        .map(|client| client.birth_date.map(|date| date.to_string()))
        .collect();
    let references: Vec<Option<&str>> = clients
        .iter()
        .map(|client| client.external_reference.as_deref())
        .collect();
    sqlx::query!(
        r#"
        insert into billing.clients (
            practice_id, client_id, given_name, family_name, email, address_lines, city, region, postal_code,
            birth_date, external_reference, create_time
        )
        select $1, fresh.client_id, fresh.given_name, fresh.family_name, fresh.email,
            string_to_array(fresh.address, e'\n'), fresh.city, fresh.region, fresh.postal_code,
            fresh.birth_date::date, fresh.external_reference, $2
        from unnest(
            $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
            $11::text[], $12::text[]
        ) as fresh (
            client_id, given_name, family_name, email, address, city, region, postal_code, birth_date,
            external_reference
        )
        "#,
        practice.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &ids,
        &column.given_names as &[&str],
        &column.family_names as &[&str],
        &column.emails as &[&str],
        &column.addresses,
        &column.cities as &[&str],
        &column.regions as &[&str],
        &column.postal_codes as &[&str],
        &birth_dates as &[Option<String>],
        &references as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes contacts of clients that exist. Who gets the bills is written by `update_billing_contacts`.
pub async fn insert_contacts(
    conn: &mut PgConnection,
    practice: PracticeId,
    (contacts, now): (&[Contact], Timestamp),
) -> Result<(), sqlx::Error> {
    let column = Columns::of(contacts.iter().map(|contact| &contact.person));
    let ids: Vec<Uuid> = contacts
        .iter()
        .map(|contact| contact.contact.uuid())
        .collect();
    let clients: Vec<Uuid> = contacts
        .iter()
        .map(|contact| contact.client.uuid())
        .collect();
    let relationships: Vec<&str> = contacts
        .iter()
        .map(|contact| contact.relationship.as_str())
        .collect();
    sqlx::query!(
        r#"
        insert into billing.contacts (
            practice_id, contact_id, client_id, given_name, family_name, email, address_lines, city, region,
            postal_code, relationship, create_time
        )
        select $1, fresh.contact_id, fresh.client_id, fresh.given_name, fresh.family_name, fresh.email,
            string_to_array(fresh.address, e'\n'), fresh.city, fresh.region, fresh.postal_code,
            fresh.relationship, $2
        from unnest(
            $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
            $11::text[], $12::text[]
        ) as fresh (
            contact_id, client_id, given_name, family_name, email, address, city, region, postal_code, relationship
        )
        "#,
        practice.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &ids,
        &clients,
        &column.given_names as &[&str],
        &column.family_names as &[&str],
        &column.emails as &[&str],
        &column.addresses,
        &column.cities as &[&str],
        &column.regions as &[&str],
        &column.postal_codes as &[&str],
        &relationships as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who got each client's bills so far, of those whose client exists and had a contact for it. Locks the clients, by id.
pub async fn lock_billing_contacts(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<Vec<(ClientId, ContactId)>, sqlx::Error> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select client_id as "client_id: ClientId", billing_contact_id as "contact_id: ContactId"
        from billing.clients
        where practice_id = $1 and client_id = any($2)
        order by client_id
        for no key update
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| row.contact_id.map(|contact| (row.client_id, contact)))
        .collect())
}

/// Makes contacts of locked clients those who get the bills.
pub async fn update_billing_contacts(
    conn: &mut PgConnection,
    practice: PracticeId,
    contacts: &[(ClientId, ContactId)],
) -> Result<(), sqlx::Error> {
    let (clients, contacts): (Vec<Uuid>, Vec<Uuid>) = contacts
        .iter()
        .map(|(client, contact)| (client.uuid(), contact.uuid()))
        .unzip();
    sqlx::query!(
        r#"
        update billing.clients client
        set billing_contact_id = fresh.contact_id
        from unnest($2::uuid[], $3::uuid[]) as fresh (client_id, contact_id)
        where client.practice_id = $1 and client.client_id = fresh.client_id
        "#,
        practice.uuid(),
        &clients,
        &contacts,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Names and addresses, column by column. The lines of an address have no line breaks, so one text holds them.
#[derive(Default)]
struct Columns<'a> {
    given_names: Vec<&'a str>,
    family_names: Vec<&'a str>,
    emails: Vec<&'a str>,
    addresses: Vec<String>,
    cities: Vec<&'a str>,
    regions: Vec<&'a str>,
    postal_codes: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(people: impl Iterator<Item = &'a Person>) -> Self {
        let mut column = Self::default();
        for person in people {
            column.given_names.push(&person.given_name);
            column.family_names.push(&person.family_name);
            column.emails.push(&person.email);
            column.addresses.push(person.address.lines.join("\n"));
            column.cities.push(&person.address.city);
            column.regions.push(&person.address.region);
            column.postal_codes.push(&person.address.postal_code);
        }
        column
    }
}
