//! Nights of AutoPay look at every open bill of many practices, against the same choice made by one statement by hand.
//! payments runs alone: nothing is charged.

use super::nightly_automation::copy;
use crate::frame::Frame;
use crate::stage::{StageOptions, as_service};
use crate::{progress, resident};
use anyhow::{Result, bail};
use clap::Args;
use clock::Clock;
use evenkeel::up::{self, Secrets};
use payments::ops::Recordings;
use payments::rpc::billing::Billing;
use payments::work::run_nights_due;
use payments::{Payments, Timing};
use pg::{PageKey, PgConfig};
use processor::Processor;
use rpc::{ServiceToken, connect};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SEED: &str = include_str!("../../pg/seed_autopay.sql");
const BY_HAND: &str = include_str!("../../pg/choose_autopay.sql");
/// Below it the rule costs more than it should.
const REQUIRED_RATIO: f64 = 0.2;
const AIM_RATIO: f64 = 0.5;
/// What the process may grow by between the first practices and the last.
const GROWTH_MIB: f64 = 32.0;
/// What the bars expect.
const ABOUT: Duration = Duration::from_secs(60);

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Practices.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub practices: u32,
    /// Clients of each practice.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub clients: u32,
    /// Open bills of each client.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub bills: u32,
    /// Folder for JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

impl Options {
    fn all_bills(&self) -> u32 {
        self.practices * self.clients * self.bills
    }
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    frame: Frame,
    practices: u32,
    bills: u32,
    by_hand_seconds: f64,
    nights_seconds: f64,
    ratio: f64,
    /// The whole process, after the first tenth of the practices, and at its most.
    early_mib: f64,
    most_mib: f64,
}

/// Measures and tells.
///
/// # Errors
/// Something cannot be measured, or not every bill was looked at.
pub async fn run(options: &Options, clock: &Clock) -> Result<()> {
    let measured = options.stage.on_server(clock, async |url, secrets| {
        measure(options, (url, secrets), clock).await
    });
    let report = measured.await?;
    let told = (&report, table(&report));
    report
        .frame
        .tell(&options.results, "autopay-selection", told)
}

async fn measure(
    options: &Options,
    (url, secrets): (&str, &Secrets),
    clock: &Clock,
) -> Result<Report> {
    let frame = Frame::begin(url, clock).await?;
    up::migrate(url, secrets).await?;
    progress::timed("seeding", ABOUT, seed(options, url)).await?;
    let copy = copy(url).await?;
    let by_hand = progress::timed("by hand", ABOUT, by_hand(&copy)).await?;
    let payments = payments(url, secrets, clock).await?;
    let (nights, early, most) = run_nights(options, &payments).await?;
    audit(options, url).await?;
    audit(options, &copy).await?;
    let mib = |kib: u64| kib as f64 / 1_024.0;
    Ok(Report {
        frame,
        practices: options.practices,
        bills: options.all_bills(),
        by_hand_seconds: by_hand.as_secs_f64(),
        nights_seconds: nights.as_secs_f64(),
        ratio: by_hand.as_secs_f64() / nights.as_secs_f64(),
        early_mib: mib(early),
        most_mib: mib(most),
    })
}

async fn seed(options: &Options, url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for (name, value) in [
        ("practices", options.practices),
        ("clients", options.clients),
        ("bills", options.bills),
    ] {
        let set = format!("set load.{name} = {value}");
        sqlx::raw_sql(AssertSqlSafe(set))
            .execute(&mut connection)
            .await?;
    }
    sqlx::raw_sql(SEED).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

async fn by_hand(url: &str) -> Result<Duration> {
    let mut connection = PgConnection::connect(url).await?;
    let begun = Instant::now();
    sqlx::raw_sql(BY_HAND).execute(&mut connection).await?;
    let taken = begun.elapsed();
    connection.close().await?;
    Ok(taken)
}

/// payments as its own process would have it. Neither billing nor the processor is asked.
async fn payments(url: &str, secrets: &Secrets, clock: &Clock) -> Result<Payments> {
    let url = as_service(url, secrets, "payments")?;
    let nobody = connect("http://127.0.0.1:1", ServiceToken::none())?;
    let key = SecretString::from("sk_test_load");
    Ok(Payments {
        recordings: Recordings::default(),
        db: pg::connect(&PgConfig::new(url), payments::SCHEMA).await?,
        clock: clock.clone(),
        page_key: PageKey::new(&[0; 32]),
        processor: Processor::new(Some("http://127.0.0.1:1"), &key, None)?,
        own_account_required: false,
        billing: Billing::new(nobody),
        webhook_secrets: Vec::new().into(),
        dashboard_url: "".into(),
        timing: Timing::default(),
        webhook_came: std::sync::Arc::default(),
    })
}

/// Runs the nights; answers how long it took, and the process's memory early and at its most.
async fn run_nights(options: &Options, payments: &Payments) -> Result<(Duration, u64, u64)> {
    let bar = progress::counted("AutoPay: practices", options.practices.into());
    let (mut early, mut most, mut done) = (0, 0, 0);
    let begun = Instant::now();
    loop {
        let nights = run_nights_due(payments).await?;
        if nights == 0 {
            break;
        }
        done += u64::try_from(nights)?;
        bar.set_position(done);
        let resident = resident::kib("self")?;
        if early == 0 || done <= u64::from(options.practices) / 10 {
            early = resident;
        }
        most = most.max(resident);
    }
    let taken = begun.elapsed();
    bar.finish_and_clear();
    Ok((taken, early, most))
}

/// Every bill was looked at once, none was charged, and every run has ended. Errors: what is not so.
async fn audit(options: &Options, url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let asked = "select
            (select count(*) from payments.autopay_items where state = 'skipped'),
            (select sum(skipped_count)::bigint from payments.autopay_runs where end_time is not null),
            (select count(*) from payments.payments)";
    let found: (i64, i64, i64) = sqlx::query_as(asked).fetch_one(&mut connection).await?;
    connection.close().await?;
    let bills = i64::from(options.all_bills());
    if found != (bills, bills, 0) {
        bail!("items, skips and payments are {found:?}, not {bills}, {bills} and 0");
    }
    Ok(())
}

fn table(report: &Report) -> String {
    let growth = report.most_mib - report.early_mib;
    let rate = |seconds: f64| f64::from(report.bills) / seconds;
    let said = |holds: bool, yes: &'static str, no: &'static str| if holds { yes } else { no };
    let text = format!(
        "\n  AutoPay selection: {} open bills of {} practices, {} processors, Postgres {} (fsync {})\n\n  \
         by hand  {:>7.1} s  {:>8.0} bills/s\n  nights   {:>7.1} s  {:>8.0} bills/s\n\n  \
         Ratio {:.2} of the {REQUIRED_RATIO:.2} it must be (aim {AIM_RATIO:.2}): {}. Memory {:.1} MiB early, {:.1} MiB at \
         its most: {}.\n",
        report.bills,
        report.practices,
        report.frame.processors,
        report.frame.server.version,
        report.frame.server.fsync,
        report.by_hand_seconds,
        rate(report.by_hand_seconds),
        report.nights_seconds,
        rate(report.nights_seconds),
        report.ratio,
        said(report.ratio >= REQUIRED_RATIO, "reached", "missed"),
        report.early_mib,
        report.most_mib,
        said(growth <= GROWTH_MIB, "flat", "NOT flat"),
    );
    text + report.frame.caveat()
}
