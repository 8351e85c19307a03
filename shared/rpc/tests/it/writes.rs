use crate::carrier::{ADD, Carrier, Number, READ, call, reason, serve};
use rpc::{Details, Fault, is_conflict};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tonic::{Code, Status};

#[derive(Debug, thiserror::Error)]
#[error("another transaction was first")]
struct Conflict;

impl Fault for Conflict {
    fn code(&self) -> Code {
        Code::Aborted
    }
    fn reason(&self) -> &'static str {
        "CONFLICT"
    }
    fn conflict(&self) -> bool {
        true
    }
}

#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

fn slow(counts: &Arc<Counts>) -> Carrier {
    let counts = Arc::clone(counts);
    Carrier::answering(move |_, number| {
        let counts = Arc::clone(&counts);
        async move {
            counts.begun.fetch_add(1, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            counts.ended.fetch_add(1, Ordering::SeqCst);
            Ok(number)
        }
    })
}

/// Calls and goes away after each number of milliseconds up to 30; how many handlers began, and how many ended.
async fn cancelled_at_each_millisecond(path: &'static str) -> (usize, usize) {
    let counts = Arc::new(Counts::default());
    let served = serve(slow(&counts)).await;
    let connection = served.owner();
    call(&connection, path, Number::of(0))
        .await
        .expect("a first call that nobody cancels");
    for millis in 0..30 {
        let asked = call(&connection, path, Number::of(1));
        let _cancelled = tokio::time::timeout(Duration::from_millis(millis), asked).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.stopped().await;
    (
        counts.begun.load(Ordering::SeqCst),
        counts.ended.load(Ordering::SeqCst),
    )
}

#[tokio::test]
async fn f12_a_client_that_goes_away_does_not_stop_a_write() {
    let (begun, ended) = cancelled_at_each_millisecond(ADD).await;
    assert!(begun > 10, "{begun} writes began");
    assert_eq!(begun, ended);
}

#[tokio::test]
async fn a_client_that_goes_away_stops_a_read() {
    let (begun, ended) = cancelled_at_each_millisecond(READ).await;
    assert!(ended < begun, "{begun} reads began, {ended} ended");
}

#[tokio::test]
async fn f12_the_drain_waits_for_writes_whose_clients_have_gone() {
    let counts = Arc::new(Counts::default());
    let served = serve(slow(&counts)).await;
    let connection = served.owner();
    call(&connection, ADD, Number::of(0))
        .await
        .expect("connected");
    let asked = call(&connection, ADD, Number::of(1));
    let gone = tokio::time::timeout(Duration::from_millis(10), asked).await;
    assert!(gone.is_err());
    served.stopped().await;
    assert_eq!(counts.begun.load(Ordering::SeqCst), 2);
    assert_eq!(counts.ended.load(Ordering::SeqCst), 2);
}

fn conflicting(times: usize, runs: &Arc<AtomicUsize>) -> Carrier {
    let runs = Arc::clone(runs);
    Carrier::answering(move |_, number| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        async move {
            if run < times {
                Err(rpc::status(&Conflict))
            } else {
                Ok(number)
            }
        }
    })
}

#[tokio::test]
async fn f13_a_write_that_met_a_conflict_runs_again() {
    for (conflicts, runs_expected, code) in [
        (0, 1, Code::Ok),
        (1, 2, Code::Ok),
        (3, 4, Code::Ok),
        (4, 4, Code::Aborted),
        (99, 4, Code::Aborted),
    ] {
        let runs = Arc::new(AtomicUsize::new(0));
        let served = serve(conflicting(conflicts, &runs)).await;
        let answer = call(&served.owner(), ADD, Number::of(42)).await;
        match answer {
            Ok(answer) => assert_eq!((answer.into_inner().value, code), (42, Code::Ok)),
            Err(status) => {
                assert_eq!(
                    (status.code(), reason(&status).as_str()),
                    (code, "CONFLICT")
                );
            }
        }
        assert_eq!(
            runs.load(Ordering::SeqCst),
            runs_expected,
            "{conflicts} conflicts"
        );
        served.stopped().await;
    }
}

#[tokio::test]
async fn a_read_that_met_a_conflict_is_told_so() {
    let runs = Arc::new(AtomicUsize::new(0));
    let served = serve(conflicting(1, &runs)).await;
    let status = call(&served.owner(), READ, Number::of(1))
        .await
        .expect_err("a conflict");
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    served.stopped().await;
}

#[tokio::test]
async fn a_handler_that_panics_answers_internal_and_the_server_lives() {
    let served = serve(Carrier::answering(async |_, number: Number| {
        assert!(number.value != 13, "a bug");
        Ok(number)
    }))
    .await;
    let connection = served.owner();
    let status = call(&connection, ADD, Number::of(13))
        .await
        .expect_err("a bug");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "internal")
    );
    assert!(call(&connection, ADD, Number::of(1)).await.is_ok());
    served.stopped().await;
}

#[derive(Debug, thiserror::Error)]
#[error("the table of Jane Doe is gone")]
struct Ours(#[source] std::io::Error);

impl Fault for Ours {
    fn code(&self) -> Code {
        Code::Internal
    }
    fn reason(&self) -> &'static str {
        "STORE_FAILED"
    }
    fn details(&self) -> Details {
        Details::default().resource("table", "jane_doe")
    }
}

#[test]
fn our_own_faults_are_not_explained_to_callers() {
    let status: Status = rpc::status(&Ours(std::io::Error::other("disk")));
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "internal")
    );
    assert_eq!(reason(&status), "STORE_FAILED");
    let sent = String::from_utf8_lossy(status.details()).to_lowercase();
    assert!(!sent.contains("jane"));
    assert!(!is_conflict(&status));
    assert!(is_conflict(&rpc::status(&Conflict)));
}
