use crate::autopay_stage::Upcoming;
use crate::stage::{Stage, VISA, reason, usd};
use ids::{BillId, ClientId};
use jiff::ToSpan as _;
use jiff::civil::Date;
use proto::payments::v1::*;
use testkit::request_id;

fn list(stage: &Stage, client: Option<ClientId>) -> ListUpcomingChargesRequest {
    ListUpcomingChargesRequest {
        practice_id: stage.practice.to_string(),
        client_id: client.map(|id| id.to_string()).unwrap_or_default(),
        ..ListUpcomingChargesRequest::default()
    }
}

fn to(stage: &Stage, bill: BillId, day: Date, why: &str) -> MoveUpcomingChargeRequest {
    MoveUpcomingChargeRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.to_string(),
        charge_date: Some(rpc::wire::date(day)),
        reason: why.to_owned(),
    }
}

async fn upcoming(stage: &Stage) -> Vec<UpcomingCharge> {
    let answer = stage
        .upcoming()
        .list_upcoming_charges(list(stage, None))
        .await;
    answer.expect("listed").into_inner().charges
}

/// A bill on which insurance decided what the client owes, and whose payer was told in the night that is answered.
async fn announced(stage: &Stage) -> (BillId, Date) {
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    stage.insurer_paid(bill, true).await;
    let night = stage.night().await;
    (bill, night)
}

