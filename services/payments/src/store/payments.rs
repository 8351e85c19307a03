//! A payment's row is locked before its state or its refunds change. How it is written first stands in `new_payments`.

use super::closings::Closing;
use super::corrections::Correction;
use super::{currency, refunds::Refund};
use crate::domain::allocation::Allocation;
use crate::domain::charge::Presence;
use crate::domain::decline::{Decline, DeclineReason};
use crate::domain::means::Means;
use crate::domain::on_file::Funding;
use crate::domain::payer::Payer;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::domain::refusal::Refusal;
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, MethodId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// A payment as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// The tenant.
    pub practice: PracticeId,
    /// Its id.
    pub payment: PaymentId,
    /// Whose bills it pays.
    pub client: ClientId,
    /// How it came.
    pub kind: PaymentKind,
    /// Name of an other payment; empty for most.
    pub label: String,
    /// Above 0.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// When the money was received.
    pub receive_time: Timestamp,
    /// Local day of it.
    pub receive_date: Date,
    /// Meant for these bills, in the order in which it was said.
    pub allocations: Vec<Allocation>,
    /// What was given back so far, pending refunds included.
    pub refunded: Money,
    /// As printed.
    pub method_text: String,
    /// For the practice.
    pub note: String,
    /// Why it failed.
    pub decline: Option<Decline>,
    /// Why nothing is charged under it: billing set nothing aside, or its account at the processor was taken away.
    pub refusal: Option<Refusal>,
    /// billing's ledger has it.
    pub posted: bool,
    /// Who waits for it; of an offline one whoever recorded it.
    pub presence: Presence,
    /// With what it is paid.
    pub means: Means,
    /// The processor's object, `pi_…`.
    pub processor_intent: Option<String>,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// Refunds of it, oldest first.
    pub refunds: Vec<Refund>,
    /// How often it was corrected.
    pub revision: i32,
    /// What it said before, oldest first.
    pub corrections: Vec<Correction>,
    /// What somebody said of its end, when it could not be learnt.
    pub closing: Option<Closing>,
}

/// Those of the payments that are there, newest first.
pub async fn find_many(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[PaymentId],
) -> Result<Vec<Payment>> {
    if payments.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = payments.iter().map(|payment| payment.uuid()).collect();
    read(conn, practice, &ids).await
}

/// Errors: PAYMENT_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Payment> {
    let mut found = read(conn, practice, &[payment.uuid()]).await?;
    found.pop().ok_or(Error::Missing(Missing::Payment(payment)))
}

/// Locks a payment until the transaction ends, and reads it. Errors: PAYMENT_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Payment> {
    sqlx::query_scalar!(
        r#"
        select payment_id
        from payments.payments
        where practice_id = $1 and payment_id = $2
        for update
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    get(conn, practice, payment).await
}

/// What a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only in these states; empty for all.
    pub states: Vec<PaymentState>,
}

