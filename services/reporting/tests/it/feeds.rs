use crate::app::{SOON, TestApp, day, figures, reason};
use ids::EventId;
use pg::Announcement;
use pg::feed::{parked, replay};
use proto::billing::v1::EntryPosted;
use proto::billing::v1::PaymentKind::Cash;
use reporting::{BILLING, SCHEMA};
use sqlx::query;
use testkit::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_gap_stops_the_practice_says_so_and_heals_without_loss() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let before = app.projections().await;
    let owner = app.billing.db.owner_pool();
    query("create table public.kept as select * from billing.outbox where seq = 5")
        .execute(owner)
        .await
        .expect("kept");
    query("delete from billing.outbox where seq = 5")
        .execute(owner)
        .await
        .expect("lost");
    app.rebuild().await;
    let lost = eventually(SOON, "the gap is found", || async {
        let parked = parked(app.db.pool(), SCHEMA, BILLING).await.expect("asked");
        parked.into_iter().next()
    })
    .await;
    assert_eq!(
        (lost.event.sequence, lost.error.as_str()),
        (6, "gap: 5 is missing")
    );
    let totals = app.totals().await;
    assert_eq!((totals.billing_sequence, totals.events_behind), (4, 10));

    query("insert into billing.outbox select * from public.kept")
        .execute(owner)
        .await
        .expect("found");
    let replayed = replay(app.db.pool(), SCHEMA, BILLING, app.practice).await;
    assert!(replayed.expect("asked"));
    app.current().await;
    assert_eq!(app.projections().await, before);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_an_event_that_cannot_be_read_holds_its_practice_only() {
    let app = TestApp::start().await;
    let other = ids::PracticeId::new(&app.clock);
    let empty = EntryPosted { entry: None };
    let event = Announcement::of(EventId::new(&app.clock), &empty);
    app.billing.announce(other, vec![event]).await;
    app.billing.quarter(other).await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let parked = eventually(SOON, "the event is parked", || async {
        let parked = parked(app.db.pool(), SCHEMA, BILLING).await.expect("asked");
        (!parked.is_empty()).then_some(parked)
    })
    .await;
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].event.practice, parked[0].event.sequence),
        (other, 1)
    );
    assert!(parked[0].error.contains("entry"), "{}", parked[0].error);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refunds_entry_may_come_before_its_payment_is_known() {
    let app = TestApp::start().await;
    let payment = app
        .billing
        .pay(app.practice, (Cash, "Cash"), day(1, 5), (900, 0))
        .await;
    let back = (
        proto::billing::v1::AccountKind::ClientReceivable,
        proto::billing::v1::AccountKind::Cash,
        300,
    );
    app.billing
        .refund(app.practice, payment, day(1, 6), back)
        .await;
    app.current().await;
    // The refund's two events, the other way round; at once, so that nobody reads a gap.
    let mut swap = app.billing.db.owner_pool().begin().await.expect("begins");
    for (from, to) in [(3, 100), (4, 3), (100, 4)] {
        query("update billing.outbox set seq = $2 where seq = $1")
            .bind(from)
            .bind(to)
            .execute(&mut *swap)
            .await
            .expect("moved");
    }
    swap.commit().await.expect("commits");
    app.rebuild().await;
    app.current().await;
    let report = app.report(app.report_request()).await;
    assert_eq!(
        report.rows[0].refunded.as_ref().map(|it| it.minor_units),
        Some(300)
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_know_whether_it_is_current_says_so() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    let known = figures(&app.current().await);
    assert_eq!(known, app.billing.trial_balance(app.practice));
    app.billing.kill();
    // A connection that stands ends a moment after its server.
    let refused = eventually(SOON, "billing is away", || async {
        let mut reports = app.reports();
        let answer = reports.list_payments_report(app.report_request()).await;
        answer.is_err().then_some(answer)
    });
    assert_eq!(reason(refused.await), "BILLING_UNAVAILABLE");
    assert_eq!(app.months(None, None).await.len(), 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r51_followed_events_are_counted_at_the_metrics_page() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let page = reqwest::get(format!("{}/metrics", app.admin_url))
        .await
        .expect("a page")
        .text()
        .await
        .expect("text");
    let counted = |name: &str| {
        let labels = "{service=\"reporting\",source=\"billing\"} ";
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(&format!("evenkeel_{name}{labels}")));
        line.unwrap_or_else(|| panic!("{name} is not in\n{page}"))
            .parse::<u64>()
            .expect("a count")
    };
    // Other stories of this process count in the same place.
    assert!(counted("feed_events_applied_total") > 0);
    assert!(page.contains("# HELP evenkeel_feed_events_parked"));
    app.finish().await;
}
