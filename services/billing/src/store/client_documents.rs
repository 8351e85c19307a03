//! A client's documents, drawn from sessions, bills and payments as they stand.

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
}

impl DocumentKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Bill => "bill",
            Self::Receipt => "receipt",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let mut kinds = [Self::Pending, Self::Bill, Self::Receipt].into_iter();
        kinds.find(|kind| kind.name() == name)
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

/// Where a document stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
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
    /// Of the session, bill or payment.
    pub id: Uuid,
    /// Of service, issue or receipt.
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

/// At most `limit` documents, newest day first, from after a position.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &DocumentFilter,
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<ClientDocument>> {
    let kinds = filter.kind_names();
    let rows = sqlx::query_as!(
        Row,
        r#"
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
        from billing.client_documents
        where practice_id = $1
            and client_id = $2
            and ($3::text[] is null or kind = any($3))
            and ($4::date is null or date >= $4)
            and ($5::date is null or date <= $5)
            and ($6::date is null or (date, id) < ($6, $7::uuid))
        order by date desc, id desc
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
        from billing.client_documents
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
