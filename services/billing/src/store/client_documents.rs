//! A client's documents, drawn from sessions, bills, payments and monthly superbills as they stand.

use super::currency;
use crate::domain::bill::{BillStatus, status};
use crate::{Error, Result};
use ids::{ClientId, PracticeId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A session that is still to be billed.
    Pending,
    /// A bill.
    Bill,
    /// A payment's receipt.
    Receipt,
    /// A superbill that was made by itself.
    Superbill,
}

impl DocumentKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Bill => "bill",
            Self::Receipt => "receipt",
            Self::Superbill => "superbill",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let kinds = [Self::Pending, Self::Bill, Self::Receipt, Self::Superbill];
        kinds.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a list of documents is asked for.
#[derive(Clone, Debug)]
pub struct DocumentFilter {
    /// Whose.
    pub client: ClientId,
    /// Only these; all when there are none.
    pub kinds: Vec<DocumentKind>,
    /// Only from this day.
    pub from_date: Option<Date>,
    /// Only up to this day.
    pub to_date: Option<Date>,
}

impl DocumentFilter {
    /// None for all.
    fn kind_names(&self) -> Option<Vec<String>> {
        let names = self.kinds.iter().map(|kind| kind.name().to_owned());
        Some(names.collect()).filter(|_| !self.kinds.is_empty())
    }
}

/// By what documents are ordered; equal ones by day, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The day.
    Date,
    /// A bill's running number; others have none, which is 0.
    Number,
    /// What the client still owes.
    ClientBalance,
    /// What it is about.
    Amount,
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub column: Column,
    /// The largest first.
    pub descending: bool,
}

impl Order {
    /// Newest day first.
    pub const NEWEST: Self = Self {
        column: Column::Date,
        descending: true,
    };

    const fn column_name(self) -> &'static str {
        match self.column {
            Column::Date => "date",
            Column::Number => "number",
            Column::ClientBalance => "client_balance",
            Column::Amount => "amount",
        }
    }

    /// What a document is ordered by, the smallest first, as the statement has it.
    #[must_use]
    pub fn key(self, document: &ClientDocument) -> i64 {
        let key = match self.column {
            Column::Date => days(document.date),
            Column::Number => document.number.unwrap_or(0),
            Column::ClientBalance => document.client_balance.minor(),
            Column::Amount => document.amount.minor(),
        };
        if self.descending { -key } else { key }
    }
}

/// Days from 2000-01-01, as the statement counts them.
fn days(date: Date) -> i64 {
    jiff::civil::date(2000, 1, 1)
        .until(date)
        .map_or(0, |span| i64::from(span.get_days()))
}

/// Where a document stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What the order goes by; none in a token of a version that knew the newest day first only.
    #[serde(default)]
    pub key: Option<i64>,
    /// Its day.
    pub date: Date,
    /// Its id's upper and lower half, among those of a day.
    pub id: (u64, u64),
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// Of the session, bill, payment or superbill.
    pub id: Uuid,
    /// Of service, issue or receipt; of a superbill the last day that it covers.
    pub date: Date,
    /// A bill's number.
    pub number: Option<i64>,
    /// Where a bill stands.
    pub status: Option<BillStatus>,
    /// What it is about.
    pub amount: Money,
    /// What the client still owes on a bill.
    pub client_balance: Money,
}

/// What a list sums up to, on all its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentTotals {
    /// How many.
    pub count: i64,
    /// Still to be billed.
    pub pending: Money,
    /// Still owed by the client.
    pub client_balance: Money,
}

struct Row {
    kind: String,
    id: Uuid,
    date: jiff_sqlx::Date,
    number: Option<i64>,
    cancelled: bool,
    currency: String,
    amount_minor: i64,
    client_balance_minor: i64,
    insurance_balance_minor: i64,
}

impl Row {
    fn into_document(self) -> Result<ClientDocument> {
        let currency = currency(&self.currency)?;
        let money = |minor| Money::from_minor(minor, currency);
        let kind = DocumentKind::of(&self.kind).ok_or(Error::Stored("a kind of document"))?;
        let balances = (
            money(self.client_balance_minor),
            money(self.insurance_balance_minor),
        );
        Ok(ClientDocument {
            kind,
            id: self.id,
            date: self.date.to_jiff(),
            number: self.number,
            status: (kind == DocumentKind::Bill)
                .then(|| status(self.cancelled, balances.0, balances.1)),
            amount: money(self.amount_minor),
            client_balance: balances.0,
        })
    }
}

/// At most `limit` documents, from after a position.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (filter, order): (&DocumentFilter, Order),
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<ClientDocument>> {
    let kinds = filter.kind_names();
    let key = after.map(|after| after.key.unwrap_or(-days(after.date)));
    let rows = sqlx::query_as!(
        Row,
        r#"
        with keyed as (
            select
                kind,
                id,
                date,
                number,
                cancelled,
                currency,
                amount_minor,
                client_balance_minor,
                insurance_balance_minor,
                (case when $9::boolean then -1 else 1 end) * case $10::text
                    when 'date' then (date - date '2000-01-01')
                    when 'number' then coalesce(number, 0)
                    when 'client_balance' then client_balance_minor
                    else amount_minor
                end as key
            from billing.listed_documents
            where practice_id = $1
                and client_id = $2
                and ($3::text[] is null or kind = any($3))
                and ($4::date is null or date >= $4)
                and ($5::date is null or date <= $5)
        )
        select
            kind as "kind!",
            id as "id!",
            date as "date!: jiff_sqlx::Date",
            number,
            cancelled as "cancelled!",
            currency as "currency!",
            amount_minor as "amount_minor!",
            client_balance_minor as "client_balance_minor!",
            insurance_balance_minor as "insurance_balance_minor!"
        from keyed
        where $11::bigint is null
            or key > $11
            or (key = $11 and (date, id) < ($6::date, $7::uuid))
        order by key, date desc, id desc
        limit $8
        "#,
        practice.uuid(),
        filter.client.uuid(),
        kinds.as_deref(),
        filter.from_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        after.map(|after| after.date.to_sqlx()) as Option<jiff_sqlx::Date>,
        after.map(|after| Uuid::from_u64_pair(after.id.0, after.id.1)),
        limit,
        order.descending,
        order.column_name(),
        key,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::into_document).collect()
}

/// The totals of a list, on all its pages.
pub async fn totals(
    conn: &mut PgConnection,
    practice: PracticeId,
    (filter, currency): (&DocumentFilter, Currency),
) -> Result<DocumentTotals, sqlx::Error> {
    let kinds = filter.kind_names();
    let row = sqlx::query!(
        r#"
        select
            count(*) as "count!",
            coalesce(sum(amount_minor) filter (where kind = 'pending'), 0)::bigint as "pending_minor!",
            coalesce(sum(client_balance_minor), 0)::bigint as "client_balance_minor!"
        from billing.listed_documents
        where practice_id = $1
            and client_id = $2
            and ($3::text[] is null or kind = any($3))
            and ($4::date is null or date >= $4)
            and ($5::date is null or date <= $5)
        "#,
        practice.uuid(),
        filter.client.uuid(),
        kinds.as_deref(),
        filter.from_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
    )
    .fetch_one(conn)
    .await?;
    let money = |minor| Money::from_minor(minor, currency);
    Ok(DocumentTotals {
        count: row.count,
        pending: money(row.pending_minor),
        client_balance: money(row.client_balance_minor),
    })
}
