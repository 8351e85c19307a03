//! Each mail once, whatever happens on the way.

use crate::app::{SOON, TODAY, TestApp};
use ids::ClientId;
use jiff::SignedDuration;
use notifications::domain::message::Outcome;
use notifications::ops::claim_messages::claim_messages;
use notifications::ops::record_outcome::{Addressed, record_outcome};
use proto::billing::v1::PaymentKind;
use proto::notifications::v1::MessageState;
use rpc::Caller;
use std::time::Duration;
use testkit::eventually;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

fn worker() -> Caller {
    Caller::worker("notifications")
}

impl TestApp {
    /// Of how many connections that wait for a lock, and what is done to them.
    async fn waiting_for_a_lock(&self, what: &'static str) -> i64 {
        let query = format!(
            "{what} from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'"
        );
        sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_one(self.db.owner_pool())
            .await
            .expect("a count")
    }
}

#[tokio::test]
async fn n_an_event_that_comes_again_sends_nothing_twice() {
    let app = TestApp::start().await;
    let shared = app.share();
    app.until(1, MessageState::Sent).await;
    app.announce_shared(&shared);
    let mut tx = pg::begin_any(app.db.owner_pool()).await.expect("begun");
    pg::feed::reset(&mut tx, notifications::SCHEMA, "billing")
        .await
        .expect("forgotten");
    tx.commit().await.expect("committed");
    eventually(SOON, "both events were applied again", || async {
        let applied: Option<i64> = sqlx::query_scalar(
            "select applied from notifications.cursors where source = 'billing'",
        )
        .fetch_optional(app.db.owner_pool())
        .await
        .expect("a cursor");
        (applied == Some(2)).then_some(())
    })
    .await;
    app.a_while().await;
    assert_eq!(app.messages().await.len(), 1);
    assert_eq!(app.sent().len(), 1);
}

#[tokio::test]
async fn f38_a_mail_that_is_refused_for_now_is_sent_a_minute_later() {
    let app = TestApp::start().await;
    app.sink.refuse(1, 451);
    app.share();
    let postponed = app.until_postponed(1).await;
    assert!(
        postponed.last_error.contains("451"),
        "{}",
        postponed.last_error
    );
    app.clock.advance(MINUTE - SignedDuration::from_secs(1));
    app.a_while().await;
    assert_eq!(app.sent().len(), 0);
    app.clock.advance(SignedDuration::from_secs(1));
    let sent = app.until(1, MessageState::Sent).await;
    assert_eq!((sent[0].attempts, sent[0].last_error.as_str()), (2, ""));
    assert_eq!(app.sent().len(), 1);
}

#[tokio::test]
async fn f38_a_mail_that_is_refused_for_good_is_given_up() {
    let app = TestApp::start().await;
    app.sink.refuse(1, 550);
    app.share();
    let failed = app.until(1, MessageState::Failed).await;
    assert!(
        failed[0].last_error.contains("550"),
        "{}",
        failed[0].last_error
    );
    assert_eq!(failed[0].recipient, "alex@client.example");
    app.clock.advance(SignedDuration::from_hours(5));
    app.a_while().await;
    assert_eq!((app.sent().len(), app.messages().await[0].attempts), (0, 1));
}

#[tokio::test]
async fn f38_a_slow_mail_server_gets_each_mail_once() {
    let app = TestApp::start().await;
    app.sink.delay(Duration::from_millis(900));
    app.share();
    app.share();
    app.until(2, MessageState::Sent).await;
    app.clock.advance(SignedDuration::from_hours(1));
    app.a_while().await;
    assert_eq!(app.sent().len(), 2);
}

#[tokio::test]
async fn f38_a_mail_server_that_stays_away_is_given_up_after_two_days() {
    let app = TestApp::start().await;
    app.sink.refuse(1_000, 421);
    app.refund();
    for attempt in 1.. {
        let message = eventually(SOON, "the next attempt", || async {
            let message = app.messages().await.into_iter().next()?;
            (message.attempts >= attempt).then_some(message)
        })
        .await;
        if message.state() == MessageState::Failed {
            assert!(attempt > 40, "{attempt}");
            return;
        }
        app.clock.advance(SignedDuration::from_hours(1));
    }
}

