use crate::app::TestApp;
use crate::importing::NPI;
use proto::billing::v1::{Import, ImportFileKind, ImportState};
use std::fmt::Write as _;
use std::time::Duration;
use tonic::Code;

/// A practice of so many clients, half of whom owe something, each with so many sessions.
fn practice(clients: usize, sessions: usize) -> Vec<(ImportFileKind, String)> {
    let mut people = "client_id,given_name,family_name,email,city\n".to_owned();
    let mut owed = "client_id,amount,as_of_date\n".to_owned();
    let mut held = "session_id,client_id,clinician_npi,date,time,service_code,description,unit_price,outcome,diagnosis_codes\n".to_owned();
    for client in 0..clients {
        writeln!(
            people,
            "C-{client},Client,Number {client},c{client}@example.org,Boston"
        )
        .expect("a text");
        if client % 2 == 0 {
            writeln!(owed, "C-{client},{}.50,2026-01-31", client + 1).expect("a text");
        }
        for session in 0..sessions {
            writeln!(held, "S-{client}-{session},C-{client},{NPI},2026-02-02,10:00,90837,Psychotherapy,150.00,completed,F41.1").expect("a text");
        }
    }
    vec![
        (ImportFileKind::Clients, people),
        (ImportFileKind::OpeningBalances, owed),
        (ImportFileKind::Sessions, held),
    ]
}

impl TestApp {
    /// An import of files of any size, read and checked.
    async fn prepared_of_any_size(&self, files: &[(ImportFileKind, String)]) -> Import {
        let import = self.start_import().await;
        for (kind, text) in files {
            let mut parts = vec![String::new()];
            for line in text.lines() {
                if parts.last().is_some_and(|part| part.len() > 900_000) {
                    parts.push(String::new());
                }
                let part = parts.last_mut().expect("a part");
                writeln!(part, "{line}").expect("a text");
            }
            for (part, text) in (1..).zip(parts) {
                let part = self.part(&import, (*kind, part), text);
                self.imports()
                    .upload_import_file(part)
                    .await
                    .expect("uploaded");
            }
        }
        self.prepare(&import).await
    }

    /// Cuts the connection that writes bills; false when there is none yet.
    async fn cut_off(&self) -> bool {
        let cut: Vec<bool> = sqlx::query_scalar(
            "select pg_terminate_backend(pid)
            from pg_stat_activity
            where datname = current_database() and query like '%insert into billing.bill_lines%'
                and pid <> pg_backend_pid() and xact_start is not null",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("asked");
        !cut.is_empty()
    }
}

/// F1: the database goes away while half of the bills are written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r10_a_commit_that_is_cut_in_the_middle_leaves_nothing_half_done() {
    let app = TestApp::start().await;
    app.clinician_with_npi().await;
    let before = app.standing().await;
    let import = app.prepared_of_any_size(&practice(2_000, 1)).await;
    assert_eq!(import.error_count, 0, "{:?}", import.errors);
    let cut = async {
        while !app.cut_off().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (taken, ()) = tokio::join!(app.commit(&import), cut);
    let status = taken.expect_err("cut off");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(app.standing().await, before);
    for table in ["bills", "sessions", "import_items", "entries"] {
        assert_eq!(app.rows_of(table).await, 0, "{table}");
    }
    assert_eq!(app.client_named("C-7").await, None);
    let taken = app.commit(&import).await.expect("again goes well");
    assert_eq!(taken.state(), ImportState::Committed);
    assert_eq!(app.rows_of("bills").await, 1_000);
    app.finish().await;
}
