use super::fees::rate;
use crate::domain::missed::{Charge, MissedSessionPolicy};
use crate::{Error, Result};
use ids::{ClientId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What the practice charges for missed appointments; the recorded price, when it never said.
pub async fn get_policy(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
) -> Result<MissedSessionPolicy> {
    let row = sqlx::query!(
        r#"
        select
            no_show_amount_minor,
            no_show_percent,
            late_cancellation_amount_minor,
            late_cancellation_percent,
            exempt_client_ids
        from billing.missed_session_policies
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(MissedSessionPolicy::default());
    };
    let charge = |amount: Option<i64>, percent: Option<String>| match (amount, percent) {
        (None, None) => Ok(Charge::AsRecorded),
        (Some(minor), None) => Ok(Charge::Amount(Money::from_minor(minor, currency))),
        (None, Some(percent)) => rate(&percent).map(Charge::Percent),
        (Some(_), Some(_)) => Err(Error::Stored("a charge of two kinds")),
    };
    Ok(MissedSessionPolicy {
        no_show: charge(row.no_show_amount_minor, row.no_show_percent)?,
        late_cancellation: charge(
            row.late_cancellation_amount_minor,
            row.late_cancellation_percent,
        )?,
        exempt: row
            .exempt_client_ids
            .into_iter()
            .map(ClientId::from)
            .collect(),
    })
}

/// Says what is charged from now on.
pub async fn upsert_policy(
    conn: &mut PgConnection,
    practice: PracticeId,
    policy: &MissedSessionPolicy,
    update_time: Timestamp,
) -> Result<(), sqlx::Error> {
    let amount = |charge| match charge {
        Charge::Amount(amount) => Some(amount.minor()),
        Charge::AsRecorded | Charge::Percent(_) => None,
    };
    let percent = |charge| match charge {
        Charge::Percent(share) => Some(share.to_string()),
        Charge::AsRecorded | Charge::Amount(_) => None,
    };
    let exempt: Vec<_> = policy.exempt.iter().map(|client| client.uuid()).collect();
    sqlx::query!(
        r#"
        insert into billing.missed_session_policies (
            practice_id, no_show_amount_minor, no_show_percent, late_cancellation_amount_minor,
            late_cancellation_percent, exempt_client_ids, update_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint missed_session_policies_pkey do update
        set
            no_show_amount_minor = excluded.no_show_amount_minor,
            no_show_percent = excluded.no_show_percent,
            late_cancellation_amount_minor = excluded.late_cancellation_amount_minor,
            late_cancellation_percent = excluded.late_cancellation_percent,
            exempt_client_ids = excluded.exempt_client_ids,
            update_time = excluded.update_time
        "#,
        practice.uuid(),
        amount(policy.no_show),
        percent(policy.no_show),
        amount(policy.late_cancellation),
        percent(policy.late_cancellation),
        &exempt,
        update_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
