//! The report of a night: its items, each with what has become of its charge until now.

use super::autopay_items::ItemState;
use super::currency;
use crate::domain::decline::{Decline, DeclineReason};
use crate::domain::method::{bank_text, card_text};
use crate::domain::on_file::MethodKind;
use crate::domain::payer::Payer;
use crate::domain::payment::PaymentState;
use crate::{Error, Result};
use ids::{BillId, ClientId, MethodId, PaymentId, PracticeId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// An item of a run's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// Who pays.
    pub payer: Payer,
    /// Where it stands.
    pub state: ItemState,
    /// What was owed.
    pub amount: Money,
    /// What of it credit paid.
    pub credited: Money,
    /// What was charged.
    pub method: Option<MethodId>,
    /// The payment and where it stands now.
    pub payment: Option<(PaymentId, PaymentState)>,
    /// As printed: what was charged, or is to be.
    pub method_text: String,
    /// Why it was declined.
    pub decline: Option<Decline>,
}

/// At most `limit` items of a run, by bill, after one.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    run_date: Date,
    (after, limit): (Option<BillId>, i64),
) -> Result<Vec<Item>> {
    let rows = sqlx::query!(
        r#"
        select
            item.bill_id as "bill_id: BillId",
            item.client_id as "client_id: ClientId",
            item.payer_kind,
            item.payer_id,
            item.state,
            item.skip_reason,
            run.currency,
            item.amount_minor,
            case when item.credit_applied then item.credit_minor end as credited_minor,
            item.method_id as "method_id: MethodId",
            item.payment_id as "payment_id: PaymentId",
            payment.state as "payment_state?",
            payment.method_text as "method_text?",
            payment.decline_reason as "decline_reason?",
            payment.decline_code as "decline_code?",
            payment.decline_hard as "decline_hard?"
        from payments.autopay_items item
        join payments.autopay_runs run
            on run.practice_id = item.practice_id and run.run_date = item.run_date
        left join payments.payments payment
            on payment.practice_id = item.practice_id and payment.payment_id = item.payment_id
        where item.practice_id = $1 and item.run_date = $2 and ($3::uuid is null or item.bill_id > $3)
        order by item.bill_id
        limit $4
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        after.map(BillId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            let reason = row.decline_reason.as_deref().and_then(DeclineReason::of);
            let state = row.payment_state.as_deref().and_then(PaymentState::of);
            Ok(Item {
                bill: row.bill_id,
                client: row.client_id,
                payer: Payer::of(&row.payer_kind, row.payer_id)
                    .ok_or(Error::Stored("a kind of payer"))?,
                state: ItemState::of(&row.state, row.skip_reason.as_deref())?,
                amount: Money::from_minor(row.amount_minor, currency),
                credited: Money::from_minor(row.credited_minor.unwrap_or(0), currency),
                method: row.method_id,
                payment: row.payment_id.zip(state),
                method_text: row.method_text.unwrap_or_default(),
                decline: reason.map(|reason| Decline {
                    reason,
                    code: row.decline_code.unwrap_or_default(),
                    hard: row.decline_hard.unwrap_or(false),
                }),
            })
        })
        .collect()
}

/// Says of items without a payment what they are to be charged with.
pub async fn name_methods(
    conn: &mut PgConnection,
    practice: PracticeId,
    items: &mut [Item],
) -> Result<()> {
    let unnamed = |item: &&Item| item.payment.is_none();
    let methods = items.iter().filter(unnamed).filter_map(|item| item.method);
    let ids: Vec<_> = methods.map(MethodId::uuid).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"
        select
            method_id as "method_id: MethodId",
            kind,
            brand,
            last4
        from payments.methods
        where practice_id = $1 and method_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let mut texts = BTreeMap::new();
    for row in rows {
        let text = match MethodKind::of(&row.kind).ok_or(Error::Stored("a kind of method"))? {
            MethodKind::Card => card_text(&row.brand, &row.last4),
            MethodKind::BankAccount => bank_text(&row.brand, &row.last4),
        };
        texts.insert(row.method_id, text);
    }
    for item in items.iter_mut().filter(|item| item.payment.is_none()) {
        let text = item.method.and_then(|method| texts.get(&method));
        item.method_text = text.cloned().unwrap_or_default();
    }
    Ok(())
}
