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

/// What billing's feed says: the latest word of each bill.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &BTreeMap<BillId, Bill>,
) -> Result<()> {
    if bills.is_empty() {
        return Ok(());
    }
    let column = Columns::of(bills.values());
    sqlx::query!(
        r#"
        insert into payments.bills (
            practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, last_service_date,
            reference, number
        )
        select
            $1, told.bill_id, told.client_id, told.status, told.currency, told.client_balance, told.due_date::date,
            told.last_service_date::date, told.reference, told.number
        from unnest(
            $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[],
            $10::bigint[]
        ) as told (
            bill_id, client_id, status, currency, client_balance, due_date, last_service_date, reference, number
        )
        on conflict on constraint bills_pkey do update
        set
            status = excluded.status,
            client_balance_minor = excluded.client_balance_minor,
            due_date = excluded.due_date,
            last_service_date = excluded.last_service_date
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

/// Writes that of bills that are known.
pub async fn update_owed(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &BTreeMap<BillId, Owed>,
) -> Result<()> {
    if bills.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = bills.keys().map(|bill| bill.uuid()).collect();
    let since: Vec<Option<String>> = bills
        .values()
        .map(|owed| owed.since.map(|since| since.to_string()))
        .collect();
    let anew: Vec<bool> = bills.values().map(|owed| owed.anew).collect();
    let insurance: Vec<i64> = bills.values().map(|owed| owed.insurance_minor).collect();
    sqlx::query!(
        r#"
        update payments.bills bill
        set
            owed_since = case
                when owed.since is null then null
                when owed.anew then owed.since::timestamptz
                else coalesce(bill.owed_since, owed.since::timestamptz)
            end,
            insurance_balance_minor = owed.insurance_minor
        from unnest($2::uuid[], $3::text[], $4::boolean[], $5::bigint[])
            as owed (bill_id, since, anew, insurance_minor)
        where bill.practice_id = $1 and bill.bill_id = owed.bill_id
        "#,
        practice.uuid(),
        &ids,
        &since as &[Option<String>],
        &anew,
        &insurance,
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