#[tokio::test]
async fn r28_a_client_is_told_before_an_insurance_determined_charge_and_it_comes_on_its_day() {
    let stage = Stage::start().await;
    let (bill, night) = announced(&stage).await;
    let own = stage.owed(1_000, stage.today()).await;
    assert_eq!(
        stage.fate(night, bill).await,
        (AutoPayOutcome::Skipped, AutoPaySkipReason::UpcomingCharge)
    );
    let charges = upcoming(&stage).await;
    let [charge] = charges.as_slice() else {
        panic!("one: {charges:?}");
    };
    let day = night.saturating_add(3.days());
    assert_eq!(charge.amount, Some(usd(4_000)));
    assert_eq!(charge.charge_date, Some(rpc::wire::date(day)));
    assert_eq!(charge.initial_date, charge.charge_date);
    let latest = day.saturating_add(16.days());
    assert_eq!(charge.latest_date, Some(rpc::wire::date(latest)));
    assert_eq!(charge.changes.len(), 1);
    assert_eq!(charge.changes[0].kind(), UpcomingChargeChangeKind::Noticed);
    // What a client pays by themselves is charged without a notice.
    let second = stage.night().await;
    assert_eq!(stage.fate(second, own).await.0, AutoPayOutcome::Charged);
    stage.night().await;
    assert_eq!(stage.billing.balance(bill), 4_000, "not before its day");
    let third = stage.night().await;
    assert_eq!(third, day);
    assert_eq!(stage.fate(third, bill).await.0, AutoPayOutcome::Charged);
    stage.feed_comes(bill, night).await;
    assert!(upcoming(&stage).await.is_empty(), "it has come");
    stage.finish().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one charge, every way to move it")]
async fn r28_a_client_moves_a_charge_within_the_window_and_staff_go_beyond_with_a_reason() {
    let stage = Stage::start().await;
    let (bill, night) = announced(&stage).await;
    let day = night.saturating_add(3.days());
    let mut client = Upcoming::new(stage.client_connection());

    let later = day.saturating_add(10.days());
    let request = to(&stage, bill, later, "");
    for _ in 0..2 {
        let moved = client
            .move_upcoming_charge(request.clone())
            .await
            .expect("moved")
            .into_inner()
            .charge
            .expect("a charge");
        assert_eq!(moved.charge_date, Some(rpc::wire::date(later)));
        assert_eq!(moved.changes.len(), 2, "a repeat moves nothing");
    }
    let sooner = day.saturating_add(5.days());
    client
        .move_upcoming_charge(to(&stage, bill, sooner, ""))
        .await
        .expect("any number of times");
    let too_late = day.saturating_add(17.days());
    let refused = client
        .move_upcoming_charge(to(&stage, bill, too_late, ""))
        .await;
    assert_eq!(reason(refused), "CHARGE_DATE_TOO_LATE");
    let past = night.saturating_sub(1.day());
    let refused = client
        .move_upcoming_charge(to(&stage, bill, past, ""))
        .await;
    assert_eq!(reason(refused), "CHARGE_DATE_IN_PAST");

    // The practice may, and says why; the client does not see who and why.
    let refused = stage
        .upcoming()
        .move_upcoming_charge(to(&stage, bill, too_late, ""))
        .await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    let too_soon = day.saturating_sub(1.day());
    let refused = stage
        .upcoming()
        .move_upcoming_charge(to(&stage, bill, too_soon, "we need it"))
        .await;
    assert_eq!(reason(refused), "CHARGE_DATE_BEFORE_TOLD");
    stage
        .upcoming()
        .move_upcoming_charge(to(&stage, bill, too_late, "a hard month"))
        .await
        .expect("moved");
    let listed = client
        .list_upcoming_charges(list(&stage, Some(stage.client)))
        .await
        .expect("listed")
        .into_inner();
    let changes = &listed.charges[0].changes;
    let kinds: Vec<_> = changes.iter().map(UpcomingChargeChange::kind).collect();
    assert_eq!(
        kinds,
        [
            UpcomingChargeChangeKind::Noticed,
            UpcomingChargeChangeKind::MovedByPayer,
            UpcomingChargeChangeKind::MovedByPayer,
            UpcomingChargeChangeKind::MovedByStaff,
        ]
    );
    assert!(
        changes
            .iter()
            .all(|it| it.reason.is_empty() && it.changed_by.is_empty())
    );
    assert_eq!(upcoming(&stage).await[0].changes[3].reason, "a hard month");

    stage.finish().await;
}

#[tokio::test]
async fn r28_the_window_closes_and_the_practices_day_counts() {
    let stage = Stage::start().await;
    let (bill, night) = announced(&stage).await;
    let mut client = Upcoming::new(stage.client_connection());
    let day = night.saturating_add(20.days());
    stage
        .upcoming()
        .move_upcoming_charge(to(&stage, bill, day, "a hard month"))
        .await
        .expect("moved");
    // Sixteen days after the notice the client moves nothing any more.
    stage.nights_later(17).await;
    let refused = client.move_upcoming_charge(to(&stage, bill, day, "")).await;
    assert_eq!(reason(refused), "MOVE_WINDOW_CLOSED");
    assert_eq!(stage.billing.balance(bill), 4_000);
    stage.nights_later(3).await;
    assert_eq!(stage.billing.balance(bill), 0, "on the practice's day");
    stage.finish().await;
}

#[tokio::test]
async fn r28_more_than_was_told_is_told_again_first() {
    let stage = Stage::start().await;
    let (bill, night) = announced(&stage).await;
    let mut more = crate::autopay_stage::facts(bill, stage.client, 5_000, night);
    more.client_balance = Some(usd(5_000));
    stage
        .told(&proto::billing::v1::BillBalanceChanged {
            bill: Some(more),
            entry_id: String::new(),
        })
        .await;
    let again = stage.night().await;
    let charge = &upcoming(&stage).await[0];
    assert_eq!(charge.amount, Some(usd(5_000)));
    let day = again.saturating_add(3.days());
    assert_eq!(charge.charge_date, Some(rpc::wire::date(day)));
    assert_eq!(charge.changes.len(), 2);
    assert_eq!(stage.charges().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn r28_one_notice_is_for_one_charge() {
    let stage = Stage::start().await;
    let (bill, night) = announced(&stage).await;
    let charged = stage.nights_later(3).await;
    assert_eq!(stage.fate(charged, bill).await.0, AutoPayOutcome::Charged);
    stage.feed_comes(bill, night).await;
    // Insurance takes some of it back: less than was told, but told of another charge.
    let more = crate::autopay_stage::facts(bill, stage.client, 1_000, night);
    stage.told_facts(more).await;
    let again = stage.night().await;
    assert_eq!(
        stage.fate(again, bill).await,
        (AutoPayOutcome::Skipped, AutoPaySkipReason::UpcomingCharge)
    );
    let charge = &upcoming(&stage).await[0];
    assert_eq!(charge.amount, Some(usd(1_000)));
    let day = again.saturating_add(3.days());
    assert_eq!(charge.charge_date, Some(rpc::wire::date(day)));
    assert_eq!(stage.charges().await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn r28_another_clients_charge_is_neither_seen_nor_moved() {
    let stage = Stage::start().await;
    let (bill, night) = announced(&stage).await;
    let (practice, other) = (stage.practice, ClientId::new(&stage.clock));
    let mut stranger = Upcoming::new(stage.connection(move |claims| rpc::Claims {
        sub: format!("client:{other}"),
        role: rpc::Role::Client,
        practice_id: Some(practice.to_string()),
        client_ids: vec![other.to_string()],
        ..claims
    }));
    let day = night.saturating_add(4.days());
    let refused = stranger
        .move_upcoming_charge(to(&stage, bill, day, ""))
        .await;
    assert_eq!(reason(refused), "UPCOMING_CHARGE_NOT_FOUND");
    let refused = stranger.list_upcoming_charges(list(&stage, None)).await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    let refused = stranger
        .list_upcoming_charges(list(&stage, Some(stage.client)))
        .await;
    assert_eq!(reason(refused), "CLIENT_UNKNOWN");
    let own = stranger
        .list_upcoming_charges(list(&stage, Some(other)))
        .await;
    assert!(own.expect("listed").into_inner().charges.is_empty());
    stage.finish().await;
}
