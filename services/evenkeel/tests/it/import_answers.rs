//! R10: what the import command does when an answer does not come.

use crate::workshop::said;
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

const PRACTICE: &str = "prac_01j2jv5gymfay8vvr14d2pf2db";
const IMPORT: &str = "imp_01j2jv5gymfay8vvr14d2pf2db";
const CLIENTS: &str = "client_id,given_name,family_name\nC-1,Grace,Hopper\n";
const LATE: &str = r#"{"code": 4, "message": "took too long"}"#;

/// How a request to commit, or to undo, is answered.
#[derive(Clone, Copy)]
enum Answer {
    Json(u16, &'static str),
    /// The connection breaks.
    Cut,
}

/// A gateway that answers as it is told, and keeps what it was asked.
struct Scripted {
    address: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Scripted {
    /// Answers commits one after the other, and what undoes; `state` is what the import is found in.
    fn start(commits: &[Answer], undone: Answer, state: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let (kept, mut commits) = (asked.clone(), VecDeque::from(commits.to_vec()));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let Some((path, body)) = request(&stream) else {
                    continue;
                };
                let answer = if path.ends_with(":commit") {
                    commits.pop_front().expect("no more commits")
                } else if path.ends_with(":undo") {
                    undone
                } else {
                    Answer::Json(200, "")
                };
                kept.lock().expect("kept").push((path.clone(), body));
                if let Answer::Json(status, body) = answer {
                    let body = if body.is_empty() {
                        resource(&path, state)
                    } else {
                        body.to_owned()
                    };
                    respond(&mut stream, status, &body);
                }
            }
        });
        Self { address, asked }
    }

    /// The bodies of the requests to this verb.
    fn asked(&self, verb: &str) -> Vec<serde_json::Value> {
        let asked = self.asked.lock().expect("kept");
        let bodies = asked.iter().filter(|(path, _)| path.ends_with(verb));
        bodies
            .map(|(_, body)| serde_json::from_str(body).expect("JSON"))
            .collect()
    }

    /// `evenkeel import` with everything to be taken; its exit code and what it says.
    fn bring(&self) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("clients.csv"), CLIENTS).expect("written");
        let ended = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(["import", "--gateway", &self.address])
            .args(["--commit", "--expect", "clients=1"])
            .arg(folder.path())
            .env("EVENKEEL_PRACTICE", PRACTICE)
            .env("EVENKEEL_EMAIL", "owner@riverside.example")
            .env("EVENKEEL_PASSWORD", "riverside-story-sign-in")
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        (ended.status.code(), said(&ended))
    }
}

/// Path and body of a request; none when the connection was only opened.
fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut lines = BufReader::new(stream);
    let mut first = String::new();
    lines.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        lines.read_line(&mut header).ok()?;
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).ok()?))
}

fn respond(stream: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} .\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _gone = stream.write_all(format!("{head}{body}").as_bytes());
}

fn resource(path: &str, state: &str) -> String {
    if path == "/v1/signIn/staff" {
        return format!(
            r#"{{"accessToken": "t", "practiceId": "{PRACTICE}", "expireTime": "2999-01-01T00:00:00Z"}}"#
        );
    }
    let files = r#"[{"kind": "IMPORT_FILE_KIND_CLIENTS", "partCount": 1, "rowCount": 1}]"#;
    format!(r#"{{"import": {{"importId": "{IMPORT}", "state": "{state}", "files": {files}}}}}"#)
}

#[test]
fn r10_a_commit_whose_answer_is_lost_is_asked_for_again_until_it_is_told() {
    let answers = [
        Answer::Json(504, LATE),
        Answer::Cut,
        Answer::Json(200, "{}"),
    ];
    let gateway = Scripted::start(&answers, Answer::Json(200, ""), "IMPORT_STATE_PREPARED");
    let (code, told) = gateway.bring();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("Everything is taken"), "{told}");
    let commits = gateway.asked(":commit");
    assert_eq!(commits.len(), 3);
    assert_eq!(commits[0], commits[1], "the same request");
    assert_eq!(commits[0], commits[2]);
    assert!(gateway.asked(":undo").is_empty());
}

#[test]
fn r10_a_commit_that_fails_after_its_deadline_is_told_of_and_its_files_are_dropped() {
    let refused = r#"{"code": 9, "message": "the totals do not reconcile", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "TOTALS_DO_NOT_RECONCILE"}]}"#;
    let answers = [Answer::Json(504, LATE), Answer::Json(400, refused)];
    let gateway = Scripted::start(&answers, Answer::Json(200, ""), "IMPORT_STATE_PREPARED");
    let (code, told) = gateway.bring();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("TOTALS_DO_NOT_RECONCILE"), "{told}");
    let undone = gateway.asked(":undo");
    assert_eq!(undone.len(), 1);
    assert_eq!(undone[0]["onlyUncommitted"], true);
}

#[test]
fn r10_an_import_that_is_taken_all_the_same_is_not_dropped_and_the_command_says_so() {
    let denied = r#"{"code": 7, "message": "not any more"}"#;
    let closed = r#"{"code": 9, "message": "the import is closed", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IMPORT_CLOSED"}]}"#;
    let answers = [Answer::Cut, Answer::Json(403, denied)];
    let closed = Answer::Json(400, closed);
    let gateway = Scripted::start(&answers, closed, "IMPORT_STATE_COMMITTED");
    let (code, told) = gateway.bring();
    assert_eq!(code, Some(1), "{told}");
    let all_the_same = format!("{IMPORT} is taken all the same");
    assert!(told.contains(&all_the_same), "{told}");
}
