//! R10: a practice comes from its former system by the command line.

use crate::workshop::{Workshop, said};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testkit::{eventually, request_id};

const EMAIL: &str = "owner@riverside.example";
const PASSWORD: &str = "riverside-story-sign-in";
const CLIENTS: &str = "client_id,given_name,family_name\nC-1,Grace,Hopper\nC-2,Alan,Turing\n";
const BALANCES: &str = "client_id,amount,as_of_date\nC-1,40.00,2026-02-27\n";
const CREDITS: &str = "client_id,amount,date\nC-2,25.50,2026-02-27\n";

/// A suite that runs, with a practice.
struct Stage {
    workshop: Workshop,
    up: Child,
    /// Open while it runs: it says when it ends.
    _said: Lines<BufReader<ChildStdout>>,
    practice: String,
    folder: TempDir,
}

impl Stage {
    async fn start() -> Self {
        let workshop = Workshop::new("import");
        let mut up = workshop
            .evenkeel("up")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("runs");
        let mut said = BufReader::new(up.stdout.take().expect("piped")).lines();
        let ready = said.any(|line| line.expect("text").contains("Ctrl-C"));
        assert!(ready, "up ended early");
        let practice = register(&workshop).await;
        Self {
            workshop,
            up,
            _said: said,
            practice,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}", self.workshop.port())
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("written");
    }

    /// `evenkeel import …` of the practice, and its exit code.
    fn import(&self, password: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let ended: Output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(["import", "--gateway", &self.gateway()])
            .args(["--email", EMAIL])
            .args(arguments)
            .env("EVENKEEL_PRACTICE", &self.practice)
            .env("EVENKEEL_PASSWORD", password)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        (ended.status.code(), said(&ended))
    }

    /// The same with the folder and the right password.
    fn bring(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let folder = text(self.folder.path());
        self.import(PASSWORD, &[&[folder.as_str()], arguments].concat())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.up.id()).expect("a pid"));
        let _ended_before = kill(pid, Signal::SIGINT);
        let _status = self.up.wait();
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

async fn register(workshop: &Workshop) -> String {
    let secrets = fs::read_to_string(workshop.home().join("secrets.json")).expect("secrets");
    let secrets: serde_json::Value = serde_json::from_str(&secrets).expect("JSON");
    let body = serde_json::json!({
        "requestId": request_id(),
        "setupToken": secrets["setup_token"],
        "practice": {
            "name": "Riverside Therapy",
            "timeZone": "America/New_York",
            "currencyCode": "USD",
        },
        "ownerEmail": EMAIL,
        "ownerPassword": PASSWORD,
    });
    let url = format!("http://127.0.0.1:{}/v1/practices", workshop.port());
    let http = reqwest::Client::new();
    eventually(Duration::from_secs(20), "it is registered", async || {
        let answer = http.post(&url).json(&body).send().await.ok()?;
        let answer: serde_json::Value = answer.json().await.ok()?;
        answer["practice"]["practiceId"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_folder_of_files_is_checked_shown_taken_and_taken_back_from_the_command_line() {
    let stage = Stage::start().await;
    stage.put("clients.csv", CLIENTS);
    stage.put("credits.csv", CREDITS);
    stage.put(
        "opening_balances.csv",
        "client_id,amount,as_of_date\nC-1,forty,2026-02-27\nC-9,5.00,27.02.2026\n",
    );
    let (code, told) = stage.bring(&[]);
    assert_eq!(code, Some(1), "{told}");
    for part in [
        "opening_balances.csv:2: amount ",
        "opening_balances.csv:3: as_of_date ",
        "nothing is taken",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }

    stage.put("opening_balances.csv", BALANCES);
    let (code, told) = stage.bring(&[]);
    assert_eq!(code, Some(0), "{told}");
    for part in [
        "FILE                  ROWS  AMOUNT",
        "clients.csv              2",
        "opening_balances.csv     1  $40.00",
        "credits.csv              1  $25.50",
        "Nothing is taken.",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }

    let commit = |balances: &str| {
        let balances = format!("opening_balances={balances}");
        let expected = [
            "--commit",
            "--expect",
            "clients=2",
            "--expect",
            "credits=1:25.50",
            "--expect",
            &balances,
        ];
        stage.bring(&expected)
    };
    let (code, told) = commit("1:41.00");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("TOTALS_DO_NOT_RECONCILE"), "{told}");
    let (code, told) = commit("1:40.00");
    assert_eq!(code, Some(0), "{told}");
    let import = told
        .split(|letter: char| letter.is_whitespace() || letter == '.' || letter == '`')
        .find(|word| word.starts_with("imp_"))
        .expect("the import's id");
    let (code, told) = commit("1:40.00");
    assert_eq!(code, Some(1), "what is there is not taken again: {told}");

    let (code, told) = stage.import(PASSWORD, &["--undo", import]);
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = stage.import(PASSWORD, &["--undo", import]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("IMPORT_CLOSED"), "{told}");
    wrong_commands(&stage);
}

fn wrong_commands(stage: &Stage) {
    let folder = text(stage.folder.path());
    let (code, told) = stage.import("not-the-password-at-all", &[&folder]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("sign in") && told.contains("SIGN_IN_REFUSED"),
        "{told}"
    );
    let (code, told) = stage.bring(&["--commit"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("--expect"), "{told}");
    let other = "prac_01j2jv5gymfay8vvr14d2pf2db";
    let (code, told) = stage.bring(&["--practice", other]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&format!("not of {other}")), "{told}");
    stage.put("client.csv", CLIENTS);
    let (code, told) = stage.bring(&[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("client.csv is not read"), "{told}");
}
