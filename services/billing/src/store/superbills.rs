//! What a superbill is about: services that took place, on bills that stand.

use crate::Result;
use crate::domain::shares::Shares;
use crate::domain::superbill::{Parts, Priced};
use ids::{BillId, ClientId, ClinicianId, PolicyId, PracticeId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// Which services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of one bill.
    Bill(BillId),
    /// Of these days, both included.
    Days(Date, Date),
}

/// A service that took place, as it was billed.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The bill it is on.
    pub bill: BillId,
    /// The bill's running number.
    pub bill_number: i64,
    /// Its line of the bill.
    pub line_number: i32,
    /// Local day.
    pub date: Date,
    /// CPT or HCPCS.
    pub code: String,
    /// In words.
    pub description: String,
    /// Of the code.
    pub modifiers: Vec<String>,
    /// From 1.
    pub units: i32,
    /// ICD-10-CM, the session's.
    pub diagnoses: Vec<String>,
    /// CMS's code; may be empty.
    pub place: String,
    /// Who rendered it.
    pub clinician: ClinicianId,
    /// As printed.
    pub clinician_name: String,
    /// May be empty.
    pub clinician_licence: String,
    /// May be empty.
    pub clinician_npi: String,
}

/// At most `limit` services of a client, by day.
pub async fn services(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    (scope, limit): (Scope, i64),
) -> Result<Vec<Service>> {
    let (bill, days) = match scope {
        Scope::Bill(bill) => (Some(bill.uuid()), None),
        Scope::Days(from, to) => (None, Some((from, to))),
    };
    let rows = sqlx::query!(
        r#"
        select
            bill.bill_id as "bill_id: BillId",
            bill.number,
            line.line_number,
            session.service_date as "service_date: jiff_sqlx::Date",
            line.service_code,
            line.description,
            line.modifiers,
            line.units,
            session.diagnosis_codes,
            session.place_of_service,
            clinician.clinician_id as "clinician_id: ClinicianId",
            clinician.name as clinician_name,
            clinician.licence,
            clinician.npi
        from billing.sessions session
        join billing.bill_lines line
            on line.practice_id = session.practice_id and line.session_id = session.session_id
        join billing.bills bill
            on bill.practice_id = line.practice_id and bill.bill_id = line.bill_id
        join billing.clinicians clinician
            on clinician.practice_id = session.practice_id and clinician.clinician_id = session.clinician_id
        where session.practice_id = $1
            and session.client_id = $2
            and session.outcome = 'completed'
            and bill.cancel_time is null
            and ($3::uuid is null or bill.bill_id = $3)
            and ($4::date is null or session.service_date between $4 and $5)
        order by session.service_date, bill.number, line.line_number
        limit $6
        "#,
        practice.uuid(),
        client.uuid(),
        bill,
        days.map(|(from, _)| from.to_sqlx()) as Option<jiff_sqlx::Date>,
        days.map(|(_, to)| to.to_sqlx()) as Option<jiff_sqlx::Date>,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let services = rows.into_iter().map(|row| Service {
        bill: row.bill_id,
        bill_number: row.number,
        line_number: row.line_number,
        date: row.service_date.to_jiff(),
        code: row.service_code,
        description: row.description,
        modifiers: row.modifiers,
        units: row.units,
        diagnoses: row.diagnosis_codes,
        place: row.place_of_service,
        clinician: row.clinician_id,
        clinician_name: row.clinician_name,
        clinician_licence: row.licence,
        clinician_npi: row.npi,
    });
    Ok(services.collect())
}

/// What is paid and owed on a bill, with all its lines, also those that no superbill has.
#[derive(Clone, Debug, PartialEq)]
pub struct BillMoney {
    /// Whose insurance owed.
    pub policy: Option<PolicyId>,
    /// Of the whole bill.
    pub parts: Parts,
    /// By line, in order.
    pub lines: Vec<(i32, Priced)>,
}

/// The money of these bills. Amounts are in the practice's currency.
pub async fn money_of_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
    currency: Currency,
) -> Result<HashMap<BillId, BillMoney>> {
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            bill.bill_id as "bill_id: BillId",
            bill.policy_id as "policy_id: PolicyId",
            bill.client_owes_minor,
            bill.client_balance_minor,
            bill.insurance_owes_minor,
            bill.insurance_balance_minor,
            line.line_number,
            line.price_minor,
            line.client_share_minor,
            line.insurance_share_minor,
            coalesce(taken.amount_minor, 0) as "taken_minor!"
        from billing.bills bill
        join billing.bill_lines line
            on line.practice_id = bill.practice_id and line.bill_id = bill.bill_id
        left join (
            select
                bill_id,
                line_number,
                sum(amount_minor)::bigint as amount_minor
            from billing.adjustments
            where practice_id = $1 and bill_id = any($2) and reverse_time is null
            group by bill_id, line_number
        ) taken
            on taken.bill_id = line.bill_id and taken.line_number = line.line_number
        where bill.practice_id = $1 and bill.bill_id = any($2)
        order by bill.bill_id, line.line_number
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let money = |minor| Money::from_minor(minor, currency);
    let mut found: HashMap<BillId, BillMoney> = HashMap::new();
    for row in rows {
        let bill = found.entry(row.bill_id).or_insert_with(|| BillMoney {
            policy: row.policy_id,
            parts: Parts {
                client: money(row.client_owes_minor - row.client_balance_minor),
                insurance: money(row.insurance_owes_minor - row.insurance_balance_minor),
                // The prices are added line by line; what nobody owes of them was taken off.
                adjusted: money(-row.client_owes_minor - row.insurance_owes_minor),
                balance: money(row.client_balance_minor + row.insurance_balance_minor),
                pending: money(row.insurance_balance_minor),
            },
            lines: Vec::new(),
        });
        let price = money(row.price_minor);
        bill.parts.adjusted = bill.parts.adjusted.plus(price)?;
        let shares = Shares {
            client: money(row.client_share_minor),
            insurance: money(row.insurance_share_minor),
        };
        let priced = Priced {
            price,
            shares,
            taken: money(row.taken_minor),
        };
        bill.lines.push((row.line_number, priced));
    }
    Ok(found)
}
