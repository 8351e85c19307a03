use super::currency;
use crate::{Error, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff_sqlx::ToSqlx as _;
use money::Currency;
use sqlx::PgConnection;

/// What billing knows of a practice.
#[derive(Clone, Debug, PartialEq)]
pub struct Practice {
    /// The tenant's id.
    pub practice: PracticeId,
    /// As printed.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// Every amount of the practice is in it.
    pub currency: Currency,
    /// Printed lines, at most four.
    pub address_lines: Vec<String>,
    /// As printed.
    pub phone: String,
    /// Where replies go.
    pub email: String,
    /// Tax id, as printed.
    pub tax_id: String,
    /// National Provider Identifier.
    pub npi: String,
}

impl Practice {
    /// Errors: `Stored`, when the zone is in no database.
    pub fn zone(&self) -> Result<TimeZone> {
        TimeZone::get(&self.time_zone).map_err(|_| Error::Stored("a time zone"))
    }

    /// The local day of an instant. Errors: `Stored`, when the zone is in no database.
    pub fn local_date(&self, at: Timestamp) -> Result<Date> {
        Ok(at.to_zoned(self.zone()?).date())
    }

    /// An amount of the practice. Errors: `CurrencyMismatch` naming the field.
    pub fn in_currency(&self, amount: money::Money, field: &str) -> Result<money::Money> {
        if amount.currency() == self.currency {
            return Ok(amount);
        }
        Err(Error::CurrencyMismatch {
            field: field.to_owned(),
            expected: self.currency,
        })
    }
}

/// Errors: `PracticeNotYetKnown`.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<Practice> {
    let row = sqlx::query!(
        r#"
        select
            name,
            time_zone,
            currency,
            address_lines,
            phone,
            email,
            tax_id,
            npi
        from billing.practices
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::PracticeNotYetKnown(practice))?;
    Ok(Practice {
        practice,
        name: row.name,
        time_zone: row.time_zone,
        currency: currency(&row.currency)?,
        address_lines: row.address_lines,
        phone: row.phone,
        email: row.email,
        tax_id: row.tax_id,
        npi: row.npi,
    })
}

/// Takes the practice's lock before it is known how many numbers are needed, so that locks keep their order.
pub async fn lock(conn: &mut PgConnection, practice: PracticeId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        select next_bill_number from billing.practices where practice_id = $1 for no key update
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Takes the practice's next bill numbers, so many, and with them the practice's lock until the transaction ends: numbers
/// have no gaps because a transaction that fails gives its numbers back. Answers the first one. Errors:
/// `PracticeNotYetKnown`.
pub async fn take_bill_numbers(
    conn: &mut PgConnection,
    practice: PracticeId,
    count: i64,
) -> Result<i64> {
    sqlx::query_scalar!(
        r#"
        update billing.practices
        set next_bill_number = next_bill_number + $2
        where practice_id = $1
        returning next_bill_number - $2 as "first!"
        "#,
        practice.uuid(),
        count,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::PracticeNotYetKnown(practice))
}

/// Writes a practice, or its letterhead anew when it is known. Its currency never changes.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: &Practice,
    create_time: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into billing.practices (
            practice_id, name, time_zone, currency, address_lines, phone, email, tax_id, npi, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint practices_pkey do update
        set
            name = excluded.name,
            time_zone = excluded.time_zone,
            address_lines = excluded.address_lines,
            phone = excluded.phone,
            email = excluded.email,
            tax_id = excluded.tax_id,
            npi = excluded.npi
        "#,
        practice.practice.uuid(),
        practice.name,
        practice.time_zone,
        practice.currency.code(),
        &practice.address_lines,
        practice.phone,
        practice.email,
        practice.tax_id,
        practice.npi,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
