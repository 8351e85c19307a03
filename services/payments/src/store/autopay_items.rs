//! What became of each bill in a night. An item's row is locked by whoever goes on with it.

use super::currency;
use crate::domain::autopay::SkipReason;
use crate::domain::payer::Payer;
use crate::{Error, Result};
use ids::{BillId, ClientId, MethodId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// Where a bill stands in a night, as far as AutoPay itself goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// It is to be charged.
    Due,
    /// It has a payment, whose state says more.
    Started,
    /// Credit paid all of it.
    Credited,
    /// It was left out.
    Skipped(SkipReason),
}

impl ItemState {
    const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Started => "started",
            Self::Credited => "credited",
            Self::Skipped(_) => "skipped",
        }
    }

    const fn reason(self) -> Option<SkipReason> {
        match self {
            Self::Due | Self::Started | Self::Credited => None,
            Self::Skipped(reason) => Some(reason),
        }
    }

    pub(super) fn of(name: &str, reason: Option<&str>) -> Result<Self> {
        let reason =
            reason.map(|name| SkipReason::of(name).ok_or(Error::Stored("a skip's reason")));
        match (name, reason.transpose()?) {
            ("due", None) => Ok(Self::Due),
            ("started", None) => Ok(Self::Started),
            ("credited", None) => Ok(Self::Credited),
            ("skipped", Some(reason)) => Ok(Self::Skipped(reason)),
            _unknown => Err(Error::Stored("an item's state")),
        }
    }
}

/// An item that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// Who pays.
    pub payer: Payer,
    /// Due or skipped.
    pub state: ItemState,
    /// What the client owes on it.
    pub amount: Money,
    /// What is to be charged.
    pub method: Option<MethodId>,
}

/// Writes the items of a run, in one statement; those that it has already stay as they are.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
    items: &[NewItem],
) -> Result<()> {
    let uuids = |id: fn(&NewItem) -> Uuid| items.iter().map(id).collect::<Vec<_>>();
    let names = |name: fn(&NewItem) -> &'static str| {
        items
            .iter()
            .map(|item| name(item).to_owned())
            .collect::<Vec<_>>()
    };
    let reasons: Vec<Option<String>> = items
        .iter()
        .map(|item| item.state.reason().map(|reason| reason.name().to_owned()))
        .collect();
    let methods: Vec<Option<Uuid>> = items
        .iter()
        .map(|item| item.method.map(MethodId::uuid))
        .collect();
    let amounts: Vec<i64> = items.iter().map(|item| item.amount.minor()).collect();
    sqlx::query!(
        r#"
        insert into payments.autopay_items (
            practice_id, run_date, bill_id, payer_id, payer_kind, client_id, state, skip_reason, amount_minor,
            method_id, method_mark, update_time
        )
        select
            $1, $2, item.bill_id, item.payer_id, item.payer_kind, item.client_id, item.state, item.skip_reason,
            item.amount_minor, item.method_id, '', $3
        from unnest(
            $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::text[], $10::bigint[], $11::uuid[]
        ) as item (bill_id, payer_id, payer_kind, client_id, state, skip_reason, amount_minor, method_id)
        on conflict on constraint autopay_items_pkey do nothing
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &uuids(|item| item.bill.uuid()),
        &uuids(|item| item.payer.uuid()),
        &names(|item| item.payer.kind()),
        &uuids(|item| item.client.uuid()),
        &names(|item| item.state.name()),
        &reasons as &[Option<String>],
        &amounts,
        &methods as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An item that is to be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// Who pays.
    pub payer: Payer,
    /// What is owed.
    pub amount: Money,
    /// What of it credit is to pay; none before that was asked.
    pub credit: Option<Money>,
    /// Credit has paid that.
    pub credit_applied: bool,
}

/// At most `limit` items of a run that are still to be charged, the bill issued first first.
pub async fn list_due(
    conn: &mut PgConnection,
    practice: PracticeId,
    run_date: Date,
    limit: i64,
) -> Result<Vec<DueItem>> {
    let rows = sqlx::query!(
        r#"
        select
            item.bill_id as "bill_id: BillId",
            item.client_id as "client_id: ClientId",
            item.payer_kind,
            item.payer_id,
            item.amount_minor,
            item.credit_minor,
            item.credit_applied,
            run.currency
        from payments.autopay_items item
        join payments.autopay_runs run
            on run.practice_id = item.practice_id and run.run_date = item.run_date
        where item.practice_id = $1 and item.run_date = $2 and item.state = 'due'
        order by item.bill_id
        limit $3
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(DueItem {
                bill: row.bill_id,
                client: row.client_id,
                payer: Payer::of(&row.payer_kind, row.payer_id)
                    .ok_or(Error::Stored("a kind of payer"))?,
                amount: Money::from_minor(row.amount_minor, currency),
                credit: row
                    .credit_minor
                    .map(|minor| Money::from_minor(minor, currency)),
                credit_applied: row.credit_applied,
            })
        })
        .collect()
}

/// Which item.
pub type Which = (Date, BillId, Payer);

/// Notes how much is owed and what of it credit is to pay, before credit is asked for it.
pub async fn update_credit(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, bill, payer): Which,
    (amount, credit, applied): (Money, Money, bool),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_items
        set amount_minor = $5, credit_minor = $6, credit_applied = $7, update_time = $8
        where practice_id = $1 and run_date = $2 and bill_id = $3 and payer_id = $4 and state = 'due'
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        bill.uuid(),
        payer.uuid(),
        amount.minor(),
        credit.minor(),
        applied,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It is not charged after all, or credit paid all of it.
pub async fn update_state(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, bill, payer): Which,
    state: ItemState,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_items
        set state = $5, skip_reason = $6, update_time = $7
        where practice_id = $1 and run_date = $2 and bill_id = $3 and payer_id = $4 and state = 'due'
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        bill.uuid(),
        payer.uuid(),
        state.name(),
        state.reason().map(SkipReason::name),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives an item its payment; false when it has one, or is charged no more.
pub async fn start(
    conn: &mut PgConnection,
    (practice, payment): (PracticeId, PaymentId),
    (run_date, bill, payer): Which,
    method: &super::autopay_candidates::ChargedMethod,
    now: Timestamp,
) -> Result<bool> {
    let started = sqlx::query!(
        r#"
        update payments.autopay_items
        set
            state = 'started',
            payment_id = $5,
            method_id = $6,
            method_mark = $7,
            update_time = $8
        where practice_id = $1 and run_date = $2 and bill_id = $3 and payer_id = $4 and state = 'due'
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        bill.uuid(),
        payer.uuid(),
        payment.uuid(),
        method.method.uuid(),
        method.mark,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(started.rows_affected() == 1)
}

/// What was not charged when its day was over, is left out.
pub async fn skip_rest(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_items
        set state = 'skipped', skip_reason = $3, update_time = $4
        where practice_id = $1 and run_date = $2 and state = 'due'
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        SkipReason::NightOver.name(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
