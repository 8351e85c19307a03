//! What the reports look like outside.

use super::account_kind;
use crate::domain::payment::PaidBy;
use crate::ops::{AccountTotals, PaymentsReport};
use crate::store::payments::{MethodTotal, PaymentRow, Range};
use crate::store::revenue_days::RevenueMonth;
use ::rpc::{Invalid, parse, wire};
use proto::google::r#type::Date;
use proto::reporting::v1 as contract;

/// The days asked for. Errors: no day of the calendar, or the last before the first.
pub fn range(from: Option<Date>, to: Option<Date>) -> Result<Range, Invalid> {
    let day = |date: Option<Date>, field| date.map(|it| parse::date(Some(it), field)).transpose();
    let (from, to) = (day(from, "from_date")?, day(to, "to_date")?);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(Invalid::new("to_date", "must not be before from_date"));
    }
    Ok(Range { from, to })
}

/// A page of the Payments report.
#[must_use]
pub fn payments(report: PaymentsReport) -> contract::ListPaymentsReportResponse {
    contract::ListPaymentsReportResponse {
        rows: report.rows.items.into_iter().map(payment_row).collect(),
        next_page_token: report.rows.next_page_token,
        totals: report.totals.into_iter().map(method_total).collect(),
        events_behind: report.events_behind,
    }
}

fn payment_row(row: PaymentRow) -> contract::PaymentRow {
    let payment = row.payment;
    contract::PaymentRow {
        receive_date: Some(wire::date(payment.receive_date)),
        payment_id: match payment.paid_by {
            PaidBy::Client(id) => id.to_string(),
            PaidBy::Insurer(id) => id.to_string(),
        },
        client_id: payment.client.to_string(),
        method: payment.method,
        payer_name: payment.payer_name,
        amount: Some(wire::money(payment.amount)),
        refunded: Some(wire::money(row.refunded)),
        credited: Some(wire::money(payment.credited)),
    }
}

fn method_total(total: MethodTotal) -> contract::MethodTotal {
    contract::MethodTotal {
        method: total.method,
        count: total.count,
        amount: Some(wire::money(total.amount)),
        refunded: Some(wire::money(total.refunded)),
    }
}

/// Revenue by month.
#[must_use]
pub fn months(months: Vec<RevenueMonth>) -> contract::GetRevenueByMonthResponse {
    let months = months.into_iter().map(|month| contract::RevenueMonth {
        year: month.year,
        month: month.month,
        billed: Some(wire::money(month.billed)),
        received: Some(wire::money(month.received)),
    });
    contract::GetRevenueByMonthResponse {
        months: months.collect(),
    }
}

/// The ledger as reporting has it.
#[must_use]
pub fn account_totals(found: AccountTotals) -> contract::GetAccountTotalsResponse {
    let totals = found
        .totals
        .into_iter()
        .map(|(kind, turnover)| contract::AccountTotal {
            account_kind: account_kind(kind).into(),
            debits: Some(wire::money(turnover.debits)),
            credits: Some(wire::money(turnover.credits)),
        });
    contract::GetAccountTotalsResponse {
        totals: totals.collect(),
        events_behind: found.events_behind,
        billing_sequence: found.billing_sequence,
    }
}
