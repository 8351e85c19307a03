//! The ledger by kind of account.

use super::amount;
use crate::domain::account::AccountKind;
use crate::domain::effect::Turnover;
use crate::{Error, Result};
use ids::PracticeId;
use money::Currency;
use sqlx::{PgConnection, query};
use std::collections::BTreeMap;

/// Adds what an entry did to its accounts.
pub async fn add(
    conn: &mut PgConnection,
    practice: PracticeId,
    currency: Currency,
    turnovers: &BTreeMap<AccountKind, Turnover>,
) -> Result<()> {
    let kinds: Vec<String> = turnovers
        .keys()
        .map(|kind| kind.name().to_owned())
        .collect();
    let debits: Vec<i64> = turnovers.values().map(|it| it.debits.minor()).collect();
    let credits: Vec<i64> = turnovers.values().map(|it| it.credits.minor()).collect();
    query!(
        r#"
        insert into reporting.account_totals as total (
            practice_id, account_kind, currency, debits_minor, credits_minor
        )
        select $1, turnover.kind, $2, turnover.debits, turnover.credits
        from unnest($3::text[], $4::bigint[], $5::bigint[]) as turnover (kind, debits, credits)
        on conflict on constraint account_totals_pkey do update
        set
            debits_minor = total.debits_minor + excluded.debits_minor,
            credits_minor = total.credits_minor + excluded.credits_minor
        "#,
        practice.uuid(),
        currency.code(),
        &kinds,
        &debits,
        &credits,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The totals of every kind that has transfers, in the ledger's order.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<(AccountKind, Turnover)>> {
    let rows = query!(
        r#"
        select
            account_kind,
            currency,
            debits_minor,
            credits_minor
        from reporting.account_totals
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut totals = rows
        .into_iter()
        .map(|row| {
            let kind =
                AccountKind::of(&row.account_kind).ok_or(Error::Stored("a kind of account"))?;
            let turnover = Turnover {
                debits: amount(row.debits_minor, &row.currency)?,
                credits: amount(row.credits_minor, &row.currency)?,
            };
            Ok((kind, turnover))
        })
        .collect::<Result<Vec<_>>>()?;
    totals.sort_by_key(|(kind, _)| *kind);
    Ok(totals)
}
