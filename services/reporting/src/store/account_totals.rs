//! The ledger by kind of account.

use super::amount;
use crate::domain::account::AccountKind;
use crate::domain::effect::Turnover;
use crate::{Error, Result};
use ids::PracticeId;
use sqlx::{PgConnection, query};

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
