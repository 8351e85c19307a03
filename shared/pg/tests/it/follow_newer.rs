use ids::PracticeId;
use pg::feed::{Follow, parked, skip};
use testkit::{TestDatabase, eventually};

use crate::follow::{Notes, all_noted, cursor, options, replica};
use crate::support::{
    SCHEMA, SOON, announce, announce_all, announcement, announcements, database, practice,
};

/// A type that no contract of this version has.
const NEWER: &str = "evenkeel.payments.v1.PayoutMadeUp";

/// A version that was built before somebody thought of it.
fn older() -> Follow {
    options(1)
}

/// The one that writes it.
fn newer() -> Follow {
    Follow {
        knows: |event_type| event_type.starts_with("test.") || event_type == NEWER,
        ..options(1)
    }
}

/// Two events that every version knows, one that only the newer does, and one more.
async fn announce_newer(database: &TestDatabase, practice: PracticeId) {
    let mut told = announcements(2);
    told.push(announcement(NEWER));
    told.extend(announcements(1));
    announce_all(database, practice, &told).await;
}

async fn held_at_the_third(database: &TestDatabase, practice: PracticeId) {
    let parked = eventually(SOON, "it is held", || async {
        let found = parked(database.pool(), SCHEMA, "self").await;
        found.expect("parked").pop()
    })
    .await;
    assert_eq!(
        (parked.event.practice, parked.event.sequence),
        (practice, 3)
    );
    assert!(parked.error.contains(NEWER), "{}", parked.error);
    assert_eq!(
        cursor(database, practice).await,
        2,
        "nothing is passed over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_an_event_of_a_newer_version_waits_for_a_follower_that_knows_it() {
    let database = database().await;
    let (ahead, other) = (practice(), practice());
    announce_newer(&database, ahead).await;
    announce(&database, other, 3).await;
    let follow = older();
    let metrics = follow.metrics.clone();
    let first = replica(&database, follow, Notes);
    held_at_the_third(&database, ahead).await;
    all_noted(&database, other).await;
    assert_eq!(metrics.unknown(SCHEMA, "self"), 1);
    // It is the same to the next of that version.
    first.stop.cancel();
    first.task.await.expect("it stops");
    let second = replica(&database, older(), Notes);
    announce(&database, other, 1).await;
    all_noted(&database, other).await;
    held_at_the_third(&database, ahead).await;
    second.stop.cancel();
    second.task.await.expect("it stops");
    // The upgrade goes on, and nobody has to do anything.
    let _upgraded = replica(&database, newer(), Notes);
    all_noted(&database, ahead).await;
    assert_eq!(cursor(&database, ahead).await, 4);
    let left = parked(database.pool(), SCHEMA, "self").await;
    assert_eq!(left.expect("parked"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_after_an_upgrade_was_taken_back_an_operator_goes_on_without_its_events() {
    let database = database().await;
    let practice = practice();
    announce_newer(&database, practice).await;
    let _older = replica(&database, older(), Notes);
    held_at_the_third(&database, practice).await;
    let skipped = skip(database.pool(), SCHEMA, "self", practice).await;
    assert_eq!(skipped.expect("skipped"), Some(3));
    eventually(SOON, "the rest flows", || async {
        (cursor(&database, practice).await == 4).then_some(())
    })
    .await;
}

#[test]
fn what_a_follower_knows_is_what_is_in_the_contracts_it_was_built_with() {
    let follow = Follow::new(SCHEMA, "self", clock::Clock::system());
    assert!((follow.knows)("evenkeel.payments.v1.PayoutItemsMatched"));
    assert!(!(follow.knows)(NEWER));
}
