use crate::workshop::said;
use billing::work::Practices;
use clock::Clock;
use ids::{EventId, PracticeId};
use pg::feed::{Feed, Follow, Parked, all_parked, follow};
use pg::{Announcement, Outbox};
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use testkit::{TestDatabase, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

async fn announce(database: &TestDatabase, practice: PracticeId, registered: Option<Practice>) {
    let clock = Clock::system();
    let event = PracticeRegistered {
        practice: registered,
    };
    let event = Announcement::of(EventId::new(&clock), &event);
    let mut tx = pg::begin(database.pool(), practice).await.expect("begin");
    Outbox::new(portal_auth::SCHEMA)
        .append(&mut tx, practice, clock.now(), &[event])
        .await
        .expect("appended");
    tx.commit().await.expect("committed");
}

/// billing, following a portal-auth that announced a practice without saying which, and then again as it should be.
struct Stage {
    billing: TestDatabase,
    practice: PracticeId,
    stop: CancellationToken,
    following: JoinHandle<()>,
    _portal_auth: TestDatabase,
}

impl Stage {
    async fn start() -> Self {
        let source = testkit::database(portal_auth::SCHEMA, &portal_auth::MIGRATOR).await;
        let billing = testkit::database(billing::SCHEMA, &billing::MIGRATOR).await;
        let (clock, stop) = (Clock::system(), CancellationToken::new());
        let practice = PracticeId::new(&clock);
        let good = Practice {
            practice_id: practice.to_string(),
            name: "Lakeside Therapy".to_owned(),
            time_zone: "America/New_York".to_owned(),
            currency_code: "USD".to_owned(),
            ..Practice::default()
        };
        announce(&source, practice, None).await;
        announce(&source, practice, Some(good)).await;
        let options = Follow {
            attempts: 2,
            shortest_pause: Duration::from_millis(5),
            ..Follow::new(billing::SCHEMA, "portal-auth", clock)
        };
        let events = Feed::start(source.pool().clone(), portal_auth::SCHEMA, stop.clone());
        let pool = billing.pool().clone();
        let following = tokio::spawn(follow(options, pool, events, Practices, stop.clone()));
        Self {
            billing,
            practice,
            stop,
            following,
            _portal_auth: source,
        }
    }

    async fn parked(&self) -> Option<Parked> {
        let parked = all_parked(self.billing.pool(), billing::SCHEMA).await;
        parked.expect("asked").into_iter().next()
    }

    /// `evenkeel feed …` at billing's database.
    fn feed(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(["feed", "--database-url", self.billing.url()])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }

    fn shown(&self) -> String {
        let shown = self.feed(&["parked", "--service", "billing"]);
        assert!(shown.status.success(), "{}", said(&shown));
        said(&shown)
    }

    /// `replay` or `skip` of what is parked, and whether it went well.
    fn act(&self, verb: &str) -> (bool, String) {
        let practice = self.practice.to_string();
        let done = self.feed(&[
            verb,
            "--service",
            "billing",
            "--source",
            "portal-auth",
            "--practice",
            &practice,
        ]);
        (done.status.success(), said(&done))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r51_an_operator_sees_an_event_that_could_not_be_applied_and_replays_or_skips_it() {
    let stage = Stage::start().await;
    let first = eventually(SOON, "it is parked", || stage.parked()).await;
    let shown = stage.shown();
    for part in [
        "billing",
        "portal-auth",
        &stage.practice.to_string(),
        "evenkeel.portal_auth.v1.PracticeRegistered",
        "the event has no practice",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }

    let (replayed, words) = stage.act("replay");
    assert!(replayed, "{words}");
    eventually(SOON, "it was tried again and is parked again", || async {
        let again = stage.parked().await?;
        (again.park_time > first.park_time).then_some(())
    })
    .await;

    let (skipped, words) = stage.act("skip");
    assert!(skipped && words.contains("event 1"), "{words}");
    eventually(SOON, "the next event has its effect", || async {
        let known: i64 = sqlx::query_scalar("select count(*) from billing.practices")
            .fetch_one(stage.billing.owner_pool())
            .await
            .expect("a count");
        (known == 1).then_some(())
    })
    .await;
    assert!(stage.shown().contains("nothing is parked"));
    let (again, words) = stage.act("skip");
    assert!(
        !again && words.contains("nothing is parked there"),
        "{words}"
    );
    stage.stop.cancel();
    stage.following.await.expect("it stops");
}
