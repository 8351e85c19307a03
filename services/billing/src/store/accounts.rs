//! Balances. They are locked in the order of `AccountKind`, what the whole practice shares last, and as late in the
//! transaction as can be: every payment of a practice meets in them.

use super::{currency, minors};
use crate::domain::account::{Account, AccountKind};
use crate::domain::entry::{Entry, Movement};
use crate::{Error, Result};
use ids::{AccountId, BillId, ClientId, PolicyId, PracticeId};
use money::{Currency, Money, MoneyError};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Adds what the entries move to the balances of their accounts, which come into being when they are missing.
pub async fn move_balances(
    conn: &mut PgConnection,
    practice: PracticeId,
    entries: &[Entry],
) -> Result<()> {
    let movements = merged(entries)?;
    let moved = add(conn, practice, &movements).await?;
    if moved.len() == movements.len() {
        return Ok(());
    }
    let missing: Vec<Movement> = movements
        .into_iter()
        .filter(|movement| !moved.contains(&movement.account.id(practice)))
        .collect();
    open(conn, practice, &missing).await?;
    let moved = add(conn, practice, &missing).await?;
    if moved.len() == missing.len() {
        Ok(())
    } else {
        Err(Error::Stored("an account of another purpose"))
    }
}

fn merged(entries: &[Entry]) -> Result<Vec<Movement>, MoneyError> {
    let mut sums: BTreeMap<Account, Movement> = BTreeMap::new();
    for movement in entries.iter().flat_map(|entry| &entry.movements) {
        match sums.get_mut(&movement.account) {
            Some(sum) => {
                sum.debits = sum.debits.plus(movement.debits)?;
                sum.credits = sum.credits.plus(movement.credits)?;
            }
            None => {
                sums.insert(movement.account, *movement);
            }
        }
    }
    Ok(sums.into_values().collect())
}

/// The accounts that exist and were moved. No joins, as in `new_payments::insert`.
async fn add(
    conn: &mut PgConnection,
    practice: PracticeId,
    movements: &[Movement],
) -> Result<Vec<AccountId>> {
    let ids: Vec<Uuid> = movements
        .iter()
        .map(|movement| movement.account.id(practice).uuid())
        .collect();
    let moved = sqlx::query_scalar!(
        r#"
        with locked as materialized (
            select account_id
            from billing.accounts
            where practice_id = $1 and account_id = any($2::uuid[])
            order by array_position($2::uuid[], account_id)
            for no key update
        )
        update billing.accounts account
        set
            debits_minor = account.debits_minor + ($3::bigint[])[array_position($2::uuid[], account.account_id)],
            credits_minor = account.credits_minor + ($4::bigint[])[array_position($2::uuid[], account.account_id)]
        where account.practice_id = $1 and account.account_id = any(array(select account_id from locked))
        returning account.account_id as "account_id: AccountId"
        "#,
        practice.uuid(),
        &ids,
        &minors(movements, |movement| movement.debits),
        &minors(movements, |movement| movement.credits),
    )
    .fetch_all(conn)
    .await?;
    Ok(moved)
}

