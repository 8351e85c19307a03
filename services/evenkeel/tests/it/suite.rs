use crate::workshop::{Workshop, said};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_main_job_is_done_twice_and_the_second_time_changes_nothing() {
    let workshop = Workshop::new("demo");
    let first = workshop.run("demo");
    assert!(first.status.success(), "{}", said(&first));
    let mails = count(&workshop, "mail");
    assert!(mails >= 4, "{mails} mails");
    assert!(count(&workshop, "demo") > 0, "no documents");

    let second = workshop.run("demo");
    assert!(second.status.success(), "{}", said(&second));
    assert_eq!(
        count(&workshop, "mail"),
        mails,
        "a repeat must not send mails again"
    );
}

#[test]
fn up_says_what_runs_where_and_ctrl_c_leaves_nothing_running() {
    let workshop = Workshop::new("up");
    let (up, table, _out) = started(&workshop);
    for part in [
        "billing",
        "payments",
        "portal-auth",
        "notifications",
        "reporting",
        "gateway",
        "sandbox",
    ] {
        assert!(table.contains(part), "{part} is not in the table");
    }
    let again = workshop.run("up");
    assert!(!again.status.success());
    assert!(said(&again).contains("already running"), "{}", said(&again));

    interrupt(up);
    let gone = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, workshop.port())).is_ok() {
        assert!(
            gone.elapsed() < Duration::from_secs(5),
            "the gateway still listens"
        );
    }
}

#[test]
fn r51_a_suite_that_was_killed_starts_again_where_it_was() {
    let workshop = Workshop::new("killed");
    let (mut killed, _, _out) = started(&workshop);
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");
    let gateway = (Ipv4Addr::LOCALHOST, workshop.port());
    assert!(
        TcpStream::connect(gateway).is_ok(),
        "the gateway was left behind"
    );
    let (reborn, _, _out) = started(&workshop);
    interrupt(reborn);
}

/// Runs until it says that it is up; it, what it said, and where it says more.
fn started(workshop: &Workshop) -> (Child, String, Lines<BufReader<ChildStdout>>) {
    let mut up = workshop
        .evenkeel("up")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(up.stdout.take().expect("piped")).lines();
    let mut table = String::new();
    while !table.contains("Ctrl-C") {
        match lines.next() {
            Some(line) => table += &line.expect("text"),
            None => panic!(
                "up ended early: {}",
                said(&up.wait_with_output().expect("ended"))
            ),
        }
    }
    (up, table, lines)
}

/// As Ctrl-C does, and waits until it has ended well.
fn interrupt(mut up: Child) {
    let id = Pid::from_raw(i32::try_from(up.id()).expect("a pid"));
    kill(id, Signal::SIGINT).expect("it runs");
    let status = up.wait().expect("ends");
    assert!(status.success(), "{status}");
}

#[test]
fn a_taken_port_is_a_clear_error_before_anything_starts() {
    let workshop = Workshop::new("port");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, workshop.port())).expect("free");
    let up = workshop.run("up");
    assert!(!up.status.success());
    assert!(
        said(&up).contains(&format!("port {}", workshop.port())),
        "{}",
        said(&up)
    );
    assert!(
        !workshop.home().join("postgres").exists(),
        "nothing was started"
    );
    drop(taken);
}

fn count(workshop: &Workshop, folder: &str) -> usize {
    fs::read_dir(workshop.home().join(folder)).map_or(0, Iterator::count)
}
