//! The calls of ImportService, as a member of the practice's staff makes them.

use super::files::File;
use crate::demo::SignIn;
use crate::demo::gateway::{Gateway, Refusal};
use anyhow::{Context as _, Error, Result, anyhow, bail};
use clock::Clock;
use ids::PracticeId;
use proto::billing::v1::{
    CommitImportRequest, CommitImportResponse, ExpectedTotals, GetImportResponse, Import,
    ImportError, ImportState, ListImportErrorsResponse, PrepareImportRequest,
    PrepareImportResponse, StartImportRequest, StartImportResponse, UndoImportRequest,
    UndoImportResponse, UploadImportFileResponse,
};
use std::time::Duration;
use tonic::Code;

/// How often it is asked whether a large import is taken, and for how long.
const ASK_EVERY: Duration = Duration::from_secs(2);
const ASKED_MAX: u32 = 900;

/// A practice at the gateway, signed in.
pub struct Session {
    gateway: Gateway,
    practice: PracticeId,
    clock: Clock,
}

impl Session {
    /// Signs in.
    ///
    /// # Errors
    /// No suite there, a sign-in that is refused or of another practice.
    pub async fn open(
        gateway: &str,
        practice: PracticeId,
        staff: SignIn,
        clock: Clock,
    ) -> Result<Self> {
        let mut gateway = Gateway::at(gateway, clock.clone())?;
        let signed_in = gateway.sign_in(staff).await.context("sign in")?;
        if signed_in != practice.to_string() {
            bail!("this sign-in is of {signed_in}, not of {practice}");
        }
        Ok(Self {
            gateway,
            practice,
            clock,
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/practices/{}/imports{rest}", self.practice)
    }

    fn request_id(&self) -> String {
        self.clock.uuid().to_string()
    }

    /// Begins an import and answers its id.
    ///
    /// # Errors
    /// A refusal.
    pub async fn start(&self) -> Result<String> {
        let body = StartImportRequest {
            request_id: self.request_id(),
            ..StartImportRequest::default()
        };
        let answer = self.gateway.post(&self.path(""), &body).await;
        let answer: StartImportResponse = answer.map_err(told).context("begin")?;
        Ok(had(answer.import)?.import_id)
    }

    /// Uploads a file.
    ///
    /// # Errors
    /// A refusal, or a line that no request can hold.
    pub async fn upload(&mut self, import: &str, file: &File) -> Result<()> {
        for (part, content) in (1..).zip(file.parts()?) {
            self.gateway.renew().await.map_err(told)?;
            let kind = file.kind.contract().as_str_name();
            let request_id = self.request_id();
            let query = format!("kind={kind}&part={part}&request_id={request_id}");
            let path = self.path(&format!("/{import}/files?{query}"));
            let sent = self.gateway.upload(&path, "text/csv", content).await;
            let _: UploadImportFileResponse = sent
                .map_err(told)
                .with_context(|| format!("{}.csv", file.kind.name()))?;
        }
        Ok(())
    }

    /// Has the files read and checked.
    ///
    /// # Errors
    /// A refusal.
    pub async fn prepare(&self, import: &str) -> Result<Import> {
        let body = PrepareImportRequest {
            request_id: self.request_id(),
            ..PrepareImportRequest::default()
        };
        let path = self.path(&format!("/{import}:prepare"));
        let answer: PrepareImportResponse = self.gateway.post(&path, &body).await.map_err(told)?;
        had(answer.import)
    }

    /// All errors that are kept, by file and line.
    ///
    /// # Errors
    /// A refusal.
    pub async fn errors(&self, import: &str) -> Result<Vec<ImportError>> {
        let mut errors = Vec::new();
        let mut page_token = String::new();
        loop {
            let query = format!("page_size=500&page_token={page_token}");
            let path = self.path(&format!("/{import}/errors?{query}"));
            let page: ListImportErrorsResponse = self.gateway.get(&path).await.map_err(told)?;
            errors.extend(page.errors);
            if page.next_page_token.is_empty() {
                return Ok(errors);
            }
            page_token = page.next_page_token;
        }
    }

    /// Has everything taken, and waits until it is.
    ///
    /// # Errors
    /// A refusal; among them totals that are not the expected ones.
    pub async fn commit(&mut self, import: &str, expected: Vec<ExpectedTotals>) -> Result<()> {
        let body = CommitImportRequest {
            request_id: self.request_id(),
            expected,
            ..CommitImportRequest::default()
        };
        let path = self.path(&format!("/{import}:commit"));
        let answer: Result<CommitImportResponse, _> = self.gateway.post(&path, &body).await;
        match answer {
            Ok(_) => Ok(()),
            // It goes on without us.
            Err(refusal) if refusal.code == Code::DeadlineExceeded => {
                self.until_taken(import).await
            }
            Err(refusal) => Err(told(refusal)),
        }
    }

    async fn until_taken(&mut self, import: &str) -> Result<()> {
        for _ in 0..ASKED_MAX {
            self.gateway.renew().await.map_err(told)?;
            if self.get(import).await?.state() == ImportState::Committed {
                return Ok(());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        bail!("{import} is not taken yet; it may still be")
    }

    async fn get(&self, import: &str) -> Result<Import> {
        let path = self.path(&format!("/{import}"));
        let answer: GetImportResponse = self.gateway.get(&path).await.map_err(told)?;
        had(answer.import)
    }

    /// Takes an import back.
    ///
    /// # Errors
    /// A refusal; what is in the way is in it.
    pub async fn undo(&self, import: &str) -> Result<()> {
        let body = UndoImportRequest {
            request_id: self.request_id(),
            ..UndoImportRequest::default()
        };
        let path = self.path(&format!("/{import}:undo"));
        let _: UndoImportResponse = self.gateway.post(&path, &body).await.map_err(told)?;
        Ok(())
    }

    /// Drops an import that was not taken; one that was is left alone.
    ///
    /// # Errors
    /// A refusal.
    pub async fn drop_open(&self, import: &str) -> Result<()> {
        match self.get(import).await?.state() {
            ImportState::Open | ImportState::Prepared => self.undo(import).await,
            ImportState::Unspecified | ImportState::Committed | ImportState::Undone => Ok(()),
        }
    }
}

fn had(import: Option<Import>) -> Result<Import> {
    import.context("the answer has no import")
}

/// In words, with everything that it names below.
fn told(refusal: Refusal) -> Error {
    let named = refusal.named.iter().map(|named| format!("\n  {named}"));
    anyhow!("{}{}", refusal, named.collect::<String>())
}
