//! Sessions in bulk: one stream of many, against COPY of the rows that it made.

use crate::frame::{Frame, until_stopped};
use crate::seed::{self, People, dollars};
use crate::stage::{Stage, StageOptions};
use crate::{copy, progress, resident};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use clock::Clock;
use proto::billing::v1::session_service_client::SessionServiceClient;
use proto::billing::v1::{
    Outcome, RecordSessionsRequest, RecordSessionsResponse, ServiceLine, Session,
};
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tonic::transport::Channel;

/// Below it the stream wastes what the database can do.
const REQUIRED_RATIO: f64 = 0.2;
const AIM_RATIO: f64 = 0.5;
/// What the process may grow by between the first tenth of a stream and its end.
const GROWTH_MIB: f64 = 32.0;
/// For the answer to begin; a stream has no other deadline.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Unmeasured before the first stream: connections, caches, plans.
const WARM_UP: usize = 2_000;

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Sessions of each stream.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=100_000))]
    pub sessions: u32,
    /// Streams, one after the other, each of a practice of its own.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub rounds: u32,
    /// Folder for JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    frame: Frame,
    sessions: u32,
    required_ratio: f64,
    rounds: Vec<Round>,
}

#[derive(Debug, Serialize)]
struct Round {
    stream_sessions_per_second: f64,
    copy_sessions_per_second: f64,
    ratio: f64,
    /// The whole process, services and generator, after the first tenth of the stream, and at its most.
    early_mib: f64,
    most_mib: f64,
}

impl Round {
    fn growth_mib(&self) -> f64 {
        self.most_mib - self.early_mib
    }
}

/// Measures and tells.
///
/// # Errors
/// Something cannot be measured, or a session is refused or missing.
pub async fn run(options: &Options, stage: &Stage, clock: &Clock) -> Result<()> {
    let report = until_stopped(measure(options, stage, clock)).await?;
    let told = (&report, table(&report));
    report.frame.tell(&options.results, "bulk-sessions", told)
}

async fn measure(options: &Options, stage: &Stage, clock: &Clock) -> Result<Report> {
    let frame = Frame::begin(&stage.database_url, clock).await?;
    let channel = seed::connect(&stage.suite.ports.url("billing")).await?;
    let warm = seed::people(stage, clock).await?;
    stream(&channel, &warm, WARM_UP, clock).await?;
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let people = seed::people(stage, clock).await?;
        let count = usize::try_from(options.sessions)?;
        let streamed = stream(&channel, &people, count, clock).await?;
        let copied = copy::sessions(&stage.database_url, &people.practice_id);
        let copied = progress::timed("COPY", WARM_UP_COPY, copied).await?;
        let rate = |taken: Duration| f64::from(options.sessions) / taken.as_secs_f64();
        let round = Round {
            stream_sessions_per_second: rate(streamed.taken),
            copy_sessions_per_second: rate(copied),
            ratio: copied.as_secs_f64() / streamed.taken.as_secs_f64(),
            early_mib: streamed.early_mib,
            most_mib: streamed.most_mib,
        };
        println!("  round {number}: ratio {:.2}", round.ratio);
        rounds.push(round);
    }
    Ok(Report {
        frame,
        sessions: options.sessions,
        required_ratio: REQUIRED_RATIO,
        rounds,
    })
}

/// What the bar of a COPY expects.
const WARM_UP_COPY: Duration = Duration::from_secs(3);

struct Streamed {
    taken: Duration,
    early_mib: f64,
    most_mib: f64,
}

/// Sends so many sessions and reads every result. Errors: one is refused or has no result.
async fn stream(
    channel: &Channel,
    people: &People,
    count: usize,
    clock: &Clock,
) -> Result<Streamed> {
    let bar = progress::counted("streaming sessions", u64::try_from(count)?);
    let items = items(people, count, clock);
    let request = people.owner.request(items, TIMEOUT);
    let begun = Instant::now();
    let answers = SessionServiceClient::new(channel.clone())
        .record_sessions(request)
        .await;
    let mut answers = answers.context("a stream of sessions")?.into_inner();
    let (mut last, mut early, mut most) = (RecordSessionsResponse::default(), 0, 0);
    while let Some(answer) = answers.message().await.context("a stream of sessions")? {
        bar.set_position(u64::try_from(answer.received)?);
        let resident = resident::kib("self")?;
        if usize::try_from(answer.received)? <= count / 10 {
            early = resident;
        }
        most = most.max(resident);
        last = answer;
    }
    let taken = begun.elapsed();
    bar.finish_and_clear();
    if usize::try_from(last.accepted)? != count {
        bail!(
            "of {count} sessions {} were recorded: {:?}",
            last.accepted,
            last.results.first()
        );
    }
    let mib = |kib: u64| kib as f64 / 1_024.0;
    Ok(Streamed {
        taken,
        early_mib: mib(early),
        most_mib: mib(most),
    })
}

