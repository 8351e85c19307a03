use crate::domain::people::{Address, Client, Contact, Person};
use crate::{Error, Missing, Result};
use ids::{ClientId, ContactId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `billing.contacts`, and whether it gets the bills.
struct Row {
    contact_id: ContactId,
    client_id: ClientId,
    given_name: String,
    family_name: String,
    email: String,
    address_lines: Vec<String>,
    city: String,
    region: String,
    postal_code: String,
    relationship: String,
    billing_contact: bool,
}

impl From<Row> for Contact {
    fn from(row: Row) -> Self {
        Self {
            contact: row.contact_id,
            client: row.client_id,
            person: Person {
                given_name: row.given_name,
                family_name: row.family_name,
                email: row.email,
                address: Address {
                    lines: row.address_lines,
                    city: row.city,
                    region: row.region,
                    postal_code: row.postal_code,
                },
            },
            relationship: row.relationship,
            billing_contact: row.billing_contact,
        }
    }
}

/// Writes a contact of a client that exists. Who gets the bills is written by `clients::update_billing_contact`.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    contact: &Contact,
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    let person = &contact.person;
    sqlx::query!(
        r#"
        insert into billing.contacts (
            practice_id, contact_id, client_id, given_name, family_name, email, address_lines, city, region,
            postal_code, relationship, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        practice.uuid(),
        contact.contact.uuid(),
        contact.client.uuid(),
        person.given_name,
        person.family_name,
        person.email,
        &person.address.lines,
        person.address.city,
        person.address.region,
        person.address.postal_code,
        contact.relationship,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Errors: CONTACT_NOT_FOUND, also for another client's.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    contact: ContactId,
) -> Result<Contact> {
    list(conn, practice, client)
        .await?
        .into_iter()
        .find(|found| found.contact == contact)
        .ok_or(Error::Missing(Missing::Contact(contact)))
}

/// A client's contacts, oldest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Vec<Contact>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            contact.contact_id as "contact_id: ContactId",
            contact.client_id as "client_id: ClientId",
            contact.given_name,
            contact.family_name,
            contact.email,
            contact.address_lines,
            contact.city,
            contact.region,
            contact.postal_code,
            contact.relationship,
            client.billing_contact_id is not distinct from contact.contact_id as "billing_contact!"
        from billing.contacts contact
        join billing.clients client
            on client.practice_id = contact.practice_id and client.client_id = contact.client_id
        where contact.practice_id = $1 and contact.client_id = $2
        order by contact.create_time, contact.contact_id
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Contact::from).collect())
}

/// The contacts of these clients, each one's oldest first. No joins: the plan is kept.
pub async fn list_many(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[Client],
) -> Result<Vec<Contact>, sqlx::Error> {
    let ids: Vec<Uuid> = clients.iter().map(|it| it.client.uuid()).collect();
    let billing_contacts = clients.iter().filter_map(|it| it.billing_contact);
    let billing_contacts: Vec<Uuid> = billing_contacts.map(|it| it.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            contact_id as "contact_id: ContactId",
            client_id as "client_id: ClientId",
            given_name,
            family_name,
            email,
            address_lines,
            city,
            region,
            postal_code,
            relationship,
            contact_id = any($3) as "billing_contact!"
        from billing.contacts
        where practice_id = $1 and client_id = any($2)
        order by create_time, contact_id
        "#,
        practice.uuid(),
        &ids,
        &billing_contacts,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Contact::from).collect())
}
