use std::sync::Arc;

use ids::PracticeId;
use pg::{RequestError, RequestKey, Requests, Seen};
use testkit::{TestDatabase, eventually, request_id};
use uuid::Uuid;

use crate::support::{
    SCHEMA, SOON, database, fresh_id, note, notes, now, practice, waiting_for_lock,
};

const REQUESTS: Requests = Requests::new(SCHEMA);

fn key(practice: PracticeId, id: &str, content: &str) -> RequestKey {
    RequestKey::of(practice, "WriteNote", id, &content.to_owned()).expect("a key")
}

/// An op: answers the id of the note, its own or that of the first time.
async fn write_note(database: &TestDatabase, key: &RequestKey) -> Result<Uuid, RequestError> {
    let id = fresh_id();
    let mut tx = pg::begin(database.pool(), key.practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id, now()).await? {
        return Ok(first);
    }
    note(&mut tx, key.practice, id).await?;
    tx.commit().await?;
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_again_gets_the_same_answer_and_no_second_effect() {
    let database = database().await;
    let key = key(practice(), &request_id(), "four");
    let first = write_note(&database, &key).await.expect("the first time");
    let again = write_note(&database, &key).await.expect("the second time");
    assert_eq!(first, again);
    assert_eq!(notes(&database, key.practice).await, [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_used_for_another_content_or_method_is_refused() {
    let database = database().await;
    let (practice, id) = (practice(), request_id());
    write_note(&database, &key(practice, &id, "four"))
        .await
        .expect("the first time");
    let other_content = write_note(&database, &key(practice, &id, "five")).await;
    assert!(matches!(other_content, Err(RequestError::Reused)));
    let other_method = RequestKey {
        method: "EraseNote",
        ..key(practice, &id, "four")
    };
    assert!(matches!(
        write_note(&database, &other_method).await,
        Err(RequestError::Reused)
    ));
    assert_eq!(notes(&database, practice).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_practices_may_use_the_same_id() {
    let database = database().await;
    let id = request_id();
    let one = write_note(&database, &key(practice(), &id, "four"))
        .await
        .expect("one practice");
    let other = write_note(&database, &key(practice(), &id, "four"))
        .await
        .expect("the other");
    assert_ne!(one, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twin_waits_for_the_first_and_then_answers_the_same() {
    let database = Arc::new(database().await);
    let key = key(practice(), &request_id(), "four");
    let (first, mut tx, twin) = begin_first_and_twin(&database, &key).await;
    note(&mut tx, key.practice, first).await.expect("a note");
    tx.commit().await.expect("commit");
    assert_eq!(twin.await.expect("the twin").expect("an answer"), first);
    assert_eq!(notes(&database, key.practice).await, [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twin_of_a_request_that_failed_does_it_itself() {
    let database = Arc::new(database().await);
    let key = key(practice(), &request_id(), "four");
    let (first, tx, twin) = begin_first_and_twin(&database, &key).await;
    drop(tx);
    let done = twin.await.expect("the twin").expect("an answer");
    assert_ne!(done, first);
    assert_eq!(notes(&database, key.practice).await, [done]);
}

async fn begin_first_and_twin(
    database: &Arc<TestDatabase>,
    key: &RequestKey,
) -> (
    Uuid,
    pg::Tx,
    tokio::task::JoinHandle<Result<Uuid, RequestError>>,
) {
    let first = fresh_id();
    let mut tx = pg::begin(database.pool(), key.practice)
        .await
        .expect("begin");
    assert_eq!(
        REQUESTS
            .replayed(&mut tx, key, first, now())
            .await
            .expect("new"),
        None
    );
    let twin = tokio::spawn({
        let (database, key) = (database.clone(), key.clone());
        async move { write_note(&database, &key).await }
    });
    eventually(SOON, "the twin waits", || waiting_for_lock(database)).await;
    (first, tx, twin)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_are_each_new_or_seen_before_in_their_order() {
    let database = database().await;
    let practice = practice();
    let (one, two, three) = (request_id(), request_id(), request_id());
    let first = write_note(&database, &key(practice, &two, "two"))
        .await
        .expect("the first time");
    let keys = [
        key(practice, &one, "one"),
        key(practice, &two, "two"),
        key(practice, &two, "another two"),
        key(practice, &three, "three"),
        key(practice, &three, "three"),
    ];
    let subjects: Vec<Uuid> = keys.iter().map(|_| fresh_id()).collect();
    let mut tx = pg::begin(database.pool(), practice).await.expect("begun");
    let asked: Vec<&RequestKey> = keys.iter().collect();
    let seen = REQUESTS.seen_many(&mut tx, practice, &asked).await;
    let known = [
        None,
        Some(Seen::Before(first)),
        Some(Seen::Reused),
        None,
        None,
    ];
    assert_eq!(seen.expect("read"), known);

    let requests: Vec<_> = keys.iter().zip(subjects.iter().copied()).collect();
    let seen = REQUESTS
        .replayed_many(&mut tx, practice, &requests, now())
        .await
        .expect("recorded");
    let mut expected = known;
    expected[4] = Some(Seen::Before(subjects[3]));
    assert_eq!(seen, expected, "an id that comes twice counts once");
    tx.commit().await.expect("committed");

    let mut tx = pg::begin(database.pool(), practice).await.expect("begun");
    let again = REQUESTS
        .replayed_many(&mut tx, practice, &requests, now())
        .await
        .expect("read");
    expected[0] = Some(Seen::Before(subjects[0]));
    expected[3] = Some(Seen::Before(subjects[3]));
    assert_eq!(again, expected);
}
