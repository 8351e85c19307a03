//! Payments as the ledger has booked them. Rows are locked by payment id, after the bills they pay.

use super::{currency, minors};
use crate::domain::payment::{Allocation, PaymentKind, Placed};
use crate::domain::refund::Payment;
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, EntryId, PaymentId, PracticeId};
use jiff::civil::Date;
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A payment as it was booked, and where its money stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct PostedPayment {
    /// Where it stands.
    pub payment: Payment,
    /// Its entry.
    pub entry: EntryId,
    /// As printed.
    pub method_text: String,
    /// Business date.
    pub receive_date: Date,
    /// What became credit when it was booked.
    pub credited: Money,
    /// What went to which bill when it was booked.
    pub allocations: Vec<Allocation>,
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
}

/// What booking payments needs to know, read at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The practice's currency.
    pub currency: Currency,
    /// Those of the clients that the practice has.
    pub clients: BTreeSet<ClientId>,
    /// Those of the payments that are booked.
    pub booked: Vec<PaymentId>,
}

/// What is known of these clients and payments. Errors: `PracticeNotYetKnown`.
pub async fn context(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
    payments: &[PaymentId],
) -> Result<Context> {
    let clients: Vec<Uuid> = clients.iter().map(|client| client.uuid()).collect();
    let payments: Vec<Uuid> = payments.iter().map(|payment| payment.uuid()).collect();
    let row = sqlx::query!(
        r#"
        select
            practice.currency,
            array(
                select client_id from billing.clients where practice_id = $1 and client_id = any($2)
            ) as "clients!",
            array(
                select payment_id from billing.posted_payments where practice_id = $1 and payment_id = any($3)
            ) as "booked!"
        from billing.practices practice
        where practice.practice_id = $1
        "#,
        practice.uuid(),
        &clients,
        &payments,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::PracticeNotYetKnown(practice))?;
    Ok(Context {
        currency: currency(&row.currency)?,
        clients: row.clients.into_iter().map(ClientId::from).collect(),
        booked: row.booked.into_iter().map(PaymentId::from).collect(),
    })
}

/// A booked payment; none when it is not booked.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<PostedPayment>> {
    Ok(find_many(conn, practice, &[payment]).await?.pop())
}

/// Those of the payments that are booked.
pub async fn find_many(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[PaymentId],
) -> Result<Vec<PostedPayment>> {
    if payments.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = payments.iter().map(|payment| payment.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            client_id as "client_id: ClientId",
            entry_id as "entry_id: EntryId",
            kind,
            method_text,
            currency,
            amount_minor,
            receive_date as "receive_date: jiff_sqlx::Date",
            credited_minor,
            credit_left_minor,
            refunded_minor,
            fingerprint
        from billing.posted_payments
        where practice_id = $1 and payment_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut allocations = allocations_of(conn, practice, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            let money = |minor| Money::from_minor(minor, currency);
            let made = allocations.remove(&row.payment_id).unwrap_or_default();
            let made = made.into_iter().map(|(bill, minor)| Allocation {
                bill,
                amount: money(minor),
            });
            Ok(PostedPayment {
                payment: Payment {
                    payment: row.payment_id,
                    client: row.client_id,
                    kind: PaymentKind::of(&row.kind).ok_or(Error::Stored("a payment's kind"))?,
                    amount: money(row.amount_minor),
                    credit_left: money(row.credit_left_minor),
                    refunded: money(row.refunded_minor),
                },
                entry: row.entry_id,
                method_text: row.method_text,
                receive_date: row.receive_date.to_jiff(),
                credited: money(row.credited_minor),
                allocations: made.collect(),
                fingerprint: fingerprint(row.fingerprint)?,
            })
        })
        .collect()
}

/// Bills and minor units, in the order of each payment's allocations.
async fn allocations_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[Uuid],
) -> Result<BTreeMap<PaymentId, Vec<(BillId, i64)>>> {
    let rows = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            bill_id as "bill_id: BillId",
            amount_minor
        from billing.posted_allocations
        where practice_id = $1 and payment_id = any($2)
        order by payment_id, position
        "#,
        practice.uuid(),
        payments,
    )
    .fetch_all(conn)
    .await?;
    let mut of_each: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        let of_payment = of_each.entry(row.payment_id).or_default();
        of_payment.push((row.bill_id, row.amount_minor));
    }
    Ok(of_each)
}

/// What was asked for, of those of the payments that are booked.
pub async fn fingerprints(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[PaymentId],
) -> Result<BTreeMap<PaymentId, [u8; 32]>> {
    if payments.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<Uuid> = payments.iter().map(|payment| payment.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select payment_id as "payment_id: PaymentId", fingerprint
        from billing.posted_payments
        where practice_id = $1 and payment_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.payment_id, fingerprint(row.fingerprint)?)))
        .collect()
}

