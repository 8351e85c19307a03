use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use clock::Clock;
use ids::PracticeId;
use jiff::SignedDuration;
use pg::verify::{
    Finding, Invariant, Rounds, RoundsConfig, STREAM_GAPLESS, behind, stream, verify_rounds,
};
use testkit::{TestDatabase, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{SCHEMA, SOON, announce, database, now, practice};

const NOTED: Invariant = Invariant::new("X1", "a note is noted");
static INVARIANTS: [Invariant; 2] = [STREAM_GAPLESS, NOTED];

/// What a replica is told to find, and which practices it was asked about.
#[derive(Clone, Default)]
struct Replica {
    broken: Arc<Mutex<BTreeSet<PracticeId>>>,
    asked: Arc<Mutex<Vec<PracticeId>>>,
}

impl Replica {
    fn begin(&self, database: &TestDatabase, stop: &CancellationToken) -> JoinHandle<()> {
        let rounds = Rounds {
            schema: SCHEMA,
            pool: database.pool().clone(),
            clock: Clock::system(),
            invariants: &INVARIANTS,
            config: RoundsConfig {
                verify_practices: 2,
                verify_every_seconds: 0,
            },
        };
        let (replica, stop) = (self.clone(), stop.clone());
        tokio::spawn(async move {
            let check = |practice| {
                let found = replica.check(practice);
                async move { Ok::<_, Infallible>(found) }
            };
            verify_rounds(rounds, check, stop).await;
        })
    }

    fn check(&self, practice: PracticeId) -> Vec<Finding> {
        self.asked.lock().expect("whole").push(practice);
        let broken = self.broken.lock().expect("whole").contains(&practice);
        let finding = || Finding::new(NOTED, "note 7", "it is not".to_owned());
        broken.then(finding).into_iter().collect()
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("whole").len()
    }
}

fn shows(count: usize) -> bool {
    let shown = telemetry::encode();
    let service = format!("service=\"{SCHEMA}\"");
    let all_well = format!("evenkeel_invariant_findings{{{service},invariant=\"O1\"}} 0");
    let broken = format!("evenkeel_invariant_findings{{{service},invariant=\"X1\"}} {count}");
    shown.contains(&all_well)
        && shown.contains(&broken)
        && shown.contains("evenkeel_invariant_check_time_seconds")
}

#[tokio::test(flavor = "multi_thread")]
async fn r48_one_replica_checks_all_practices_round_after_round_and_shows_what_is_broken() {
    let database = database().await;
    let practices: Vec<PracticeId> = std::iter::repeat_with(practice).take(5).collect();
    for practice in &practices {
        announce(&database, *practice, 1).await;
    }
    let (one, other) = (Replica::default(), Replica::default());
    one.broken
        .lock()
        .expect("whole")
        .extend([practices[0], practices[4]]);
    let (stop, stop_other) = (CancellationToken::new(), CancellationToken::new());
    let checking = one.begin(&database, &stop);
    let all: BTreeSet<_> = practices.iter().copied().collect();
    eventually(
        SOON,
        "all practices are checked again and again",
        || async {
            let asked = one.asked.lock().expect("whole");
            let known: BTreeSet<_> = asked.iter().copied().collect();
            (known == all && asked.len() > 12).then_some(())
        },
    )
    .await;
    assert!(shows(2), "{}", telemetry::encode());

    let waiting = other.begin(&database, &stop_other);
    let asked = one.asked();
    eventually(SOON, "the first goes on", || async {
        (one.asked() > asked + 10).then_some(())
    })
    .await;
    assert_eq!(other.asked(), 0, "the other waits");
    stop.cancel();
    checking.await.expect("it ends");
    eventually(SOON, "the other takes over, and finds nothing", || async {
        (other.asked() > 5 && shows(0)).then_some(())
    })
    .await;
    stop_other.cancel();
    waiting.await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_gap_in_a_stream_and_a_follower_that_stands_still_are_named() {
    let database = database().await;
    let practice = practice();
    announce(&database, practice, 3).await;
    let pool = database.pool();
    let mut tx = pg::begin(pool, practice).await.expect("begun");
    let whole = stream(&mut tx, SCHEMA, practice).await.expect("read");
    assert_eq!(whole, None);
    drop(tx);
    let patience = SignedDuration::from_secs(60);
    let at = |seconds: i64| (now() + SignedDuration::from_secs(seconds), patience);
    let waits = async |seconds| {
        let follower = (pool, SCHEMA, "elsewhere");
        let waits = behind((pool, SCHEMA), follower, practice, at(seconds)).await;
        waits.expect("read").map(|(sequence, _)| sequence)
    };
    assert_eq!(waits(60).await, None, "it may take a minute");
    assert_eq!(waits(61).await, Some(1));
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "insert into plumbing.cursors (source, practice_id, applied) values ('elsewhere', '{}', 3);
        delete from plumbing.outbox where seq = 2",
        practice.uuid()
    )))
    .execute(database.owner_pool())
    .await
    .expect("damaged");
    assert_eq!(waits(61).await, None, "it has applied all");
    let mut tx = pg::begin(pool, practice).await.expect("begun");
    let broken = stream(&mut tx, SCHEMA, practice).await.expect("read");
    let broken = broken.expect("a finding");
    assert_eq!(broken.invariant, STREAM_GAPLESS);
    assert!(broken.explanation.contains("2 are kept"), "{broken}");
}
