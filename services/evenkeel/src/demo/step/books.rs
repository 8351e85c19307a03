//! Reads back, through the gateway, everything that is printed and checked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use proto::billing::v1 as billing;
use proto::payments::v1 as payments;
use proto::reporting::v1 as reporting;
use uuid::Uuid;

use crate::demo::gateway::Refusal;
use crate::demo::run::Run;
use crate::demo::screen;

const POLL: Duration = Duration::from_millis(200);
/// Reporting follows the ledger's feed; it may be a moment behind.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the suite says.
pub struct Books {
    pub sessions_count: i64,
    pub unbillable_sessions_count: i64,
    /// By bill id.
    pub bills: BTreeMap<String, billing::Bill>,
    /// By the files' id of the client.
    pub balances: BTreeMap<Uuid, billing::GetClientBalanceResponse>,
    /// By payment id.
    pub payments: BTreeMap<String, payments::Payment>,
    /// The Payments report, by payment id.
    pub report: BTreeMap<String, reporting::PaymentRow>,
    pub report_totals: Vec<reporting::MethodTotal>,
    pub months: Vec<reporting::RevenueMonth>,
    pub trial_balance: billing::GetTrialBalanceResponse,
    /// The same as reporting has it.
    pub account_totals: reporting::GetAccountTotalsResponse,
    pub verified: billing::VerifyBooksResponse,
}

/// Reads the books, once reporting has caught up with them.
///
/// # Errors
/// A call that was refused.
pub async fn read(run: &Run) -> Result<Books> {
    let step = screen::step("Books", run.plan.clients.len());
    let trial_balance = get::<billing::GetTrialBalanceResponse>(run, "trialBalance").await?;
    let account_totals = caught_up(run).await?;
    let balances = futures::stream::iter(&run.known.clients)
        .map(async |(id, client)| {
            let balance = get(run, &format!("clients/{client}/balance")).await?;
            step.tick();
            anyhow::Ok((*id, balance))
        })
        .buffer_unordered(8)
        .try_collect()
        .await?;
    let (report, report_totals) = payments_report(run).await?;
    let sessions: billing::ListSessionsResponse = get(run, "sessions?page_size=1").await?;
    let unbillable = "sessions?page_size=1&states=SESSION_STATE_NOT_BILLABLE";
    let unbillable: billing::ListSessionsResponse = get(run, unbillable).await?;
    let books = Books {
        sessions_count: sessions.total_count,
        unbillable_sessions_count: unbillable.total_count,
        bills: bills(run).await?,
        balances,
        payments: all_payments(run).await?,
        report,
        report_totals,
        months: get::<reporting::GetRevenueByMonthResponse>(run, "reports/revenue")
            .await?
            .months,
        trial_balance,
        account_totals,
        verified: get(run, "books:verify").await?,
    };
    let transfers = usize::try_from(books.verified.transfer_count)?;
    step.done(format!(
        "{} transfers read back and verified",
        screen::count(transfers)
    ))?;
    Ok(books)
}

async fn get<A: prost_reflect::ReflectMessage + Default>(run: &Run, rest: &str) -> Result<A> {
    let answer: Result<A, Refusal> = run.gateway.get(&run.path(rest)).await;
    answer.with_context(|| format!("read {rest}"))
}

async fn caught_up(run: &Run) -> Result<reporting::GetAccountTotalsResponse> {
    let begun = Instant::now();
    loop {
        let totals: reporting::GetAccountTotalsResponse = get(run, "reports/accounts").await?;
        let report: reporting::ListPaymentsReportResponse =
            get(run, "reports/payments?page_size=1").await?;
        // When it never catches up, the check says so with the figures that differ.
        if totals.events_behind == 0 && report.events_behind == 0 || begun.elapsed() > PATIENCE {
            return Ok(totals);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// All bills of the practice, by id.
///
/// # Errors
/// A call that was refused.
pub async fn bills(run: &Run) -> Result<BTreeMap<String, billing::Bill>> {
    let mut bills = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let rest = format!("bills?page_size=500&page_token={page_token}");
        let page: billing::ListBillsResponse = get(run, &rest).await?;
        bills.extend(
            page.bills
                .into_iter()
                .map(|bill| (bill.bill_id.clone(), bill)),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(bills);
        }
    }
}

async fn all_payments(run: &Run) -> Result<BTreeMap<String, payments::Payment>> {
    let mut payments = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let rest = format!("payments?page_size=500&page_token={page_token}");
        let page: payments::ListPaymentsResponse = get(run, &rest).await?;
        payments.extend(
            page.payments
                .into_iter()
                .map(|payment| (payment.payment_id.clone(), payment)),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(payments);
        }
    }
}

async fn payments_report(
    run: &Run,
) -> Result<(
    BTreeMap<String, reporting::PaymentRow>,
    Vec<reporting::MethodTotal>,
)> {
    let mut rows = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let rest = format!("reports/payments?page_size=500&page_token={page_token}");
        let page: reporting::ListPaymentsReportResponse = get(run, &rest).await?;
        rows.extend(
            page.rows
                .into_iter()
                .map(|row| (row.payment_id.clone(), row)),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok((rows, page.totals));
        }
    }
}
