//! A practice's former books: files uploaded and checked, taken in one transaction, and taken back, against COPY of the
//! sessions among them.

use crate::frame::{Frame, until_stopped};
use crate::seed::{self, NPI, People};
use crate::stage::{Stage, StageOptions};
use crate::{copy, progress};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use clock::Clock;
use proto::billing::v1::import_service_client::ImportServiceClient;
use proto::billing::v1::{
    CommitImportRequest, ExpectedTotals, GetImportRequest, Import, ImportFileKind, ImportState,
    PrepareImportRequest, StartImportRequest, UndoImportRequest, UploadImportFileRequest,
};
use proto::google::api::HttpBody;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tonic::transport::Channel;
use tonic::{Code, Status};

/// For an answer; what takes longer goes on without us.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// For what goes on without us.
const PATIENCE: Duration = Duration::from_secs(600);
/// Of one part of a file.
const PART_BYTES: usize = 900_000;
const SESSIONS: u32 = 3;
/// What the bars expect.
const ABOUT: Duration = Duration::from_secs(20);

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Numbers of clients, one practice each: half of them owe something, each has had three sessions.
    #[arg(long, value_delimiter = ',', default_values_t = [4_444, 22_222], value_parser = clap::value_parser!(u32).range(100..=25_000))]
    pub clients: Vec<u32>,
    /// Folder for JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    frame: Frame,
    practices: Vec<Imported>,
}

#[derive(Debug, Serialize)]
struct Imported {
    rows: u32,
    checked_seconds: f64,
    taken_seconds: f64,
    /// COPY of the sessions that came of it.
    copy_seconds: f64,
    undone_seconds: f64,
}

/// Measures and tells.
///
/// # Errors
/// Something cannot be measured, or a row is refused.
pub async fn run(options: &Options, stage: &Stage, clock: &Clock) -> Result<()> {
    let report = until_stopped(measure(options, stage, clock)).await?;
    let told = (&report, table(&report));
    report.frame.tell(&options.results, "import-practice", told)
}

async fn measure(options: &Options, stage: &Stage, clock: &Clock) -> Result<Report> {
    let frame = Frame::begin(&stage.database_url, clock).await?;
    let channel = seed::connect(&stage.suite.ports.url("billing")).await?;
    let mut practices = Vec::new();
    for clients in options.clients.iter().copied() {
        let importer = Importer {
            channel: channel.clone(),
            people: seed::people(stage, clock).await?,
            clock: clock.clone(),
        };
        let files = files(clients)?;
        let begun = Instant::now();
        let import = progress::timed("upload and check", ABOUT, importer.prepared(&files)).await?;
        let checked = begun.elapsed();
        let taken = progress::timed("take", ABOUT, importer.take(&import)).await?;
        let copied = copy::sessions(&stage.database_url, &importer.people.practice_id);
        let copied = progress::timed("COPY", ABOUT, copied).await?;
        let undone = progress::timed("take back", ABOUT, importer.undo(&import)).await?;
        practices.push(Imported {
            rows: clients + clients.div_ceil(2) + clients * SESSIONS,
            checked_seconds: checked.as_secs_f64(),
            taken_seconds: taken.as_secs_f64(),
            copy_seconds: copied.as_secs_f64(),
            undone_seconds: undone.as_secs_f64(),
        });
    }
    Ok(Report { frame, practices })
}

/// The files of a practice.
fn files(clients: u32) -> Result<Vec<(ImportFileKind, String)>> {
    let mut people = "client_id,given_name,family_name,email,city\n".to_owned();
    let mut owed = "client_id,amount,as_of_date\n".to_owned();
    let mut held =
        "session_id,client_id,clinician_npi,date,time,service_code,description,unit_price,outcome,\
                    diagnosis_codes\n"
            .to_owned();
    for client in 0..clients {
        writeln!(
            people,
            "C-{client},Client,Number {client},c{client}@load.example,Boston"
        )?;
        if client % 2 == 0 {
            writeln!(owed, "C-{client},{}.50,2026-01-31", client + 1)?;
        }
        for session in 0..SESSIONS {
            writeln!(
                held,
                "S-{client}-{session},C-{client},{NPI},2026-02-02,10:00,90837,Psychotherapy,150.00,completed,F41.1"
            )?;
        }
    }
    Ok(vec![
        (ImportFileKind::Clients, people),
        (ImportFileKind::OpeningBalances, owed),
        (ImportFileKind::Sessions, held),
    ])
}

/// The owner of a practice who brings its books.
struct Importer {
    channel: Channel,
    people: People,
    clock: Clock,
}

impl Importer {
    fn imports(&self) -> ImportServiceClient<Channel> {
        ImportServiceClient::new(self.channel.clone())
    }

    fn request<T>(&self, message: T) -> tonic::Request<T> {
        self.people.owner.request(message, TIMEOUT)
    }

