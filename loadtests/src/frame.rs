//! What all scenarios have in common: where and when they were run, and how their figures are kept.

use crate::baseline::{self, Server};
use anyhow::{Context as _, Result};
use clock::Clock;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Waits for what is measured. Errors: its own, and that it was stopped.
pub async fn until_stopped<T>(measuring: impl Future<Output = Result<T>>) -> Result<T> {
    let stop = evenkeel::up::terminated();
    let measured = stop.run_until_cancelled(Box::pin(measuring)).await;
    measured.context("stopped")?
}

/// What a report begins with.
#[derive(Debug, Serialize)]
pub struct Frame {
    /// When it began, UTC.
    pub begin_time: String,
    /// Figures of a debug build say nothing.
    pub release_build: bool,
    /// Processors that all shared: server, services, generator.
    pub processors: usize,
    /// The server.
    pub server: Server,
}

impl Frame {
    /// Of what begins now. Errors: the server does not answer.
    pub async fn begin(database_url: &str, clock: &Clock) -> Result<Self> {
        Ok(Self {
            begin_time: clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            release_build: !cfg!(debug_assertions),
            processors: std::thread::available_parallelism()?.get(),
            server: baseline::server(database_url).await?,
        })
    }

    /// What has to be said below a table; empty for a release build.
    pub const fn caveat(&self) -> &'static str {
        if self.release_build {
            ""
        } else {
            "  This is a debug build: its figures say nothing. Run with --release.\n"
        }
    }

    /// A file for the report of a scenario, in a folder that is made when it is missing.
    pub fn file(&self, folder: &Path, scenario: &str, extension: &str) -> Result<PathBuf> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let time = self.begin_time.replace(':', "-");
        Ok(folder.join(format!("{scenario}-{time}.{extension}")))
    }

    /// Says a scenario's table, writes its report as JSON, and says where.
    pub fn tell(
        &self,
        folder: &Path,
        scenario: &str,
        (report, table): (&impl Serialize, String),
    ) -> Result<()> {
        println!("{table}");
        let path = self.file(folder, scenario, "json")?;
        fs::write(&path, serde_json::to_vec_pretty(report)?)?;
        println!("  {}", path.display());
        Ok(())
    }

    /// Of a run that never was.
    #[cfg(test)]
    pub fn example(release_build: bool) -> Self {
        Self {
            begin_time: "2026-11-24T06:00:00Z".to_owned(),
            release_build,
            processors: 2,
            server: Server {
                version: "18.4".to_owned(),
                fsync: "on".to_owned(),
                synchronous_commit: "on".to_owned(),
            },
        }
    }
}