#[tokio::test]
async fn f1_a_worker_that_dies_between_claim_and_sending_leaves_the_mail_to_the_next() {
    let app = TestApp::start_without_worker().await;
    app.share();
    app.until(1, MessageState::Queued).await;
    let claims = claim_messages(&app.notifications, &worker(), 10)
        .await
        .expect("claimed");
    assert_eq!(claims.len(), 1);
    app.start_worker();
    app.a_while().await;
    assert_eq!(app.sent().len(), 0, "the claim holds as long as its lease");
    app.clock.advance(SignedDuration::from_mins(10));
    let sent = app.until(1, MessageState::Sent).await;
    assert_eq!(sent[0].attempts, 2);

    let late = Outcome::Failed {
        error: "from a worker that was thought dead".to_owned(),
    };
    let refused = record_outcome(
        &app.notifications,
        &worker(),
        &claims[0],
        &Addressed::default(),
        &late,
    )
    .await;
    assert!(matches!(refused, Err(notifications::Error::ClaimLost)));
    assert_eq!(app.until(1, MessageState::Sent).await, sent);
    assert_eq!(app.sent().len(), 1);
}

#[tokio::test]
async fn f1_of_outcomes_that_come_at_once_only_those_whose_claim_was_taken_over_are_refused() {
    let app = TestApp::start_without_worker().await;
    for _ in 0..8 {
        app.share();
    }
    app.until(8, MessageState::Queued).await;
    let worker = worker();
    let claims = claim_messages(&app.notifications, &worker, 10);
    let claims = claims.await.expect("claimed");
    app.clock.advance(SignedDuration::from_mins(10));
    let taken_over = claim_messages(&app.notifications, &worker, 3);
    let taken_over = taken_over.await.expect("claimed");
    assert_eq!((claims.len(), taken_over.len()), (8, 3));
    let taken: Vec<_> = taken_over.iter().map(|claim| claim.message).collect();

    let addressed = Addressed {
        recipient: "alex@client.example".to_owned(),
        subject: "A bill".to_owned(),
    };
    let error = "not now".to_owned();
    let next_attempt_time = app.clock.now() + MINUTE;
    let outcomes = [
        Outcome::Sent,
        Outcome::Postponed {
            next_attempt_time,
            error: error.clone(),
        },
        Outcome::Failed { error },
    ];
    // The old claim and the new one of a mail in one batch, too.
    let ended: Vec<_> = claims.iter().chain(&taken_over).enumerate().collect();
    let recorded = ended.iter().map(|(at, claim)| {
        let outcome = match taken.contains(&claim.message) {
            true => &outcomes[0],
            false => &outcomes[at % 3],
        };
        record_outcome(&app.notifications, &worker, claim, &addressed, outcome)
    });
    let answers = futures::future::join_all(recorded).await;
    let (mut sent, mut kept) = (0, 0);
    for ((at, claim), answer) in ended.iter().zip(answers) {
        let message = app.messages().await;
        let id = claim.message.to_string();
        let message = message.iter().find(|it| it.message_id == id);
        let state = message.expect("listed").state();
        if taken.contains(&claim.message) && claim.fence == 1 {
            let refused = answer.expect_err("taken over");
            assert!(matches!(refused, notifications::Error::ClaimLost));
            continue;
        }
        answer.expect("recorded");
        let expected = match (claim.fence, at % 3) {
            (2, _) | (_, 0) => MessageState::Sent,
            (_, 1) => MessageState::Queued,
            _ => MessageState::Failed,
        };
        assert_eq!(state, expected, "{at}");
        sent += i64::from(state == MessageState::Sent);
        kept += i64::from(state == MessageState::Queued);
    }
    let found: (i64, i64, i64) = sqlx::query_as(
        "select
            (select count(*) from notifications.outbox),
            (select count(*) from notifications.message_queue),
            (select count(distinct xmin::text) from notifications.messages)",
    )
    .fetch_one(app.db.owner_pool())
    .await
    .expect("counts");
    assert!(sent > 3 && kept > 0, "{sent} were sent, {kept} wait");
    assert_eq!(found, (sent, kept, 1), "announced, waiting, transactions");
}

#[tokio::test]
async fn a_mail_of_another_version_keeps_none_of_the_others_from_being_sent() {
    let app = TestApp::start_without_worker().await;
    for _ in 0..3 {
        app.share();
    }
    let queued = app.until(3, MessageState::Queued).await;
    sqlx::query(
        r#"update notifications.messages set particulars = '{"kind": "fax"}'
        where message_id = (select min(message_id::text)::uuid from notifications.messages)"#,
    )
    .execute(app.db.owner_pool())
    .await
    .expect("written");
    app.start_worker();
    app.until(2, MessageState::Sent).await;
    assert_eq!(app.until(1, MessageState::Queued).await, queued[2..]);
    assert_eq!(app.sent().len(), 2);
}

