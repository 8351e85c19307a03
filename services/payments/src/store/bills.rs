use super::currency;
use crate::domain::words;
use crate::{Error, Result};
use ids::{BillId, ClientId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

words! {
    /// Where a bill stands.
    BillStatus {
        /// Something is due.
        Open "open",
        /// Nothing is due.
        Paid "paid",
        /// Taken back.
        Cancelled "cancelled",
    }
}

/// What payments knows of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// As billing last said.
    pub status: BillStatus,
    /// What the client still owes, as billing last said.
    pub client_balance: Money,
    /// Local day.
    pub due_date: Date,
    /// Local day of the latest service on it; none for products only.
    pub last_service_date: Option<Date>,
    /// Invoice #.
    pub reference: String,
    /// Running number.
    pub number: i64,
}

/// Those of the bills that are known.
pub async fn find_many(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<Bill>> {
    if bills.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            bill_id as "bill_id: BillId",
            client_id as "client_id: ClientId",
            status,
            currency,
            client_balance_minor,
            due_date as "due_date: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            reference,
            number
        from payments.bills
        where practice_id = $1 and bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Bill {
                bill: row.bill_id,
                client: row.client_id,
                status: BillStatus::of(&row.status).ok_or(Error::Stored("a bill's status"))?,
                client_balance: Money::from_minor(
                    row.client_balance_minor,
                    currency(&row.currency)?,
                ),
                due_date: row.due_date.to_jiff(),
                last_service_date: row.last_service_date.map(jiff_sqlx::Date::to_jiff),
                reference: row.reference,
                number: row.number,
            })
        })
        .collect()
}

/// Those of the clients of whom a bill is known.
pub async fn known_clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<BTreeSet<ClientId>> {
    if clients.is_empty() {
        return Ok(BTreeSet::new());
    }
    let ids: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let known = sqlx::query_scalar!(
        r#"
        select client.client_id as "client_id!: ClientId"
        from unnest($2::uuid[]) as client (client_id)
        where exists (
            select 1 from payments.bills bill where bill.practice_id = $1 and bill.client_id = client.client_id
        )
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(known.into_iter().collect())
}

/// What AutoPay has to know of a bill besides, as events said one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// Since when the client owes something on it, as far as these events tell; none: nothing is owed.
    since: Option<Timestamp>,
    /// Meanwhile nothing was owed: what is owed now is owed anew.
    anew: bool,
    /// What insurance still owes.
    insurance_minor: i64,
}

impl Owed {
    /// Takes in what the next event says.
    pub fn take_in(&mut self, bill: &Bill, insurance_balance: Money, occur_time: Timestamp) {
        self.insurance_minor = insurance_balance.minor();
        if bill.status == BillStatus::Open && bill.client_balance.is_positive() {
            self.since.get_or_insert(occur_time);
        } else {
            (self.since, self.anew) = (None, true);
        }
    }
}

/// What billing's feed says: the latest word of each bill, and what all of them come to.
///
/// No join with bills: the rows that are there are met one by one.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &BTreeMap<BillId, (Bill, Owed)>,
) -> Result<()> {
    if bills.is_empty() {
        return Ok(());
    }
    let column = Columns::of(bills.values().map(|(bill, _)| bill));
    let owed = || bills.values().map(|(_, owed)| owed);
    let since: Vec<Option<String>> = owed()
        .map(|owed| owed.since.map(|since| since.to_string()))
        .collect();
    let anew: Vec<bool> = owed().map(|owed| owed.anew).collect();
    let insurance: Vec<i64> = owed().map(|owed| owed.insurance_minor).collect();
    sqlx::query!(
        r#"
        insert into payments.bills as bill (
            practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, last_service_date,
            reference, number, owed_since, insurance_balance_minor
        )
        select
            $1, told.bill_id, told.client_id, told.status, told.currency, told.client_balance, told.due_date::date,
            told.last_service_date::date, told.reference, told.number, told.owed_since::timestamptz, told.insurance
        from unnest(
            $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[],
            $10::bigint[], $11::text[], $12::bigint[]
        ) as told (
            bill_id, client_id, status, currency, client_balance, due_date, last_service_date, reference, number,
            owed_since, insurance
        )
        on conflict on constraint bills_pkey do update
        set
            status = excluded.status,
            client_balance_minor = excluded.client_balance_minor,
            due_date = excluded.due_date,
            last_service_date = excluded.last_service_date,
            owed_since = case
                when excluded.owed_since is null then null
                when ($13::boolean[])[array_position($2::uuid[], bill.bill_id)] then excluded.owed_since
                else coalesce(bill.owed_since, excluded.owed_since)
            end,
            insurance_balance_minor = excluded.insurance_balance_minor
        "#,
        practice.uuid(),
        &column.ids,
        &column.clients,
        &column.statuses,
        &column.currencies,
        &column.balances,
        &column.due_dates,
        &column.last_service_dates as &[Option<String>],
        &column.references,
        &column.numbers,
        &since as &[Option<String>],
        &insurance,
        &anew,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    clients: Vec<Uuid>,
    statuses: Vec<String>,
    currencies: Vec<String>,
    balances: Vec<i64>,
    due_dates: Vec<String>,
    last_service_dates: Vec<Option<String>>,
    references: Vec<String>,
    numbers: Vec<i64>,
}

impl Columns {
    fn of<'a>(bills: impl Iterator<Item = &'a Bill>) -> Self {
        let mut column = Self::default();
        for bill in bills {
            column.ids.push(bill.bill.uuid());
            column.clients.push(bill.client.uuid());
            column.statuses.push(bill.status.name().to_owned());
            let code = bill.client_balance.currency().code();
            column.currencies.push(code.to_owned());
            column.balances.push(bill.client_balance.minor());
            column.due_dates.push(bill.due_date.to_string());
            let last = bill.last_service_date.map(|date| date.to_string());
            column.last_service_dates.push(last);
            column.references.push(bill.reference.clone());
            column.numbers.push(bill.number);
        }
        column
    }
}

/// What billing answered before its feed came here. One that the feed has told of meanwhile stays.
pub async fn insert_missing(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: &Bill,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.bills (
            practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, last_service_date,
            reference, number
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint bills_pkey do nothing
        "#,
        practice.uuid(),
        bill.bill.uuid(),
        bill.client.uuid(),
        bill.status.name(),
        bill.client_balance.currency().code(),
        bill.client_balance.minor(),
        bill.due_date.to_sqlx() as jiff_sqlx::Date,
        bill.last_service_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        bill.reference,
        bill.number,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An insurer paid on account, or decided. What was decided stays decided.
pub async fn update_insurer(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, decided): (BillId, bool),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.bills
        set insurer_paid = true, insurer_decided = insurer_decided or $3
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
        decided,
    )
    .execute(conn)
    .await?;
    Ok(())
}