/// Made one by one as they are sent, so that the generator holds none.
fn items(
    people: &People,
    count: usize,
    clock: &Clock,
) -> impl futures::Stream<Item = RecordSessionsRequest> + Send + 'static {
    let (practice_id, clinician_id) = (people.practice_id.clone(), people.clinician_id.clone());
    let (clients, clock) = (people.clients.clone(), clock.clone());
    let start = clock.now().as_second();
    futures::stream::iter((0..count).zip(0..).map(move |(at, second): (usize, i64)| {
        RecordSessionsRequest {
            practice_id: practice_id.clone(),
            request_id: clock.uuid().to_string(),
            session: Some(Session {
                client_id: clients.get(at % clients.len()).cloned().unwrap_or_default(),
                clinician_id: clinician_id.clone(),
                start_time: Some(prost_types::Timestamp {
                    seconds: start - second * 60,
                    nanos: 0,
                }),
                outcome: Outcome::Completed.into(),
                lines: vec![ServiceLine {
                    service_code: "90837".to_owned(),
                    description: "Psychotherapy, 60 minutes".to_owned(),
                    modifiers: vec!["95".to_owned()],
                    units: 1,
                    unit_price: Some(dollars(15_000)),
                    ..ServiceLine::default()
                }],
                diagnosis_codes: vec!["F41.1".to_owned(), "F43.10".to_owned()],
                place_of_service: "10".to_owned(),
                external_reference: format!("ENC-{at}"),
                ..Session::default()
            }),
        }
    }))
}

fn table(report: &Report) -> String {
    let mut text = format!(
        "\n  Sessions in bulk: {} a stream, {} processors, Postgres {} (fsync {}, synchronous_commit {})\n\n  \
         {:>8}  {:>8}  {:>5}  {:>9}  {:>8}\n",
        report.sessions,
        report.frame.processors,
        report.frame.server.version,
        report.frame.server.fsync,
        report.frame.server.synchronous_commit,
        "stream/s",
        "COPY/s",
        "ratio",
        "early MiB",
        "most MiB",
    );
    for round in &report.rounds {
        text += &format!(
            "  {:>8.0}  {:>8.0}  {:>5.2}  {:>9.1}  {:>8.1}\n",
            round.stream_sessions_per_second,
            round.copy_sessions_per_second,
            round.ratio,
            round.early_mib,
            round.most_mib,
        );
    }
    let worst = |figure: fn(&Round) -> f64, pick: fn(f64, f64) -> f64| {
        report
            .rounds
            .iter()
            .map(figure)
            .reduce(pick)
            .unwrap_or_default()
    };
    let ratio = worst(|round| round.ratio, f64::min);
    let growth = worst(Round::growth_mib, f64::max);
    text += &format!(
        "\n  Ratio {ratio:.2} of the {REQUIRED_RATIO:.2} it must be (aim {AIM_RATIO:.2}): {}. Memory grew by {growth:.1} \
         MiB over a stream: {}.\n",
        if ratio >= REQUIRED_RATIO {
            "reached"
        } else {
            "missed"
        },
        if growth <= GROWTH_MIB {
            "flat"
        } else {
            "NOT flat"
        },
    );
    text + report.frame.caveat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ratio: f64, most_mib: f64) -> Report {
        Report {
            frame: Frame::example(true),
            sessions: 20_000,
            required_ratio: REQUIRED_RATIO,
            rounds: vec![
                Round {
                    stream_sessions_per_second: 9_000.0,
                    copy_sessions_per_second: 18_000.0,
                    ratio: 0.5,
                    early_mib: 200.0,
                    most_mib: 204.0,
                },
                Round {
                    stream_sessions_per_second: 18_000.0 * ratio,
                    copy_sessions_per_second: 18_000.0,
                    ratio,
                    early_mib: 200.0,
                    most_mib,
                },
            ],
        }
    }

    #[test]
    fn the_worst_round_is_the_verdict() {
        let text = table(&report(0.3, 210.0));
        assert!(
            text.contains("Ratio 0.30 of the 0.20 it must be (aim 0.50): reached"),
            "{text}"
        );
        assert!(
            text.contains("grew by 10.0 MiB over a stream: flat"),
            "{text}"
        );
        let text = table(&report(0.1, 300.0));
        assert!(text.contains("missed"), "{text}");
        assert!(text.contains("NOT flat"), "{text}");
    }
}