fn fingerprint(stored: Vec<u8>) -> Result<[u8; 32]> {
    stored
        .try_into()
        .map_err(|_| Error::Stored("a fingerprint"))
}

/// What of a payment pays which bill, in the order of its allocations.
pub async fn placed_of_payment(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: &Payment,
) -> Result<Vec<Placed>> {
    let rows = sqlx::query!(
        r#"
        select bill_id as "bill_id: BillId", left_minor
        from billing.posted_allocations
        where practice_id = $1 and payment_id = $2
        order by position
        "#,
        practice.uuid(),
        payment.payment.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let placed = |bill, left| Placed {
        payment: payment.payment,
        bill,
        left: Money::from_minor(left, payment.amount.currency()),
    };
    Ok(rows
        .into_iter()
        .map(|row| placed(row.bill_id, row.left_minor))
        .collect())
}

/// What pays a bill, oldest payment first. The bill's lock keeps it still.
pub async fn placed_on_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Vec<Placed>> {
    let rows = sqlx::query!(
        r#"
        select
            placed.payment_id as "payment_id: PaymentId",
            placed.left_minor,
            payment.currency
        from billing.posted_allocations placed
        join billing.posted_payments payment
            on payment.practice_id = placed.practice_id and payment.payment_id = placed.payment_id
        where placed.practice_id = $1 and placed.bill_id = $2 and placed.left_minor > 0
        order by payment.create_time, placed.payment_id
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let left = Money::from_minor(row.left_minor, currency(&row.currency)?);
            Ok(Placed {
                payment: row.payment_id,
                bill,
                left,
            })
        })
        .collect()
}

/// Locks a booked payment and reads where its money stands. Errors: PAYMENT_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Payment> {
    let row = sqlx::query!(
        r#"
        select
            client_id as "client_id: ClientId",
            kind,
            currency,
            amount_minor,
            credit_left_minor,
            refunded_minor
        from billing.posted_payments
        where practice_id = $1 and payment_id = $2
        for no key update
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Payment(payment)))?;
    let currency = currency(&row.currency)?;
    let money = |minor| Money::from_minor(minor, currency);
    Ok(Payment {
        payment,
        client: row.client_id,
        kind: PaymentKind::of(&row.kind).ok_or(Error::Stored("a payment's kind"))?,
        amount: money(row.amount_minor),
        credit_left: money(row.credit_left_minor),
        refunded: money(row.refunded_minor),
    })
}

/// Takes what was freed or refunded off the payments' allocations; `left` is how much to take.
pub async fn take_placed(
    conn: &mut PgConnection,
    practice: PracticeId,
    taken: &[Placed],
) -> Result<(), sqlx::Error> {
    let payments: Vec<Uuid> = taken.iter().map(|place| place.payment.uuid()).collect();
    let bills: Vec<Uuid> = taken.iter().map(|place| place.bill.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.posted_allocations placed
        set left_minor = placed.left_minor - taken.amount
        from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as taken (payment_id, bill_id, amount)
        where placed.practice_id = $1
            and placed.payment_id = taken.payment_id
            and placed.bill_id = taken.bill_id
        "#,
        practice.uuid(),
        &payments,
        &bills,
        &minors(taken, |place| place.left),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts what an insurer's decision freed into the payments' credit, in the order of their ids.
pub async fn add_credit(
    conn: &mut PgConnection,
    practice: PracticeId,
    freed: &[Placed],
) -> Result<(), sqlx::Error> {
    let payments: Vec<Uuid> = freed.iter().map(|place| place.payment.uuid()).collect();
    sqlx::query!(
        r#"
        with freed as (
            select payment_id, amount from unnest($2::uuid[], $3::bigint[]) as freed (payment_id, amount)
        ), locked as materialized (
            select payment.payment_id
            from billing.posted_payments payment
            where payment.practice_id = $1 and payment.payment_id = any($2)
            order by payment.payment_id
            for no key update
        )
        update billing.posted_payments payment
        set credit_left_minor = payment.credit_left_minor + freed.amount
        from freed
        join locked on locked.payment_id = freed.payment_id
        where payment.practice_id = $1 and payment.payment_id = freed.payment_id
        "#,
        practice.uuid(),
        &payments,
        &minors(freed, |place| place.left),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes where a locked payment's money stands.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: &Payment,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.posted_payments
        set credit_left_minor = $3, refunded_minor = $4
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.payment.uuid(),
        payment.credit_left.minor(),
        payment.refunded.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
