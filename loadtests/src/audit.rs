//! After the load: is everything that was acknowledged in the books, once, and are the books honest?

use crate::payer::{Asked, PAYMENT_MINOR, Payer};
use crate::seed::{self, Seeded};
use crate::stage::Stage;
use anyhow::{Context as _, Result, bail};
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::{
    AccountKind, GetTrialBalanceRequest, GetTrialBalanceResponse, VerifyBooksRequest,
};
use proto::payments::v1::ListPaymentsRequest;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;
use tonic::transport::Channel;

const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a payment may take from its acknowledgement to the ledger, when only the feed brings it there.
const BOOKED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);
const PAGE: i32 = 500;
/// How often a request whose outcome is unknown is repeated, and how long each time is waited before.
const SETTLE_TRIES: usize = 20;
const SETTLE_PAUSE: Duration = Duration::from_millis(500);

/// What the audit found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// Payments that payments has.
    pub payments: u64,
    /// Requests that were acknowledged, those included that were only when they were repeated.
    pub acknowledged: u64,
    /// Requests whose outcome was unknown, settled by repeating them with their request_id.
    pub settled_by_repeat: u64,
    /// Transfers that VerifyBooks read.
    pub transfers: i64,
    /// What is wrong; empty when all is well.
    pub differences: Vec<String>,
}

/// Looks at the suite from outside, as any program could.
pub struct Auditor {
    payments: PaymentServiceClient<Channel>,
    ledger: LedgerServiceClient<Channel>,
}

impl Auditor {
    /// Connects to payments and billing.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn new(stage: &Stage) -> Result<Self> {
        let ports = &stage.suite.ports;
        Ok(Self {
            payments: PaymentServiceClient::new(seed::connect(&ports.url("payments")).await?),
            ledger: LedgerServiceClient::new(seed::connect(&ports.url("billing")).await?),
        })
    }

    /// Compares every practice with what was acknowledged of it, in their places.
    ///
    /// # Errors
    /// A service does not answer; what it answers wrongly is in the findings.
    pub async fn audit(&mut self, payer: &Payer, acknowledged: &[u64]) -> Result<Findings> {
        let mut findings = Findings::default();
        for (practice, expected) in payer.practices().iter().zip(acknowledged.iter().copied()) {
            let found = self.count_payments(practice).await?;
            findings.payments += found;
            findings.acknowledged += expected;
            if found != expected {
                let id = &practice.practice_id;
                findings.differences.push(format!(
                    "{id}: {expected} payments acknowledged, {found} recorded"
                ));
            }
            self.check_books(practice, expected, &mut findings).await?;
        }
        Ok(findings)
    }

    async fn count_payments(&mut self, practice: &Seeded) -> Result<u64> {
        let (mut count, mut page_token) = (0, String::new());
        loop {
            let message = ListPaymentsRequest {
                practice_id: practice.practice_id.clone(),
                page_size: PAGE,
                page_token,
                ..ListPaymentsRequest::default()
            };
            let page = self
                .payments
                .list_payments(practice.owner.request(message, TIMEOUT))
                .await;
            let page = page.context("listing payments")?.into_inner();
            count += u64::try_from(page.payments.len())?;
            if page.next_page_token.is_empty() {
                return Ok(count);
            }
            page_token = page.next_page_token;
        }
    }

    async fn check_books(
        &mut self,
        practice: &Seeded,
        expected: u64,
        findings: &mut Findings,
    ) -> Result<()> {
        let id = &practice.practice_id;
        let expected_minor = i64::try_from(expected)? * PAYMENT_MINOR;
        let end = Instant::now() + BOOKED_WITHIN;
        let trial = loop {
            let trial = self.trial_balance(practice).await?;
            if received_minor(&trial) == expected_minor || Instant::now() > end {
                break trial;
            }
            tokio::time::sleep(POLL).await;
        };
        let received_minor = received_minor(&trial);
        if received_minor != expected_minor {
            findings.differences.push(format!(
                "{id}: {expected_minor} cents acknowledged, {received_minor} booked"
            ));
        }
        if trial.total_debits != trial.total_credits {
            findings
                .differences
                .push(format!("{id}: debits and credits differ"));
        }
        if !trial.balances_match_transfers {
            findings.differences.push(format!(
                "{id}: balances are not the sums of their transfers"
            ));
        }
        let message = VerifyBooksRequest {
            practice_id: id.clone(),
        };
        let verified = self
            .ledger
            .verify_books(practice.owner.request(message, TIMEOUT))
            .await;
        let verified = verified.context("verifying the books")?.into_inner();
        findings.transfers += verified.transfer_count;
        for violation in verified.violations {
            let (invariant, subject) = (violation.invariant, violation.subject);
            findings.differences.push(format!(
                "{id}: {invariant} {subject}: {}",
                violation.explanation
            ));
        }
        Ok(())
    }

    async fn trial_balance(&mut self, practice: &Seeded) -> Result<GetTrialBalanceResponse> {
        let message = GetTrialBalanceRequest {
            practice_id: practice.practice_id.clone(),
        };
        let trial = self
            .ledger
            .get_trial_balance(practice.owner.request(message, TIMEOUT))
            .await;
        Ok(trial.context("the trial balance")?.into_inner())
    }
}

/// Cash is debited by these payments and by nothing else.
fn received_minor(trial: &GetTrialBalanceResponse) -> i64 {
    let cash = trial
        .lines
        .iter()
        .filter(|line| line.account_kind() == AccountKind::Cash);
    cash.filter_map(|line| line.debits.as_ref())
        .map(|debits| debits.minor_units)
        .sum()
}

/// Repeats requests whose outcome is unknown until they are acknowledged: the same request_id is the same payment,
/// whether or not it was recorded the first time. Counts them as acknowledged and answers how many there were.
///
/// # Errors
/// One is still not acknowledged.
pub async fn settle(payer: &Payer, unsettled: &[Asked], acknowledged: &mut [u64]) -> Result<u64> {
    for asked in unsettled {
        settle_one(payer, asked).await?;
        if let Some(count) = acknowledged.get_mut(asked.practice) {
            *count += 1;
        }
    }
    Ok(u64::try_from(unsettled.len())?)
}

async fn settle_one(payer: &Payer, asked: &Asked) -> Result<()> {
    let mut last = String::new();
    for connection in 0..SETTLE_TRIES {
        match payer.pay(asked, connection).await {
            Ok(()) => return Ok(()),
            Err(refusal) => last = refusal.reason,
        }
        tokio::time::sleep(SETTLE_PAUSE).await;
    }
    bail!("a request stays unacknowledged after {SETTLE_TRIES} repeats: {last}")
}
