//! Who shares a transaction with whom. What runs here is no transaction but a gate that the test opens.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::poll;
use ids::PracticeId;
use pg::{Group, RequestError};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::support::practice;

/// Breaks its own rule.
const BAD: u32 = 400;
/// Fails the whole batch.
const FATAL: u32 = 500;
/// Panics.
const PANIC: u32 = 600;

type Joined = Result<Option<Result<u32, String>>, RequestError>;
type Caller = Pin<Box<dyn Future<Output = Joined> + Send>>;

#[derive(Clone)]
struct Stage {
    group: Group<u32, u32, String>,
    /// One permit lets one batch end.
    gate: Arc<Semaphore>,
    batches: Arc<Mutex<Vec<Vec<u32>>>>,
}

impl Stage {
    fn new(together: usize, waiting: usize) -> Self {
        Self {
            group: Group::new(together, waiting),
            gate: Arc::new(Semaphore::new(0)),
            batches: Arc::default(),
        }
    }

    fn caller(&self, practice: PracticeId, request: u32) -> Caller {
        let stage = self.clone();
        Box::pin(async move {
            let running = stage.clone();
            let run = move |requests: Vec<u32>| running.clone().run(requests);
            stage.group.join(practice, request, run).await
        })
    }

    /// A caller who has asked and waits.
    async fn waits(&self, practice: PracticeId, request: u32) -> Caller {
        let mut caller = self.caller(practice, request);
        assert!(poll!(&mut caller).is_pending());
        caller
    }

    async fn run(self, requests: Vec<u32>) -> Result<Vec<Result<u32, String>>, String> {
        self.batches
            .lock()
            .expect("no panic")
            .push(requests.clone());
        self.gate.acquire().await.expect("open").forget();
        assert!(!requests.contains(&PANIC), "as it must");
        if requests.contains(&FATAL) {
            return Err("the whole batch".to_owned());
        }
        let answer = |request: u32| match request {
            BAD => Err("bad".to_owned()),
            good => Ok(good * 10),
        };
        Ok(requests.into_iter().map(answer).collect())
    }

    /// Waits until so many batches have begun.
    async fn begun(&self, count: usize) {
        while self.batches().len() < count {
            yield_now().await;
        }
    }

    fn batches(&self) -> Vec<Vec<u32>> {
        self.batches.lock().expect("no panic").clone()
    }
}

/// The answer itself; a refusal to take the request, or none at all, is a failure of the test.
fn answered(joined: Joined) -> Result<u32, String> {
    joined.expect("taken").expect("answered")
}

#[tokio::test]
async fn who_comes_while_a_batch_runs_is_in_the_next_one() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    let first = stage.waits(practice, 0).await;
    stage.begun(1).await;
    let mut others = Vec::new();
    for request in 1..=100 {
        others.push(stage.waits(practice, request).await);
    }
    stage.gate.add_permits(3);
    assert_eq!(answered(first.await), Ok(0));
    for (request, caller) in (1..).zip(others) {
        assert_eq!(answered(caller.await), Ok(request * 10));
    }
    let expected = vec![vec![0], (1..=64).collect(), (65..=100).collect()];
    assert_eq!(stage.batches(), expected);
}

#[tokio::test]
async fn who_comes_in_the_same_moment_comes_along() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    let first = stage.waits(practice, 1).await;
    let second = stage.waits(practice, 2).await;
    stage.gate.add_permits(1);
    assert_eq!(answered(first.await), Ok(10));
    assert_eq!(answered(second.await), Ok(20));
    assert_eq!(stage.batches(), [[1, 2]]);
}

#[tokio::test]
async fn one_bad_request_fails_alone() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    let good = stage.waits(practice, 1).await;
    let bad = stage.waits(practice, BAD).await;
    stage.gate.add_permits(1);
    assert_eq!(answered(bad.await), Err("bad".to_owned()));
    assert_eq!(answered(good.await), Ok(10));
}

