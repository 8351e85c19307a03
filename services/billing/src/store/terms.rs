//! When and how a practice bills, and what is otherwise for a client. A row that is missing is the usual.

use crate::domain::terms::{Automation, ClientPart, ClientTerms, Owing, PracticeTerms};
use crate::store::practices::Practice;
use crate::{Error, Result};
use ids::{ClientId, PolicyId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// The practice's terms, set or not.
pub async fn of_practice(
    conn: &mut PgConnection,
    practice: &Practice,
    now: Timestamp,
) -> Result<PracticeTerms> {
    let row = sqlx::query!(
        r#"
        select
            automation,
            automation_from as "automation_from: jiff_sqlx::Date",
            due_days,
            monthly_superbills,
            update_time as "update_time: jiff_sqlx::Timestamp"
        from billing.practice_terms
        where practice_id = $1
        "#,
        practice.practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(PracticeTerms::unset(practice.local_date(now)?));
    };
    Ok(PracticeTerms {
        automation: automation(&row.automation)?,
        automation_from: row.automation_from.to_jiff(),
        due_days: row.due_days,
        monthly_superbills: row.monthly_superbills,
        update_time: Some(row.update_time.to_jiff()),
    })
}

/// Sets all of them.
pub async fn upsert_of_practice(
    conn: &mut PgConnection,
    practice: &Practice,
    terms: &PracticeTerms,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.practice_terms (
            practice_id, automation, automation_from, due_days, monthly_superbills, monthly_superbills_since, update_time
        ) values ($1, $2, $3, $4, $5, $6, $6)
        on conflict on constraint practice_terms_pkey do update
        set
            automation = excluded.automation,
            automation_from = excluded.automation_from,
            due_days = excluded.due_days,
            monthly_superbills = excluded.monthly_superbills,
            monthly_superbills_since = case
                when practice_terms.monthly_superbills = excluded.monthly_superbills
                    then practice_terms.monthly_superbills_since
                else excluded.monthly_superbills_since
            end,
            update_time = excluded.update_time
        "#,
        practice.practice.uuid(),
        terms.automation.name(),
        terms.automation_from.to_sqlx() as jiff_sqlx::Date,
        terms.due_days,
        terms.monthly_superbills,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A client's terms, set or not.
pub async fn of_client(
    conn: &mut PgConnection,
    practice: &Practice,
    client: ClientId,
) -> Result<ClientTerms> {
    let terms = of_clients(conn, practice, &[client]).await?;
    Ok(terms.get(&client).copied().unwrap_or(ClientTerms::UNSET))
}

/// The terms of those clients that have some.
pub async fn of_clients(
    conn: &mut PgConnection,
    practice: &Practice,
    clients: &[ClientId],
) -> Result<HashMap<ClientId, ClientTerms>> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            client_id as "client_id: ClientId",
            automation,
            automation_from as "automation_from: jiff_sqlx::Date",
            due_days,
            policy_id as "policy_id: PolicyId",
            co_pay_minor,
            co_insurance_percent,
            monthly_superbills,
            update_time as "update_time: jiff_sqlx::Timestamp"
        from billing.client_terms
        where practice_id = $1 and client_id = any($2)
        "#,
        practice.practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.client_id, row.into_terms(practice.currency)?)))
        .collect()
}

struct Row {
    client_id: ClientId,
    automation: Option<String>,
    automation_from: Option<jiff_sqlx::Date>,
    due_days: Option<i32>,
    policy_id: Option<PolicyId>,
    co_pay_minor: Option<i64>,
    co_insurance_percent: Option<String>,
    monthly_superbills: Option<bool>,
    update_time: jiff_sqlx::Timestamp,
}

impl Row {
    fn into_terms(self, currency: Currency) -> Result<ClientTerms> {
        let from = self.automation_from.map(jiff_sqlx::Date::to_jiff);
        let (own, returned) = match (self.automation, from) {
            (Some(name), Some(from)) => (Some((automation(&name)?, from)), None),
            (Some(_) | None, from) => (None, from),
        };
        let client_part = match (self.co_pay_minor, self.co_insurance_percent) {
            (Some(minor), _) => Some(ClientPart::CoPay(Money::from_minor(minor, currency))),
            (None, Some(percent)) => Some(ClientPart::CoInsurance(
                percent.parse().map_err(|_| Error::Stored("a percentage"))?,
            )),
            (None, None) => None,
        };
        Ok(ClientTerms {
            automation: own,
            returned,
            due_days: self.due_days,
            owing: match self.policy_id {
                Some(policy) => Owing::Insurance {
                    policy,
                    client_part,
                },
                None => Owing::Client,
            },
            monthly_superbills: self.monthly_superbills,
            update_time: Some(self.update_time.to_jiff()),
        })
    }
}

/// Sets all of them.
pub async fn upsert_of_client(
    conn: &mut PgConnection,
    practice: &Practice,
    client: ClientId,
    (terms, now): (&ClientTerms, Timestamp),
) -> Result<(), sqlx::Error> {
    let (policy, part) = match terms.owing {
        Owing::Client => (None, None),
        Owing::Insurance {
            policy,
            client_part,
        } => (Some(policy), client_part),
    };
    let (co_pay, co_insurance) = match part {
        None => (None, None),
        Some(ClientPart::CoPay(amount)) => (Some(amount.minor()), None),
        Some(ClientPart::CoInsurance(rate)) => (None, Some(rate.to_string())),
    };
    let from = terms.automation.map(|(_, from)| from).or(terms.returned);
    let responsibility = if policy.is_some() {
        "insurance"
    } else {
        "client"
    };
    sqlx::query!(
        r#"
        insert into billing.client_terms (
            practice_id, client_id, automation, automation_from, due_days, responsibility, policy_id,
            co_pay_minor, co_insurance_percent, monthly_superbills, monthly_superbills_since, update_time
        ) values (
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
            case when $10::boolean is not null then $11::timestamptz end, $11
        )
        on conflict on constraint client_terms_pkey do update
        set
            automation = excluded.automation,
            automation_from = excluded.automation_from,
            due_days = excluded.due_days,
            responsibility = excluded.responsibility,
            policy_id = excluded.policy_id,
            co_pay_minor = excluded.co_pay_minor,
            co_insurance_percent = excluded.co_insurance_percent,
            monthly_superbills = excluded.monthly_superbills,
            monthly_superbills_since = case
                when client_terms.monthly_superbills is not distinct from excluded.monthly_superbills
                    then client_terms.monthly_superbills_since
                else excluded.update_time
            end,
            update_time = excluded.update_time
        "#,
        practice.practice.uuid(),
        client.uuid(),
        terms.automation.map(|(automation, _)| automation.name()),
        from.map(|from| from.to_sqlx()) as Option<jiff_sqlx::Date>,
        terms.due_days,
        responsibility,
        policy.map(PolicyId::uuid),
        co_pay,
        co_insurance,
        terms.monthly_superbills,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn automation(name: &str) -> Result<Automation> {
    Automation::of(name).ok_or(Error::Stored("a kind of automation"))
}