    /// Uploads the files and has them checked. Errors: a row is refused.
    async fn prepared(&self, files: &[(ImportFileKind, String)]) -> Result<Import> {
        let (practice_id, request_id) = self.place();
        let start = StartImportRequest {
            practice_id,
            request_id,
        };
        let started = self.imports().start_import(self.request(start)).await?;
        let import = started.into_inner().import.context("no import")?;
        for (kind, text) in files {
            for (part, text) in (1..).zip(parts(text)) {
                self.upload(&import, (*kind, part), text).await?;
            }
        }
        let (practice_id, request_id) = self.place();
        let prepare = PrepareImportRequest {
            practice_id,
            request_id,
            import_id: import.import_id,
        };
        let prepared = self.imports().prepare_import(self.request(prepare)).await?;
        let import = prepared.into_inner().import.context("no import")?;
        if import.error_count > 0 {
            bail!("rows are refused: {:?}", import.errors.first());
        }
        Ok(import)
    }

    async fn upload(
        &self,
        import: &Import,
        (kind, part): (ImportFileKind, i32),
        text: String,
    ) -> Result<()> {
        let (practice_id, request_id) = self.place();
        let upload = UploadImportFileRequest {
            practice_id,
            request_id,
            import_id: import.import_id.clone(),
            kind: kind.into(),
            part,
            content: Some(HttpBody {
                content_type: "text/csv".to_owned(),
                data: text.into_bytes().into(),
                extensions: Vec::new(),
            }),
        };
        self.imports()
            .upload_import_file(self.request(upload))
            .await?;
        Ok(())
    }

    async fn take(&self, import: &Import) -> Result<Duration> {
        let expected = import.files.iter().map(|file| ExpectedTotals {
            kind: file.kind,
            row_count: file.row_count,
            amount: file.amount.clone(),
        });
        let (practice_id, request_id) = self.place();
        let commit = CommitImportRequest {
            practice_id,
            request_id,
            import_id: import.import_id.clone(),
            expected: expected.collect(),
        };
        let begun = Instant::now();
        let answer = self.imports().commit_import(self.request(commit)).await;
        self.reached(import, answer.map(drop), ImportState::Committed)
            .await?;
        Ok(begun.elapsed())
    }

    async fn undo(&self, import: &Import) -> Result<Duration> {
        let (practice_id, request_id) = self.place();
        let undo = UndoImportRequest {
            practice_id,
            request_id,
            import_id: import.import_id.clone(),
            ..UndoImportRequest::default()
        };
        let begun = Instant::now();
        let answer = self.imports().undo_import(self.request(undo)).await;
        self.reached(import, answer.map(drop), ImportState::Undone)
            .await?;
        Ok(begun.elapsed())
    }

    /// Returns when it is so, also when the answer was not waited for.
    async fn reached(
        &self,
        import: &Import,
        answer: Result<(), Status>,
        state: ImportState,
    ) -> Result<()> {
        match answer {
            Ok(()) => return Ok(()),
            Err(status) if status.code() == Code::DeadlineExceeded => {}
            Err(status) => return Err(status.into()),
        }
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let get = GetImportRequest {
                practice_id: self.people.practice_id.clone(),
                import_id: import.import_id.clone(),
            };
            let got = self.imports().get_import(self.request(get)).await?;
            if got.into_inner().import.context("no import")?.state() == state {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("the import is not {} in time", state.as_str_name())
    }

    fn place(&self) -> (String, String) {
        let practice_id = self.people.practice_id.clone();
        (practice_id, self.clock.uuid().to_string())
    }
}

/// A file as it is uploaded: in parts that end with a line.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        match parts.last_mut() {
            Some(part) if part.len() <= PART_BYTES => part.push_str(line),
            Some(_) | None => parts.push(line.to_owned()),
        }
    }
    parts
}

fn table(report: &Report) -> String {
    let frame = &report.frame;
    let mut text = format!(
        "\n  Imports of practices: {} processors, Postgres {} (fsync {})\n\n  {:>7}  {:>9}  {:>7}  {:>6}  {:>5}  {:>11}\n",
        frame.processors,
        frame.server.version,
        frame.server.fsync,
        "rows",
        "checked s",
        "taken s",
        "COPY s",
        "ratio",
        "taken back s",
    );
    for one in &report.practices {
        text += &format!(
            "  {:>7}  {:>9.1}  {:>7.1}  {:>6.1}  {:>5.2}  {:>11.1}\n",
            one.rows,
            one.checked_seconds,
            one.taken_seconds,
            one.copy_seconds,
            one.copy_seconds / one.taken_seconds,
            one.undone_seconds,
        );
    }
    text += "\n  COPY is of the sessions alone, without the bills, entries and accounts that an import makes.\n";
    text + frame.caveat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_lines_and_all_of_them() {
        let files = files(20_000).expect("texts");
        for (_, text) in &files {
            let parts = parts(text);
            assert!(parts.iter().all(|part| part.ends_with('\n')));
            assert_eq!(&parts.concat(), text);
        }
        let held = files.last().map(|(_, text)| parts(text).len());
        assert!(held > Some(1), "{held:?}");
    }

    #[test]
    fn the_table_says_the_ratio_to_copy() {
        let text = table(&Report {
            frame: Frame::example(true),
            practices: vec![Imported {
                rows: 20_000,
                checked_seconds: 2.0,
                taken_seconds: 8.0,
                copy_seconds: 1.0,
                undone_seconds: 4.0,
            }],
        });
        assert!(
            text.contains("20000        2.0      8.0     1.0   0.12"),
            "{text}"
        );
    }
}