#[tokio::test]
async fn a_caller_who_goes_away_takes_nothing_with_them() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    drop(stage.waits(practice, 1).await);
    stage.begun(1).await;
    drop(stage.waits(practice, 2).await);
    let last = stage.waits(practice, 3).await;
    stage.gate.add_permits(2);
    assert_eq!(answered(last.await), Ok(30));
    assert_eq!(stage.batches(), [vec![1], vec![2, 3]]);
}

#[tokio::test]
async fn a_batch_that_fails_leaves_each_to_themselves_and_one_alone_hears_why() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    let alone = stage.waits(practice, FATAL).await;
    stage.begun(1).await;
    let (with, fatal) = (
        stage.waits(practice, 1).await,
        stage.waits(practice, FATAL).await,
    );
    stage.gate.add_permits(2);
    assert_eq!(answered(alone.await), Err("the whole batch".to_owned()));
    assert!(matches!(with.await, Ok(None)));
    assert!(matches!(fatal.await, Ok(None)));
}

#[tokio::test]
async fn a_panic_ends_its_batch_and_not_the_practices_work() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    let (with, panics) = (
        stage.waits(practice, 1).await,
        stage.waits(practice, PANIC).await,
    );
    stage.begun(1).await;
    let next = stage.waits(practice, 2).await;
    stage.gate.add_permits(2);
    assert!(matches!(with.await, Ok(None)));
    assert!(matches!(panics.await, Ok(None)));
    assert_eq!(answered(next.await), Ok(20));
}

#[tokio::test]
async fn more_than_may_wait_are_refused_at_once_and_other_practices_are_not() {
    let (stage, busy) = (Stage::new(2, 3), practice());
    let mut callers = vec![stage.waits(busy, 0).await];
    stage.begun(1).await;
    for request in 1..=3 {
        callers.push(stage.waits(busy, request).await);
    }
    let refused = stage.caller(busy, 4).await;
    assert!(matches!(refused, Err(RequestError::Crowded)));
    let quiet = stage.waits(practice(), 5).await;
    stage.gate.add_permits(4);
    assert_eq!(answered(quiet.await), Ok(50));
    for (request, caller) in (0..).zip(callers) {
        assert_eq!(answered(caller.await), Ok(request * 10));
    }
    let again = stage.caller(busy, 6);
    stage.gate.add_permits(1);
    assert_eq!(answered(again.await), Ok(60));
}

#[tokio::test]
async fn a_batch_that_hangs_holds_the_others_up_for_a_moment_only() {
    let (stage, practice) = (Stage::new(64, 512), practice());
    let mut hanging = stage.waits(practice, 1).await;
    stage.begun(1).await;
    let mut next = stage.waits(practice, 2).await;
    assert!(poll!(&mut next).is_pending());
    // Nobody opens the gate for the first; the second begins beside it all the same.
    stage.begun(2).await;
    assert!(poll!(&mut hanging).is_pending());
    stage.gate.add_permits(2);
    assert_eq!(answered(next.await), Ok(20));
    assert_eq!(answered(hanging.await), Ok(10));
}

/// Whatever is asked when and of whom, everybody is answered what they asked, and nobody is worked for afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousands_at_once_are_each_answered_their_own() {
    let stage = Stage::new(16, 10_000);
    stage.gate.add_permits(100_000);
    let practices: Vec<PracticeId> = (0..5).map(|_| practice()).collect();
    let mut callers = tokio::task::JoinSet::new();
    for request in 1_000..6_000 {
        let caller = stage.caller(practices[request as usize % 5], request);
        callers.spawn(async move { (request, caller.await) });
    }
    for (request, joined) in callers.join_all().await {
        assert_eq!(answered(joined), Ok(request * 10));
    }
    let batches = stage.batches();
    assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 5_000);
    assert!(batches.iter().all(|batch| batch.len() <= 16));
    assert!(batches.len() < 5_000, "somebody shared");
}
