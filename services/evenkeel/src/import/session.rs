//! The calls of ImportService, as a member of the practice's staff makes them.

use super::files::File;
use crate::demo::SignIn;
use crate::demo::gateway::{Gateway, Refusal};
use anyhow::{Context as _, Error, Result, anyhow, bail};
use clock::Clock;
use ids::PracticeId;
use jiff::SignedDuration;
use proto::billing::v1::{
    CommitImportRequest, CommitImportResponse, ExpectedTotals, GetImportResponse, Import,
    ImportError, ImportState, ListImportErrorsResponse, PrepareImportRequest,
    PrepareImportResponse, StartImportRequest, StartImportResponse, UndoImportRequest,
    UndoImportResponse, UploadImportFileResponse,
};
use std::time::Duration;
use tonic::Code;

/// How often it is asked what became of a commit, and for how long.
const ASK_EVERY: Duration = Duration::from_secs(2);
const ASKED_FOR: SignedDuration = SignedDuration::from_mins(30);

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

    /// Has everything taken, and asks again, with the same request, until it is told what became of it: an answer may be
    /// lost, and a large import goes on while nobody waits for it.
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
        let give_up = self.clock.now().saturating_add(ASKED_FOR)?;
        loop {
            let answer: Result<CommitImportResponse, _> = self.gateway.post(&path, &body).await;
            match answer {
                Ok(_) => return Ok(()),
                Err(refusal) if !may_be_under_way(&refusal) => return Err(told(refusal)),
                Err(refusal) if self.clock.now() > give_up => {
                    let unknown = format!("whether {import} is taken is not known");
                    return Err(told(refusal).context(unknown));
                }
                Err(refusal) => eprintln!("{import} is being taken ({refusal}); asking again"),
            }
            tokio::time::sleep(ASK_EVERY).await;
            self.gateway.renew().await.map_err(told)?;
        }
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
        let wanted = UndoImportRequest::default();
        self.ask_undo(import, wanted).await.map_err(told)
    }

    /// Drops an import that was not taken; one that was is left alone. Answers whether it was taken.
    ///
    /// # Errors
    /// A refusal.
    pub async fn drop_open(&self, import: &str) -> Result<bool> {
        let wanted = UndoImportRequest {
            only_uncommitted: true,
            ..UndoImportRequest::default()
        };
        match self.ask_undo(import, wanted).await {
            Ok(()) => Ok(false),
            Err(refusal) if refusal.reason == "IMPORT_CLOSED" => {
                Ok(self.get(import).await?.state() == ImportState::Committed)
            }
            Err(refusal) => Err(told(refusal)),
        }
    }

    async fn ask_undo(&self, import: &str, wanted: UndoImportRequest) -> Result<(), Refusal> {
        let body = UndoImportRequest {
            request_id: self.request_id(),
            ..wanted
        };
        let path = self.path(&format!("/{import}:undo"));
        let _: UndoImportResponse = self.gateway.post(&path, &body).await?;
        Ok(())
    }
}

/// Whether a commit that was answered so may go on, or have gone well.
fn may_be_under_way(refusal: &Refusal) -> bool {
    refusal.code == Code::DeadlineExceeded || refusal.invites_repeat()
}

fn had(import: Option<Import>) -> Result<Import> {
    import.context("the answer has no import")
}

/// In words, with everything that it names below.
fn told(refusal: Refusal) -> Error {
    let named = refusal.named.iter().map(|named| format!("\n  {named}"));
    anyhow!("{}{}", refusal, named.collect::<String>())
}
