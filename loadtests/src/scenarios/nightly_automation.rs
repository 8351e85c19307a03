//! A night of billing automation: unbilled sessions of many practices become bills, against the same rows written set by
//! set by hand. Billing runs alone, so that the followers of its feed do not share its processors.

use crate::frame::Frame;
use crate::stage::{StageOptions, as_service};
use crate::{progress, resident};
use anyhow::{Context as _, Result, bail};
use billing::work::automate_due;
use billing::{Billing, Postings};
use clap::Args;
use clock::Clock;
use evenkeel::up::{self, Secrets};
use pg::{PageKey, PgConfig};
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use reqwest::Url;
use rpc::{ServiceToken, connect};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SEED: &str = include_str!("../../pg/seed_sessions.sql");
const BY_HAND: &str = include_str!("../../pg/bill_sessions.sql");
const BASELINE: &str = "evenkeel_baseline";
/// Below it automation wastes what the database can do.
const REQUIRED_RATIO: f64 = 0.3;
const AIM_RATIO: f64 = 0.7;
/// What the process may grow by between the first practices and the last.
const GROWTH_MIB: f64 = 32.0;
/// What the bars expect.
const ABOUT: Duration = Duration::from_secs(20);

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Practices.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub practices: u32,
    /// Clients of each practice.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub clients: u32,
    /// Unbilled sessions of each client.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub sessions: u32,
    /// Folder for JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    frame: Frame,
    practices: u32,
    sessions: u32,
    by_hand_seconds: f64,
    automation_seconds: f64,
    ratio: f64,
    /// The whole process, after the first tenth of the practices, and at its most.
    early_mib: f64,
    most_mib: f64,
}

/// Measures and tells.
///
/// # Errors
/// Something cannot be measured, or what was billed is not what was unbilled.
pub async fn run(options: &Options, clock: &Clock) -> Result<()> {
    let measured = options.stage.on_server(clock, async |url, secrets| {
        measure(options, (url, secrets), clock).await
    });
    let report = measured.await?;
    let told = (&report, table(&report));
    report
        .frame
        .tell(&options.results, "nightly-automation", told)
}

async fn measure(
    options: &Options,
    (url, secrets): (&str, &Secrets),
    clock: &Clock,
) -> Result<Report> {
    let frame = Frame::begin(url, clock).await?;
    up::migrate(url, secrets).await?;
    let seeded = seed(options, url);
    progress::timed("seeding", ABOUT, seeded).await?;
    let copy = copy(url).await?;

    let by_hand = progress::timed("by hand", ABOUT, by_hand(&copy)).await?;
    let billing = billing(url, secrets, clock).await?;
    let (automation, early, most) = automate(options, &billing).await?;
    audit(options, url).await?;
    audit(options, &copy).await?;
    let mib = |kib: u64| kib as f64 / 1_024.0;
    Ok(Report {
        frame,
        practices: options.practices,
        sessions: options.practices * options.clients * options.sessions,
        by_hand_seconds: by_hand.as_secs_f64(),
        automation_seconds: automation.as_secs_f64(),
        ratio: by_hand.as_secs_f64() / automation.as_secs_f64(),
        early_mib: mib(early),
        most_mib: mib(most),
    })
}

