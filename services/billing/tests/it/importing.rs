//! What the stories of imports are told with.

use crate::app::TestApp;
use proto::billing::v1::import_service_client::ImportServiceClient;
use proto::billing::v1::{
    AddClinicianRequest, Client, Clinician, CommitImportRequest, ExpectedTotals, Import,
    ImportFileKind, ListClientsRequest, PrepareImportRequest, StartImportRequest,
    UndoImportRequest, UploadImportFileRequest,
};
use proto::google::api::HttpBody;
use rpc::Connection;
use std::collections::BTreeMap;
use testkit::request_id;
use tonic::Status;

pub const CLIENTS: &str = "client_id,given_name,family_name,email\n\
    C-1,Grace,Hopper,grace@example.org\n\
    C-2,Alan,Turing,\n";

/// The NPI of the clinician of sessions.
pub const NPI: &str = "1234567893";

impl TestApp {
    pub fn imports(&self) -> ImportServiceClient<Connection> {
        ImportServiceClient::new(self.owner_of(self.practice))
    }

    pub async fn start_import(&self) -> Import {
        let request = StartImportRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
        };
        let started = self.imports().start_import(request).await.expect("begun");
        started.into_inner().import.expect("an import")
    }

    pub fn part(
        &self,
        import: &Import,
        (kind, part): (ImportFileKind, i32),
        content: impl AsRef<[u8]>,
    ) -> UploadImportFileRequest {
        UploadImportFileRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            import_id: import.import_id.clone(),
            kind: kind.into(),
            part,
            content: Some(HttpBody {
                content_type: "text/csv".to_owned(),
                data: content.as_ref().to_vec().into(),
                extensions: Vec::new(),
            }),
        }
    }

    pub async fn upload(&self, import: &Import, kind: ImportFileKind, text: &str) {
        let part = self.part(import, (kind, 0), text);
        let mut imports = self.imports();
        imports.upload_import_file(part).await.expect("uploaded");
    }

    pub async fn prepare(&self, import: &Import) -> Import {
        let request = PrepareImportRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            import_id: import.import_id.clone(),
        };
        let mut imports = self.imports();
        let prepared = imports.prepare_import(request).await.expect("prepared");
        prepared.into_inner().import.expect("an import")
    }

    /// An import of these files, read and checked.
    pub async fn prepared(&self, files: &[(ImportFileKind, &str)]) -> Import {
        let import = self.start_import().await;
        for (kind, text) in files {
            self.upload(&import, *kind, text).await;
        }
        self.prepare(&import).await
    }

    /// Asks to take what was found.
    pub fn commit_request(&self, import: &Import) -> CommitImportRequest {
        let expected = import.files.iter().map(|file| ExpectedTotals {
            kind: file.kind,
            row_count: file.row_count,
            amount: file.amount.clone(),
        });
        CommitImportRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            import_id: import.import_id.clone(),
            expected: expected.collect(),
        }
    }

    pub async fn commit(&self, import: &Import) -> Result<Import, Status> {
        let request = self.commit_request(import);
        let taken = self.imports().commit_import(request).await?;
        Ok(taken.into_inner().import.expect("an import"))
    }

    /// An import of these files, taken.
    pub async fn taken(&self, files: &[(ImportFileKind, &str)]) -> Import {
        let import = self.prepared(files).await;
        assert_eq!(import.errors, []);
        self.commit(&import).await.expect("taken")
    }

    pub async fn undo(&self, import: &Import) -> Result<Import, Status> {
        let request = UndoImportRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            import_id: import.import_id.clone(),
            ..UndoImportRequest::default()
        };
        let undone = self.imports().undo_import(request).await?;
        Ok(undone.into_inner().import.expect("an import"))
    }

    /// The client whom the former system knows by this id.
    pub async fn client_named(&self, reference: &str) -> Option<Client> {
        let request = ListClientsRequest {
            practice_id: self.practice.to_string(),
            external_reference: reference.to_owned(),
            ..ListClientsRequest::default()
        };
        let found = self.people().list_clients(request).await.expect("listed");
        found.into_inner().clients.pop()
    }

    pub async fn clinician_with_npi(&self) {
        let request = AddClinicianRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            clinician: Some(Clinician {
                name: "Dr. Okafor".to_owned(),
                npi: NPI.to_owned(),
                ..Clinician::default()
            }),
        };
        let mut people = self.people();
        people.add_clinician(request).await.expect("added");
    }

    /// What stands in each account of the books, without those where nothing does.
    pub async fn standing(&self) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select kind || ' ' || account_id, debits_minor - credits_minor
            from billing.accounts
            where practice_id = $1 and debits_minor <> credits_minor",
        )
        .bind(self.practice.uuid())
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read");
        rows.into_iter().collect()
    }

    /// Rows of a table of the practice.
    pub async fn rows_of(&self, table: &'static str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from billing.{table} where practice_id = $1"
        )))
        .bind(self.practice.uuid())
        .fetch_one(self.db.owner_pool())
        .await
        .expect("counted")
    }
}
