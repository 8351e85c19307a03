use crate::workshop::said;
use billing::work::Practices;
use clock::Clock;
use ids::{EventId, PracticeId};
use pg::feed::{Feed, Follow, all_parked, follow};
use pg::{Announcement, Outbox};
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use testkit::{TestDatabase, eventually};
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

/// `evenkeel feed …` at billing's database.
fn feed(billing: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["feed", "--database-url", billing.url()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn r51_an_operator_sees_an_event_that_could_not_be_applied_and_replays_or_skips_it() {
    let source = testkit::database(portal_auth::SCHEMA, &portal_auth::MIGRATOR).await;
    let billing = testkit::database(billing::SCHEMA, &billing::MIGRATOR).await;
    let (clock, stop) = (Clock::system(), CancellationToken::new());
    let practice = PracticeId::new(&clock);
    announce(&source, practice, None).await;
    let good = Practice {
        practice_id: practice.to_string(),
        name: "Lakeside Therapy".to_owned(),
        time_zone: "America/New_York".to_owned(),
        currency_code: "USD".to_owned(),
        ..Practice::default()
    };
    announce(&source, practice, Some(good)).await;
    let options = Follow {
        attempts: 2,
        shortest_pause: Duration::from_millis(5),
        ..Follow::new(billing::SCHEMA, "portal-auth", clock)
    };
    let events = Feed::start(source.pool().clone(), portal_auth::SCHEMA, stop.clone());
    let pool = billing.pool().clone();
    let following = tokio::spawn(follow(options, pool, events, Practices, stop.clone()));
    let parked = || async {
        let parked = all_parked(billing.pool(), billing::SCHEMA).await;
        parked.expect("asked").into_iter().next()
    };
    let first = eventually(SOON, "it is parked", parked).await;

    let shown = feed(&billing, &["parked", "--service", "billing"]);
    assert!(shown.status.success(), "{}", said(&shown));
    for part in [
        "billing",
        "portal-auth",
        &practice.to_string(),
        "evenkeel.portal_auth.v1.PracticeRegistered",
        "the event has no practice",
    ] {
        assert!(
            said(&shown).contains(part),
            "{part} is not in {}",
            said(&shown)
        );
    }

    let practice = practice.to_string();
    let act = |verb| {
        let which = [
            "--service",
            "billing",
            "--source",
            "portal-auth",
            "--practice",
        ];
        feed(&billing, &[&[verb], &which[..], &[&practice]].concat())
    };
    let replayed = act("replay");
    assert!(replayed.status.success(), "{}", said(&replayed));
    eventually(SOON, "it was tried again and is parked again", || async {
        parked()
            .await
            .filter(|again| again.park_time > first.park_time)
    })
    .await;

    let skipped = act("skip");
    assert!(skipped.status.success(), "{}", said(&skipped));
    assert!(said(&skipped).contains("event 1"), "{}", said(&skipped));
    eventually(SOON, "the next event has its effect", || async {
        let known: i64 = sqlx::query_scalar("select count(*) from billing.practices")
            .fetch_one(billing.owner_pool())
            .await
            .expect("a count");
        (known == 1).then_some(())
    })
    .await;
    let shown = feed(&billing, &["parked", "--service", "billing"]);
    assert!(
        said(&shown).contains("nothing is parked"),
        "{}",
        said(&shown)
    );
    let again = act("skip");
    assert!(!again.status.success());
    assert!(
        said(&again).contains("nothing is parked there"),
        "{}",
        said(&again)
    );
    stop.cancel();
    following.await.expect("it stops");
}
