use super::currency;
use crate::{Error, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What payments knows of a practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    /// The tenant's id.
    pub practice: PracticeId,
    /// IANA name.
    pub time_zone: String,
    /// Every amount of the practice is in it.
    pub currency: Currency,
    /// It takes online payments.
    pub online_payments: bool,
}

impl Practice {
    /// The local day of an instant. Errors: `Stored`, when the zone is in no database.
    pub fn local_date(&self, at: Timestamp) -> Result<Date> {
        Ok(at.to_zoned(self.zone()?).date())
    }

    /// Where its days begin. Errors: `Stored`, when the zone is in no database.
    pub fn zone(&self) -> Result<TimeZone> {
        TimeZone::get(&self.time_zone).map_err(|_| Error::Stored("a time zone"))
    }

    /// An amount of the practice. Errors: `CurrencyMismatch` naming the field.
    pub fn in_currency(&self, amount: Money, field: &'static str) -> Result<Money> {
        if amount.currency() == self.currency {
            return Ok(amount);
        }
        Err(Error::CurrencyMismatch {
            field,
            expected: self.currency,
        })
    }
}

/// Errors: `PracticeNotYetKnown`.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<Practice> {
    let row = sqlx::query!(
        r#"
        select
            time_zone,
            currency,
            online_payments
        from payments.practices
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::PracticeNotYetKnown(practice))?;
    Ok(Practice {
        practice,
        time_zone: row.time_zone,
        currency: currency(&row.currency)?,
        online_payments: row.online_payments,
    })
}

/// Locks a practice: what it has one of is made one after the other. Errors: `PracticeNotYetKnown`.
pub async fn lock(conn: &mut PgConnection, practice: PracticeId) -> Result<()> {
    sqlx::query_scalar!(
        r#"
        select practice_id
        from payments.practices
        where practice_id = $1
        for update
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|_| ())
    .ok_or(Error::PracticeNotYetKnown(practice))
}

/// Takes in a practice, or its new time zone. A currency never changes; whether it takes online payments is set here alone.
pub async fn upsert(conn: &mut PgConnection, practice: &Practice) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.practices (practice_id, time_zone, currency)
        values ($1, $2, $3)
        on conflict on constraint practices_pkey do update
        set time_zone = excluded.time_zone
        "#,
        practice.practice.uuid(),
        practice.time_zone,
        practice.currency.code(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Turns online payments on or off; false when they are so already.
pub async fn set_online_payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    enabled: bool,
) -> Result<bool> {
    let set = sqlx::query!(
        r#"
        update payments.practices
        set online_payments = $2
        where practice_id = $1 and online_payments <> $2
        "#,
        practice.uuid(),
        enabled,
    )
    .execute(conn)
    .await?;
    Ok(set.rows_affected() == 1)
}