async fn open(conn: &mut PgConnection, practice: PracticeId, movements: &[Movement]) -> Result<()> {
    let accounts: Vec<Account> = movements.iter().map(|movement| movement.account).collect();
    let ids: Vec<Uuid> = accounts
        .iter()
        .map(|account| account.id(practice).uuid())
        .collect();
    let kinds: Vec<String> = accounts
        .iter()
        .map(|account| account.kind.name().to_owned())
        .collect();
    let bills: Vec<Option<Uuid>> = accounts
        .iter()
        .map(|account| account.bill.map(BillId::uuid))
        .collect();
    let clients: Vec<Option<Uuid>> = accounts
        .iter()
        .map(|account| account.client.map(ClientId::uuid))
        .collect();
    let policies: Vec<Option<Uuid>> = accounts
        .iter()
        .map(|account| account.policy.map(PolicyId::uuid))
        .collect();
    let currencies: Vec<String> = movements
        .iter()
        .map(|movement| movement.debits.currency().code().to_owned())
        .collect();
    sqlx::query!(
        r#"
        insert into billing.accounts (practice_id, account_id, kind, bill_id, client_id, policy_id, currency)
        select $1, fresh.account_id, fresh.kind, fresh.bill_id, fresh.client_id, fresh.policy_id, fresh.currency
        from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[])
            with ordinality as fresh (account_id, kind, bill_id, client_id, policy_id, currency, place)
        order by fresh.place
        on conflict do nothing
        "#,
        practice.uuid(),
        &ids,
        &kinds,
        &bills as &[Option<Uuid>],
        &clients as &[Option<Uuid>],
        &policies as &[Option<Uuid>],
        &currencies,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks a client's credit and reads it; 0 when there never was any.
pub async fn lock_credit(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    currency: Currency,
) -> Result<Money> {
    let minor = sqlx::query_scalar!(
        r#"
        select credits_minor - debits_minor as "credit!"
        from billing.accounts
        where practice_id = $1 and account_id = $2
        for no key update
        "#,
        practice.uuid(),
        Account::client_credit(client).id(practice).uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(Money::from_minor(minor.unwrap_or(0), currency))
}

/// Locks the credit of many clients, by id, and reads it in minor units; a client who never had
/// any is not there.
pub async fn lock_credits(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: impl Iterator<Item = ClientId>,
) -> Result<BTreeMap<ClientId, i64>, sqlx::Error> {
    let ids: Vec<Uuid> = clients
        .map(|client| Account::client_credit(client).id(practice).uuid())
        .collect();
    let rows = sqlx::query!(
        r#"
        select client_id as "client_id!: ClientId", credits_minor - debits_minor as "credit!"
        from billing.accounts
        where practice_id = $1 and account_id = any($2)
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
        .map(|row| (row.client_id, row.credit))
        .collect())
}

/// What a client owes, holds as credit, and waits for from insurers, from the accounts themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientBalance {
    /// On all bills.
    pub owed: Money,
    /// Held.
    pub credit: Money,
    /// From insurers.
    pub pending_insurance: Money,
}

/// The client's balance at this moment.
pub async fn client_balance(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    currency: Currency,
) -> Result<ClientBalance> {
    let row = sqlx::query!(
        r#"
        select
            coalesce(sum(debits_minor - credits_minor) filter (where kind = 'client_receivable'), 0)::bigint
                as "owed!",
            coalesce(sum(credits_minor - debits_minor) filter (where kind = 'client_credit'), 0)::bigint
                as "credit!",
            coalesce(sum(debits_minor - credits_minor) filter (where kind = 'insurance_receivable'), 0)::bigint
                as "pending_insurance!"
        from billing.accounts
        where practice_id = $1 and client_id = $2
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(ClientBalance {
        owed: Money::from_minor(row.owed, currency),
        credit: Money::from_minor(row.credit, currency),
        pending_insurance: Money::from_minor(row.pending_insurance, currency),
    })
}

/// Debits and credits of one kind of account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialLine {
    /// The kind.
    pub kind: AccountKind,
    /// Sum of debits.
    pub debits: Money,
    /// Sum of credits.
    pub credits: Money,
}

/// Every kind of account that was ever posted to, by its name.
pub async fn trial_balance(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<TrialLine>> {
    let rows = sqlx::query!(
        r#"
        select
            kind,
            currency,
            sum(debits_minor)::bigint as "debits!",
            sum(credits_minor)::bigint as "credits!"
        from billing.accounts
        where practice_id = $1
        group by kind, currency
        order by kind
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(TrialLine {
                kind: AccountKind::of(&row.kind).ok_or(Error::Stored("an account's kind"))?,
                debits: Money::from_minor(row.debits, currency),
                credits: Money::from_minor(row.credits, currency),
            })
        })
        .collect()
}