/// Mails of six clients.
async fn share_with_six(app: &TestApp) {
    for _ in 0..5 {
        let client = ClientId::new(&app.clock);
        app.add_client(client, "alex@client.example");
        app.share_with(client);
    }
    app.share_with(app.client);
    app.until(6, MessageState::Queued).await;
}

#[tokio::test]
async fn r43_billing_is_asked_once_for_the_people_of_mails_that_are_sent_at_once() {
    let app = TestApp::start_without_worker().await;
    share_with_six(&app).await;
    app.start_worker();
    app.until(6, MessageState::Sent).await;
    let books = app.suite.books();
    assert_eq!(
        (books.asked_together.as_slice(), books.asked_alone),
        (&[6][..], 0)
    );
}

#[tokio::test]
async fn r43_mails_ask_for_their_own_people_when_billing_does_not_answer_for_all() {
    let app = TestApp::start_without_worker().await;
    share_with_six(&app).await;
    let client = app.client.to_string();
    app.suite.books().clients.remove(&client);
    app.start_worker();
    app.until(5, MessageState::Sent).await;
    let failed = app.until(1, MessageState::Failed).await;
    assert_eq!(failed[0].client_id, client);
}

#[tokio::test]
async fn r43_mails_ask_for_their_own_people_while_billing_takes_no_calls_for_several() {
    let app = TestApp::start_without_worker().await;
    app.suite.books().one_by_one = true;
    share_with_six(&app).await;
    app.start_worker();
    app.until(6, MessageState::Sent).await;
    assert_eq!(app.suite.books().asked_alone, 6);
}

#[tokio::test]
async fn n_only_a_death_after_the_servers_yes_sends_twice_and_then_under_one_id() {
    let app = TestApp::start_without_worker().await;
    app.share();
    app.until(1, MessageState::Queued).await;
    // Whoever wants to write what became of the mail waits for this.
    let mut locked = pg::begin_any(app.db.owner_pool()).await.expect("begun");
    sqlx::query("select message_id from notifications.messages for update")
        .fetch_one(&mut *locked)
        .await
        .expect("locked");
    let dying = app.start_worker();
    eventually(SOON, "the server has the mail", || async {
        (app.sent().len() == 1).then_some(())
    })
    .await;
    eventually(SOON, "its outcome waits", || async {
        (app.waiting_for_a_lock("select count(pid)").await > 0).then_some(())
    })
    .await;
    dying.abort();
    dying.await.expect_err("dead");
    app.waiting_for_a_lock("select count(pg_terminate_backend(pid, 10000))")
        .await;
    locked.rollback().await.expect("unlocked");
    app.start_worker();
    app.clock.advance(SignedDuration::from_mins(10));
    app.until(1, MessageState::Sent).await;
    let ids: Vec<_> = app
        .sent()
        .iter()
        .map(|mail| {
            let mail = mail_parser::MessageParser::default()
                .parse(mail)
                .expect("a mail");
            mail.message_id().expect("an id").to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn two_workers_send_each_mail_once() {
    let app = TestApp::start().await;
    app.start_worker();
    for _ in 0..20 {
        app.share();
    }
    app.until(20, MessageState::Sent).await;
    assert_eq!(app.sent().len(), 20);
}

#[tokio::test]
async fn a_mail_waits_while_billing_is_away() {
    let app = TestApp::start().await;
    app.suite.books().away = true;
    app.share();
    let postponed = app.until_postponed(1).await;
    assert!(
        postponed.last_error.contains("away"),
        "{}",
        postponed.last_error
    );
    app.suite.books().away = false;
    app.clock.advance(MINUTE);
    app.until(1, MessageState::Sent).await;
}

#[tokio::test]
async fn r15_a_mail_that_is_tried_again_asks_for_the_document_of_its_own_share() {
    let app = TestApp::start().await;
    app.sink.refuse(1, 451);
    let shared = app.share();
    app.until_postponed(1).await;
    app.clock.advance(MINUTE);
    app.until(1, MessageState::Sent).await;
    let asked = app.suite.books().shares.clone();
    assert_eq!(asked, [shared.share_id.clone(), shared.share_id]);
}

#[tokio::test]
async fn r15_a_receipt_that_is_tried_again_asks_for_the_document_of_its_own_mail() {
    let app = TestApp::start().await;
    app.sink.refuse(1, 451);
    app.post_payment(PaymentKind::Card, TODAY);
    let message = app.until_postponed(1).await;
    app.clock.advance(MINUTE);
    app.until(1, MessageState::Sent).await;
    let asked = app.suite.books().receipts.clone();
    assert_eq!(asked, [message.message_id.clone(), message.message_id]);
}