/// At most `limit` payments, newest first, from after `below`.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &PaymentFilter,
    (below, limit): (Option<PaymentId>, i64),
) -> Result<Vec<Payment>> {
    let states: Vec<String> = filter
        .states
        .iter()
        .map(|state| state.name().to_owned())
        .collect();
    let ids = sqlx::query_scalar!(
        r#"
        select payment_id
        from payments.payments
        where practice_id = $1
            and ($2::uuid is null or client_id = $2)
            and (cardinality($3::text[]) = 0 or state = any($3))
            and ($4::uuid is null or payment_id < $4)
        order by payment_id desc
        limit $5
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        &states,
        below.map(PaymentId::uuid),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    read(conn, practice, &ids).await
}

/// A row of the table; what the database has as words is read in one place.
struct Row {
    payment_id: PaymentId,
    client_id: ClientId,
    kind: String,
    label: String,
    currency: String,
    amount_minor: i64,
    state: String,
    receive_time: jiff_sqlx::Timestamp,
    receive_date: jiff_sqlx::Date,
    method_text: String,
    note: String,
    refunded_minor: i64,
    decline_reason: Option<String>,
    decline_code: String,
    decline_hard: bool,
    presence: String,
    refusal: Option<String>,
    posted: bool,
    processor_account: Option<String>,
    processor_method: Option<String>,
    method_id: Option<MethodId>,
    processor_customer: Option<String>,
    save_payer_kind: Option<String>,
    save_payer_id: Option<Uuid>,
    funding: String,
    hsa_fsa: bool,
    processor_intent: Option<String>,
    revision: i32,
    create_time: jiff_sqlx::Timestamp,
}

impl Row {
    /// The payment without what hangs off it.
    fn read(self, practice: PracticeId) -> Result<Payment> {
        let currency = currency(&self.currency)?;
        Ok(Payment {
            practice,
            payment: self.payment_id,
            client: self.client_id,
            kind: PaymentKind::of(&self.kind).ok_or(Error::Stored("a payment's kind"))?,
            label: self.label,
            amount: Money::from_minor(self.amount_minor, currency),
            state: PaymentState::of(&self.state).ok_or(Error::Stored("a payment's state"))?,
            receive_time: self.receive_time.to_jiff(),
            receive_date: self.receive_date.to_jiff(),
            allocations: Vec::new(),
            refunded: Money::from_minor(self.refunded_minor, currency),
            method_text: self.method_text,
            note: self.note,
            decline: decline(
                self.decline_reason.as_deref(),
                (self.decline_code, self.decline_hard),
            ),
            presence: Presence::of(&self.presence).ok_or(Error::Stored("who waits"))?,
            refusal: self.refusal.as_deref().and_then(Refusal::of),
            posted: self.posted,
            means: Means {
                account: self.processor_account,
                token: self.processor_method,
                method: self.method_id,
                customer: self.processor_customer,
                save_for: self
                    .save_payer_kind
                    .zip(self.save_payer_id)
                    .and_then(|(kind, id)| Payer::of(&kind, id)),
                funding: Funding::of(&self.funding).ok_or(Error::Stored("a card's funding"))?,
                hsa_fsa: self.hsa_fsa,
            },
            processor_intent: self.processor_intent,
            create_time: self.create_time.to_jiff(),
            refunds: Vec::new(),
            revision: self.revision,
            corrections: Vec::new(),
            closing: None,
        })
    }
}

/// Those payments, newest first, whole.
async fn read(conn: &mut PgConnection, practice: PracticeId, ids: &[Uuid]) -> Result<Vec<Payment>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            payment_id as "payment_id: PaymentId",
            client_id as "client_id: ClientId",
            kind,
            label,
            currency,
            amount_minor,
            state,
            receive_time as "receive_time: jiff_sqlx::Timestamp",
            receive_date as "receive_date: jiff_sqlx::Date",
            method_text,
            note,
            refunded_minor,
            decline_reason,
            decline_code,
            decline_hard,
            presence,
            refusal,
            posted,
            processor_account,
            processor_method,
            method_id as "method_id: MethodId",
            processor_customer,
            save_payer_kind,
            save_payer_id,
            funding,
            hsa_fsa,
            processor_intent,
            revision,
            create_time as "create_time: jiff_sqlx::Timestamp"
        from payments.payments
        where practice_id = $1 and payment_id = any($2)
        order by payment_id desc
        "#,
        practice.uuid(),
        ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let rows = rows.into_iter().map(|row| row.read(practice));
    let mut payments = rows.collect::<Result<Vec<_>>>()?;
    add_allocations(conn, practice, ids, &mut payments).await?;
    for refund in super::refunds::list_of(conn, practice, ids).await? {
        if let Some(payment) = payments.iter_mut().find(|it| it.payment == refund.payment) {
            payment.refunds.push(refund);
        }
    }
    for correction in super::corrections::list_of(conn, practice, ids).await? {
        let mut of = payments.iter_mut();
        if let Some(payment) = of.find(|it| it.payment == correction.payment) {
            payment.corrections.push(correction);
        }
    }
    for (closed, closing) in super::closings::list_of(conn, practice, ids).await? {
        if let Some(payment) = payments.iter_mut().find(|it| it.payment == closed) {
            payment.closing = Some(closing);
        }
    }
    Ok(payments)
}

/// As it is kept: the reason, the processor's code and whether it is hard.
fn decline(reason: Option<&str>, (code, hard): (String, bool)) -> Option<Decline> {
    let reason = reason.and_then(DeclineReason::of)?;
    Some(Decline { reason, code, hard })
}

async fn add_allocations(
    conn: &mut PgConnection,
    practice: PracticeId,
    ids: &[Uuid],
    payments: &mut [Payment],
) -> Result<()> {
    let rows = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            bill_id as "bill_id: BillId",
            amount_minor
        from payments.payment_allocations
        where practice_id = $1 and payment_id = any($2)
        order by payment_id, position
        "#,
        practice.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        if let Some(payment) = payments.iter_mut().find(|it| it.payment == row.payment_id) {
            let amount = Money::from_minor(row.amount_minor, payment.amount.currency());
            let bill = row.bill_id;
            payment.allocations.push(Allocation { bill, amount });
        }
    }
    Ok(())
}

/// Notes what is pending or given back of a payment. The caller holds its lock.
pub async fn update_refunded(
    conn: &mut PgConnection,
    payment: &Payment,
    refunded: Money,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.payments
        set refunded_minor = $3, update_time = $4
        where practice_id = $1 and payment_id = $2
        "#,
        payment.practice.uuid(),
        payment.payment.uuid(),
        refunded.minor(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// billing's ledger has them. Again is fine.
pub async fn update_posted(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[PaymentId],
) -> Result<()> {
    if payments.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = payments.iter().map(|payment| payment.uuid()).collect();
    sqlx::query!(
        r#"
        update payments.payments
        set posted = true
        where practice_id = $1 and payment_id = any($2) and not posted
        "#,
        practice.uuid(),
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}
