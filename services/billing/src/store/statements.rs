//! The ledger as one client sees it: transfers that touch what they owe or their credit. A debit of either means that
//! more is owed, a credit that less is.

use crate::domain::statement::{Change, Occasion};
use crate::{Error, Result};
use ids::{ClientId, EntryId, PracticeId, Reference};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What the client owed, less credit, when a day had ended.
pub async fn balance(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    (through, currency): (Date, Currency),
) -> Result<Money, sqlx::Error> {
    let minor = sqlx::query_scalar!(
        r#"
        with account as (
            select account_id
            from billing.accounts
            where practice_id = $1 and client_id = $2 and kind in ('client_receivable', 'client_credit')
        )
        select coalesce(sum(
            case when transfer.debit_account_id in (select account_id from account)
                then transfer.amount_minor else 0 end
            - case when transfer.credit_account_id in (select account_id from account)
                then transfer.amount_minor else 0 end
        ), 0)::bigint as "minor!"
        from billing.entries entry
        join billing.transfers transfer
            on transfer.practice_id = entry.practice_id and transfer.entry_id = entry.entry_id
        where entry.practice_id = $1 and entry.client_id = $2 and entry.entry_date <= $3
        "#,
        practice.uuid(),
        client.uuid(),
        through.to_sqlx() as jiff_sqlx::Date,
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::from_minor(minor, currency))
}

/// Which days a statement covers, and at most how many changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day; none is from the beginning.
    pub from: Option<Date>,
    /// Last day.
    pub to: Date,
    /// How many changes to read.
    pub limit: i64,
}

/// What changed what the client owes, oldest first: the transfers of an entry are one change, and one that comes to nothing
/// is none. Both before the limit, which counts what a reader sees.
pub async fn changes(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    (span, currency): (Span, Currency),
) -> Result<Vec<Change>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        with account as (
            select account_id
            from billing.accounts
            where practice_id = $1 and client_id = $2 and kind in ('client_receivable', 'client_credit')
        ),
        changed as (
            select transfer.entry_id, entry.payment_id, sum(case account.account_id
                when transfer.debit_account_id then transfer.amount_minor
                else -transfer.amount_minor
            end)::bigint as amount_minor
            from billing.standing_entries entry
            join billing.transfers transfer
                on transfer.practice_id = entry.practice_id and transfer.entry_id = entry.entry_id
            join account on account.account_id in (transfer.debit_account_id, transfer.credit_account_id)
            where entry.practice_id = $1 and entry.client_id = $2
                and ($3::date is null or entry.entry_date >= $3) and entry.entry_date <= $4
            group by transfer.entry_id, entry.payment_id
        )
        select
            entry.entry_id as "entry_id: EntryId",
            entry.entry_date as "entry_date: jiff_sqlx::Date",
            entry.kind,
            bill.number as "number?",
            bill.reference as "reference?: Reference",
            payment.method_text as "method_text?",
            payer.name as "payer_name?",
            adjustment.client_text as "client_text?",
            array(
                select paid.number
                from billing.posted_allocations placed
                join billing.bills paid
                    on paid.practice_id = placed.practice_id and paid.bill_id = placed.bill_id
                where placed.practice_id = $1 and placed.payment_id = changed.payment_id
                order by placed.position
            ) as "paid_numbers!",
            changed.amount_minor as "amount_minor!"
        from changed
        join billing.entries entry on entry.practice_id = $1 and entry.entry_id = changed.entry_id
        left join billing.bills bill on bill.practice_id = entry.practice_id and bill.bill_id = entry.bill_id
        left join billing.posted_refunds refund
            on refund.practice_id = entry.practice_id and refund.refund_id = coalesce(entry.refund_id, entry.subject_id)
        left join billing.posted_payments payment
            on payment.practice_id = entry.practice_id
            and payment.payment_id = coalesce(changed.payment_id, refund.payment_id)
        left join billing.insurer_payments insured
            on insured.practice_id = entry.practice_id and insured.insurer_payment_id = entry.insurer_payment_id
        left join billing.payers payer
            on payer.practice_id = insured.practice_id and payer.payer_id = insured.payer_id
        left join billing.adjustments adjustment
            on adjustment.practice_id = entry.practice_id and adjustment.adjustment_id = entry.adjustment_id
        where changed.amount_minor <> 0
        order by entry.entry_date, entry.entry_id
        limit $5
        "#,
        practice.uuid(),
        client.uuid(),
        span.from.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        span.to.to_sqlx() as jiff_sqlx::Date,
        span.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| row.into_change(currency))
        .collect()
}

struct Row {
    entry_id: EntryId,
    entry_date: jiff_sqlx::Date,
    kind: String,
    number: Option<i64>,
    reference: Option<Reference>,
    method_text: Option<String>,
    payer_name: Option<String>,
    client_text: Option<String>,
    paid_numbers: Vec<i64>,
    amount_minor: i64,
}

impl Row {
    fn into_change(self, currency: Currency) -> Result<Change> {
        Ok(Change {
            entry: self.entry_id,
            date: self.entry_date.to_jiff(),
            amount: Money::from_minor(self.amount_minor, currency),
            occasion: self
                .occasion()
                .ok_or(Error::Stored("an entry without what it is about"))?,
        })
    }

    fn occasion(self) -> Option<Occasion> {
        match self.kind.as_str() {
            "bill_issued" => Some(Occasion::BillIssued {
                number: self.number?,
                reference: self.reference?,
            }),
            "bill_cancelled" => Some(Occasion::BillCancelled {
                number: self.number?,
            }),
            "payment" | "payment_rebooked" => Some(Occasion::Payment {
                method: self.method_text?,
                bills: self.paid_numbers,
            }),
            "insurer_payment" => Some(Occasion::InsurerPayment {
                payer: self.payer_name?,
                number: self.number?,
            }),
            "refund" => Some(Occasion::Refund {
                method: self.method_text?,
            }),
            "refund_returned" => Some(Occasion::RefundReturned {
                method: self.method_text?,
            }),
            "credit_applied" => Some(Occasion::CreditApplied {
                number: self.number?,
            }),
            "credit_reversed" => Some(Occasion::CreditReversed {
                number: self.number?,
            }),
            "bill_edited" => Some(Occasion::BillEdited {
                number: self.number?,
            }),
            "adjustment" => Some(Occasion::Adjusted {
                number: self.number?,
                text: self.client_text?,
            }),
            "adjustment_reversed" => Some(Occasion::AdjustmentReversed {
                number: self.number?,
                text: self.client_text?,
            }),
            "opening_balance" => Some(Occasion::BalanceBrought {
                number: self.number?,
                reference: self.reference?,
            }),
            "credit_brought" => Some(Occasion::CreditBrought),
            "credit_taken_back" => Some(Occasion::CreditTakenBack),
            _unknown => None,
        }
    }
}