async fn seed(options: &Options, url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for (name, value) in [
        ("practices", options.practices),
        ("clients", options.clients),
        ("sessions", options.sessions),
    ] {
        let set = format!("set load.{name} = {value}");
        sqlx::raw_sql(AssertSqlSafe(set))
            .execute(&mut connection)
            .await?;
    }
    sqlx::raw_sql(SEED).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// The same rows in another database, for the work by hand; answers its address.
pub(super) async fn copy(url: &str) -> Result<String> {
    let (mut elsewhere, mut copy) = (Url::parse(url)?, Url::parse(url)?);
    let original = elsewhere.path().trim_start_matches('/').to_owned();
    elsewhere.set_path("/template1");
    copy.set_path(&format!("/{BASELINE}"));
    let mut connection = PgConnection::connect(elsewhere.as_str()).await?;
    let make = format!("create database {BASELINE} template {original}");
    sqlx::raw_sql(AssertSqlSafe(make))
        .execute(&mut connection)
        .await
        .context("a copy of the database")?;
    connection.close().await?;
    Ok(copy.to_string())
}

async fn by_hand(url: &str) -> Result<Duration> {
    let mut connection = PgConnection::connect(url).await?;
    let begun = Instant::now();
    sqlx::raw_sql(BY_HAND).execute(&mut connection).await?;
    let taken = begun.elapsed();
    connection.close().await?;
    Ok(taken)
}

/// Billing as its own process would have it. Nobody asks for an Access Code.
async fn billing(url: &str, secrets: &Secrets, clock: &Clock) -> Result<Billing> {
    let url = as_service(url, secrets, "billing")?;
    let nobody = connect("http://127.0.0.1:1", ServiceToken::none())?;
    Ok(Billing {
        db: pg::connect(&PgConfig::new(url), billing::SCHEMA).await?,
        clock: clock.clone(),
        page_key: PageKey::new(&[0; 32]),
        access_codes: AccessCodeServiceClient::new(nobody),
        typesetter: billing::documents::typesetter()?,
        postings: Postings::default(),
        pay_page_url: String::new(),
    })
}

/// Runs the night; answers how long it took, and the process's memory early and at its most.
async fn automate(options: &Options, billing: &Billing) -> Result<(Duration, u64, u64)> {
    let bar = progress::counted("automation: practices", options.practices.into());
    let (mut early, mut most, mut done) = (0, 0, 0);
    let begun = Instant::now();
    loop {
        let nights = automate_due(billing).await?;
        if nights == 0 {
            break;
        }
        done += u64::try_from(nights)?;
        bar.set_position(done);
        let resident = resident::kib("self")?;
        if done <= u64::from(options.practices) / 10 {
            early = resident;
        }
        most = most.max(resident);
    }
    let taken = begun.elapsed();
    bar.finish_and_clear();
    Ok((taken, early, most))
}

/// Every session is on a bill, every client has one, and debits are credits. Errors: what is not so.
async fn audit(options: &Options, url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let asked = "select
            (select count(*) from billing.bills),
            (select count(distinct session_id) from billing.billed_lines),
            (select sum(total_minor)::bigint from billing.bills),
            (select sum(debits_minor - credits_minor)::bigint from billing.accounts)";
    let found: (i64, i64, i64, i64) = sqlx::query_as(asked).fetch_one(&mut connection).await?;
    connection.close().await?;
    let bills = i64::from(options.practices) * i64::from(options.clients);
    let sessions = bills * i64::from(options.sessions);
    let expected = (bills, sessions, sessions * 15_000, 0);
    if found != expected {
        bail!("bills, sessions, cents and difference are {found:?}, not {expected:?}");
    }
    Ok(())
}

fn table(report: &Report) -> String {
    let growth = report.most_mib - report.early_mib;
    let rate = |seconds: f64| f64::from(report.sessions) / seconds;
    let text = format!(
        "\n  Nightly automation: {} unbilled sessions of {} practices, {} processors, Postgres {} (fsync {})\n\n  \
         by hand     {:>7.1} s  {:>8.0} sessions/s\n  automation  {:>7.1} s  {:>8.0} sessions/s\n\n  \
         Ratio {:.2} of the {REQUIRED_RATIO:.2} it must be (aim {AIM_RATIO:.2}): {}. Memory {:.1} MiB early, {:.1} MiB at \
         its most: {}.\n",
        report.sessions,
        report.practices,
        report.frame.processors,
        report.frame.server.version,
        report.frame.server.fsync,
        report.by_hand_seconds,
        rate(report.by_hand_seconds),
        report.automation_seconds,
        rate(report.automation_seconds),
        report.ratio,
        if report.ratio >= REQUIRED_RATIO {
            "reached"
        } else {
            "missed"
        },
        report.early_mib,
        report.most_mib,
        if growth <= GROWTH_MIB {
            "flat"
        } else {
            "NOT flat"
        },
    );
    text + report.frame.caveat()
}
