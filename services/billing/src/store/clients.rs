use crate::domain::people::{Address, Client, Person};
use crate::{Error, Missing, Result};
use ids::{ClientId, ContactId, PracticeId};
use jiff_sqlx::ToSqlx as _;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `billing.clients`.
struct Row {
    client_id: ClientId,
    given_name: String,
    family_name: String,
    email: String,
    address_lines: Vec<String>,
    city: String,
    region: String,
    postal_code: String,
    birth_date: Option<jiff_sqlx::Date>,
    external_reference: Option<String>,
    billing_contact_id: Option<ContactId>,
    create_time: jiff_sqlx::Timestamp,
}

impl From<Row> for Client {
    fn from(row: Row) -> Self {
        Self {
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
            birth_date: row.birth_date.map(jiff_sqlx::Date::to_jiff),
            external_reference: row.external_reference,
            billing_contact: row.billing_contact_id,
            create_time: row.create_time.to_jiff(),
        }
    }
}

/// Writes a client, who gets the bills until a contact does.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: &Client,
) -> Result<(), sqlx::Error> {
    let person = &client.person;
    sqlx::query!(
        r#"
        insert into billing.clients (
            practice_id, client_id, given_name, family_name, email, address_lines, city, region, postal_code,
            birth_date, external_reference, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        practice.uuid(),
        client.client.uuid(),
        person.given_name,
        person.family_name,
        person.email,
        &person.address.lines,
        person.address.city,
        person.address.region,
        person.address.postal_code,
        client.birth_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        client.external_reference,
        client.create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Errors: CLIENT_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Client> {
    let found = find_many(conn, practice, &[client]).await?.pop();
    found.ok_or(Error::Missing(Missing::Client(client)))
}

/// Those of these clients that there are.
pub async fn find_many(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<Vec<Client>, sqlx::Error> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            client_id as "client_id: ClientId",
            given_name,
            family_name,
            email,
            address_lines,
            city,
            region,
            postal_code,
            birth_date as "birth_date: jiff_sqlx::Date",
            external_reference,
            billing_contact_id as "billing_contact_id: ContactId",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from billing.clients
        where practice_id = $1 and client_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Client::from).collect())
}

/// Where a client stands in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// First key.
    pub family_name: String,
    /// Second key.
    pub given_name: String,
    /// Last key.
    pub client: ClientId,
}

/// At most `limit` clients, none that was removed, by family name, given name, id, from after a position; only the one with
/// the external reference, when one is given.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    external_reference: Option<&str>,
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<Client>, sqlx::Error> {
    let position = after.as_ref();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            client_id as "client_id: ClientId",
            given_name,
            family_name,
            email,
            address_lines,
            city,
            region,
            postal_code,
            birth_date as "birth_date: jiff_sqlx::Date",
            external_reference,
            billing_contact_id as "billing_contact_id: ContactId",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from billing.clients
        where practice_id = $1
            and remove_time is null
            and ($2::text is null or external_reference = $2)
            and ($3::uuid is null or (family_name, given_name, client_id) > ($4, $5, $3))
        order by family_name, given_name, client_id
        limit $6
        "#,
        practice.uuid(),
        external_reference,
        position.map(|at| at.client.uuid()),
        position.map(|at| at.family_name.as_str()),
        position.map(|at| at.given_name.as_str()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Client::from).collect())
}

/// Makes a contact of the client the one who gets the bills.
pub async fn update_billing_contact(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    contact: ContactId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.clients
        set billing_contact_id = $3
        where practice_id = $1 and client_id = $2
        "#,
        practice.uuid(),
        client.uuid(),
        contact.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
