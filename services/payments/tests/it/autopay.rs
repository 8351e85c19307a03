use crate::autopay_stage::{AutoPays, FAILS_WHEN_CHARGED, WANTS_THE_PAYER, facts};
use crate::stage::{Stage, VISA, reason, usd};
use ids::{BillId, ContactId, PracticeId};
use jiff::ToSpan as _;
use proto::payments::v1::*;
use testkit::request_id;

const CHARGED: (AutoPayOutcome, AutoPaySkipReason) =
    (AutoPayOutcome::Charged, AutoPaySkipReason::Unspecified);
const DECLINED: (AutoPayOutcome, AutoPaySkipReason) =
    (AutoPayOutcome::Declined, AutoPaySkipReason::Unspecified);

const fn skipped(reason: AutoPaySkipReason) -> (AutoPayOutcome, AutoPaySkipReason) {
    (AutoPayOutcome::Skipped, reason)
}

#[tokio::test]
async fn r21_a_due_bill_is_charged_at_night_and_the_report_says_so() {
    let stage = Stage::start().await;
    let card = stage.card_on_file(VISA).await;
    let on = stage.turn_on().await;
    assert!(on.enabled && !on.includes_old_balances);
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    assert_eq!(stage.charges().await, 0, "nothing before the night");

    let night = stage.night().await;
    assert_eq!(stage.billing.balance(bill), 0);
    let items = stage.items(night).await;
    let [item] = items.as_slice() else {
        panic!("one item: {items:?}");
    };
    assert_eq!((item.outcome(), item.skip_reason()), CHARGED);
    assert_eq!(item.amount, Some(usd(4_000)));
    assert_eq!(item.credited, Some(usd(0)));
    assert_eq!(item.method_id, card.to_string());
    assert_eq!(item.method_text, "Visa ending in 4242");
    let runs = stage.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].run_date, Some(rpc::wire::date(night)));
    assert_eq!((runs[0].due_count, runs[0].charged_count), (1, 1));
    assert_eq!(runs[0].charged, Some(usd(4_000)));
    assert!(runs[0].end_time.is_some());

    // The same day again, and the next night before billing's feed has come: nothing is charged twice.
    stage.night().await;
    stage.feed_comes(bill, due).await;
    stage.night().await;
    assert_eq!(stage.charges().await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn r21_turning_it_on_charges_nothing_old_unless_the_practice_says_so() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    let due = stage.today();
    let old = stage.owed(3_000, due).await;
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    stage.turn_on().await;
    let new = stage.owed(4_000, due).await;
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, old).await,
        skipped(AutoPaySkipReason::OldBalance)
    );
    assert_eq!(stage.fate(night, new).await, CHARGED);
    stage.feed_comes(new, due).await;

    // A client cannot say so, the practice can.
    let everything = TurnOnAutoPayRequest {
        include_old_balances: true,
        ..stage.turn_on_request()
    };
    let mut client = AutoPays::new(stage.client_connection());
    let refused = client.turn_on_auto_pay(everything.clone()).await;
    assert_eq!(reason(refused), "AUTO_PAY_BY_PRACTICE_ONLY");
    let on = stage.try_turn_on(everything).await.expect("on");
    assert!(on.includes_old_balances);
    let night = stage.night().await;
    assert_eq!(stage.fate(night, old).await, CHARGED);
    stage.finish().await;
}

#[tokio::test]
async fn r21_what_must_not_be_charged_is_left_out_with_its_reason() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let today = stage.today();
    let tomorrow = today.saturating_add(1.day());
    let later = today.saturating_add(9.days());

    let held = stage.owed(1_000, today).await;
    stage.hold(held).await;
    // The insurer paid on account and still owes.
    let reviewed = stage.owed(1_100, today).await;
    stage.insurer_paid(reviewed, false).await;
    let mut facts_of_reviewed = facts(reviewed, stage.client, 1_100, today);
    facts_of_reviewed.insurance_balance = Some(usd(5_000));
    stage.told_facts(facts_of_reviewed).await;
    // Its service is still to come.
    let unserved = stage.owed(1_200, today).await;
    let mut facts_of_unserved = facts(unserved, stage.client, 1_200, today);
    facts_of_unserved.last_service_date = Some(rpc::wire::date(later));
    stage.told_facts(facts_of_unserved).await;
    // Somebody paid part of it, and it went back.
    let refunded = stage.owed(1_300, today).await;
    let paid = stage.pay(refunded, 1_300, VISA).await;
    stage.refund(&paid, 300, false).await.expect("refunded");
    stage
        .told_facts(facts(refunded, stage.client, 300, today))
        .await;
    let undue = stage.owed(1_400, later).await;
    let due = stage.owed(1_500, tomorrow).await;
    let charges = stage.charges().await;

    let night = stage.night().await;
    for (bill, why) in [
        (held, AutoPaySkipReason::Held),
        (reviewed, AutoPaySkipReason::UnderReview),
        (unserved, AutoPaySkipReason::BeforeService),
        (refunded, AutoPaySkipReason::Refunded),
    ] {
        assert_eq!(stage.fate(night, bill).await, skipped(why), "{why:?}");
    }
    assert_eq!(
        stage.fate(night, undue).await.0,
        AutoPayOutcome::Unspecified,
        "it is no business of the night"
    );
    assert_eq!(stage.fate(night, due).await, CHARGED);
    assert_eq!(stage.charges().await, charges + 1);
    assert_eq!(stage.runs().await[0].skipped_count, 4);

    // What was held is charged when it is given free; what is turned off is no business of the next night.
    stage.release(held).await;
    stage.feed_comes(due, tomorrow).await;
    let night = stage.night().await;
    assert_eq!(stage.fate(night, held).await, CHARGED);
    let off = stage.turn_off().await;
    assert!(!off.enabled && off.turn_off_time.is_some());
    let night = stage.night().await;
    assert!(stage.items(night).await.is_empty());
    stage.finish().await;
}

#[tokio::test]
async fn r29_a_bill_with_a_disputed_payment_is_left_out() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(9_000, due).await;
    stage.pay(bill, 4_000, "pm_card_createDispute").await;
    stage.feed_comes(bill, due).await;
    stage
        .webhooks_came("charge.dispute.funds_withdrawn", 1)
        .await;
    stage.process_webhooks().await;
    let preview = stage.preview().await;
    assert_eq!(preview.items[0].skip_reason(), AutoPaySkipReason::Disputed);
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, bill).await,
        skipped(AutoPaySkipReason::Disputed)
    );
    assert_eq!(stage.billing.balance(bill), 5_000);
    stage.finish().await;
}

#[tokio::test]
async fn r21_credit_pays_first_and_the_rest_is_charged() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let due = stage.today();
    let small = stage.owed(1_500, due).await;
    let large = stage.owed(4_000, due).await;
    stage.billing.books().credit = 2_000;
    let night = stage.night().await;
    let items = stage.items(night).await;
    let of = |bill: BillId| {
        let id = bill.to_string();
        items
            .iter()
            .find(|item| item.bill_id == id)
            .expect("an item")
    };
    let credited: i64 = [small, large]
        .map(|bill| of(bill).credited.clone().expect("an amount").minor_units)
        .iter()
        .sum();
    assert_eq!(credited, 2_000, "all of the credit and no more");
    assert_eq!(stage.billing.books().credit, 0);
    assert_eq!(
        (stage.billing.balance(small), stage.billing.balance(large)),
        (0, 0)
    );
    let runs = stage.runs().await;
    assert_eq!(runs[0].credited, Some(usd(2_000)));
    assert_eq!(runs[0].charged, Some(usd(3_500)));
    stage.finish().await;
}

#[tokio::test]
async fn r21_a_bill_that_credit_pays_wholly_is_not_charged() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let bill = stage.owed(1_500, stage.today()).await;
    stage.billing.books().credit = 9_000;
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, bill).await.0,
        AutoPayOutcome::PaidByCredit
    );
    assert_eq!((stage.charges().await, stage.billing.balance(bill)), (0, 0));
    stage.finish().await;
}

#[tokio::test]
async fn r24_a_soft_decline_is_tried_again_on_days_one_three_five_and_seven() {
    let stage = Stage::start().await;
    stage.card_on_file(FAILS_WHEN_CHARGED).await;
    stage.turn_on().await;
    let due = stage.today();
    let bill = stage.owed(4_000, due).await;
    let mut tried = Vec::new();
    for day in 0..11 {
        let night = stage.night().await;
        match stage.fate(night, bill).await {
            DECLINED => tried.push(day),
            (AutoPayOutcome::Skipped, AutoPaySkipReason::RetryLater) => assert!(day < 7, "{day}"),
            other => assert_eq!(other, skipped(AutoPaySkipReason::Declined), "{day}"),
        }
    }
    assert_eq!(tried, [0, 1, 3, 5, 7]);
    // Staff may have it tried once more, and another card is tried at once.
    stage.release(bill).await;
    let night = stage.night().await;
    assert_eq!(stage.fate(night, bill).await, DECLINED);
    stage.card_on_file(VISA).await;
    let night = stage.night().await;
    assert_eq!(stage.fate(night, bill).await, CHARGED);
    stage.finish().await;
}

#[tokio::test]
async fn r24_a_hard_decline_waits_for_another_method_and_says_why() {
    let stage = Stage::start().await;
    stage.card_on_file(WANTS_THE_PAYER).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    let night = stage.night().await;
    let items = stage.items(night).await;
    assert_eq!(items[0].outcome(), AutoPayOutcome::Declined);
    assert_eq!(
        items[0].decline_reason(),
        DeclineReason::AuthenticationNeeded
    );
    let night = stage.nights_later(30).await;
    assert_eq!(
        stage.fate(night, bill).await,
        skipped(AutoPaySkipReason::Declined)
    );
    stage.card_on_file(VISA).await;
    let night = stage.night().await;
    assert_eq!(stage.fate(night, bill).await, CHARGED);
    stage.finish().await;
}

#[tokio::test]
async fn r21_the_preview_shows_tonights_run_page_by_page_and_changes_nothing() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let tomorrow = stage.today().saturating_add(1.day());
    let mut bills = Vec::new();
    for amount in [1_000, 2_000, 3_000] {
        bills.push(stage.owed(amount, tomorrow).await);
    }
    stage.owed(9_000, tomorrow.saturating_add(1.day())).await;
    stage.hold(bills[1]).await;
    let whole = stage.preview().await;
    assert_eq!(whole.run_date, Some(rpc::wire::date(tomorrow)));
    assert_eq!((whole.due_count, whole.skipped_count), (2, 1));
    assert_eq!(whole.due, Some(usd(4_000)));
    let mut request = PreviewAutoPayRequest {
        practice_id: stage.practice.to_string(),
        page_size: 2,
        page_token: String::new(),
    };
    let mut pages = Vec::new();
    loop {
        let page = stage
            .auto_pay()
            .preview_auto_pay(request.clone())
            .await
            .expect("shown")
            .into_inner();
        assert_eq!(page.due, Some(usd(4_000)), "sums are of all pages");
        pages.extend(page.items);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages, whole.items);
    assert_eq!(pages[1].skip_reason(), AutoPaySkipReason::Held);
    for item in &pages {
        assert_eq!(item.method_text, "Visa ending in 4242");
    }
    assert_eq!(stage.charges().await, 0);

    let night = stage.night().await;
    assert_eq!(night, tomorrow);
    let happened: Vec<_> = stage.items(night).await;
    for (shown, done) in whole.items.iter().zip(&happened) {
        assert_eq!(shown.bill_id, done.bill_id);
        assert_eq!(shown.skip_reason, done.skip_reason);
    }
    stage.finish().await;
}

#[tokio::test]
async fn r21_it_is_turned_on_once_and_what_cannot_be_is_refused() {
    let stage = Stage::start().await;
    let refused = stage.try_turn_on(stage.turn_on_request()).await;
    assert_eq!(reason(refused), "NO_METHOD_ON_FILE");
    let contact = ContactId::new(&stage.clock);
    let contacts = stage.contacts_card_on_file(contact, VISA).await;
    let card = stage.card_on_file(VISA).await;
    let with_the_contacts = TurnOnAutoPayRequest {
        method_id: contacts.to_string(),
        ..stage.turn_on_request()
    };
    let refused = stage.try_turn_on(with_the_contacts).await;
    assert_eq!(
        reason(refused),
        "METHOD_NOT_FOUND",
        "it is not the client's"
    );
    let get = GetAutoPayRequest {
        practice_id: stage.practice.to_string(),
        client_id: stage.client.to_string(),
    };
    let never = stage.auto_pay().get_auto_pay(get.clone()).await;
    assert_eq!(reason(never), "AUTO_PAY_NOT_FOUND");

    let request = TurnOnAutoPayRequest {
        contact_id: contact.to_string(),
        method_id: contacts.to_string(),
        ..stage.turn_on_request()
    };
    let on = stage.try_turn_on(request.clone()).await.expect("on");
    assert_eq!(on.contact_id, contact.to_string());
    assert_eq!(stage.try_turn_on(request.clone()).await.expect("again"), on);
    let other = TurnOnAutoPayRequest {
        method_id: card.to_string(),
        contact_id: String::new(),
        ..request
    };
    assert_eq!(reason(stage.try_turn_on(other).await), "REQUEST_ID_REUSED");
    let read = stage.auto_pay().get_auto_pay(get).await.expect("read");
    assert_eq!(read.into_inner().auto_pay, Some(on));

    let bill = stage.owed(4_000, stage.today()).await;
    let night = stage.night().await;
    assert_eq!(stage.items(night).await[0].contact_id, contact.to_string());
    assert_eq!(stage.fate(night, bill).await, CHARGED);
    stage.finish().await;
}

async fn settings(stage: &Stage) -> AutoPaySettings {
    let request = GetAutoPaySettingsRequest {
        practice_id: stage.practice.to_string(),
    };
    let answer = stage.auto_pay().get_auto_pay_settings(request).await;
    answer
        .expect("read")
        .into_inner()
        .settings
        .expect("settings")
}

fn set(stage: &Stage, settings: AutoPaySettings) -> SetAutoPaySettingsRequest {
    SetAutoPaySettingsRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        settings: Some(settings),
    }
}

#[tokio::test]
async fn r21_the_practice_says_when_nights_run_and_who_turns_it_on() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    let defaults = settings(&stage).await;
    assert_eq!((defaults.run_hour, defaults.move_window_days), (4, 16));
    let set = |settings| set(&stage, settings);
    let by_practice = AutoPaySettings {
        clients_may_turn_on: false,
        ..defaults
    };
    let request = set(by_practice);
    for _ in 0..2 {
        let answer = stage
            .auto_pay()
            .set_auto_pay_settings(request.clone())
            .await;
        assert_eq!(
            answer.expect("set").into_inner().settings,
            Some(by_practice)
        );
    }
    let wrong = AutoPaySettings {
        run_hour: 24,
        ..defaults
    };
    let refused = stage.auto_pay().set_auto_pay_settings(set(wrong)).await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    let mut client = AutoPays::new(stage.client_connection());
    let refused = client.turn_on_auto_pay(stage.turn_on_request()).await;
    assert_eq!(reason(refused), "AUTO_PAY_BY_PRACTICE_ONLY");
    let refused = client.set_auto_pay_settings(set(defaults)).await;
    assert_eq!(
        refused.expect_err("theirs").code(),
        tonic::Code::PermissionDenied
    );
    stage
        .auto_pay()
        .set_auto_pay_settings(set(defaults))
        .await
        .expect("set");
    client
        .turn_on_auto_pay(stage.turn_on_request())
        .await
        .expect("a client may again");

    stage.finish().await;
}

#[tokio::test]
async fn r21_a_contact_neither_reads_nor_ends_what_another_payer_turned_on() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    let mut client = AutoPays::new(stage.client_connection());
    client
        .turn_on_auto_pay(stage.turn_on_request())
        .await
        .expect("turned on");
    let contact = ContactId::new(&stage.clock);
    let mut contact = AutoPays::new(stage.payer(stage.client, Some(contact)));
    let read = GetAutoPayRequest {
        practice_id: stage.practice.to_string(),
        client_id: stage.client.to_string(),
    };
    let refused = contact.get_auto_pay(read.clone()).await;
    assert_eq!(reason(refused), "AUTO_PAY_NOT_FOUND");
    let off = TurnOffAutoPayRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        client_id: stage.client.to_string(),
    };
    let refused = contact.turn_off_auto_pay(off).await;
    assert_eq!(reason(refused), "AUTO_PAY_NOT_FOUND");
    let still = client.get_auto_pay(read).await.expect("the payer's own");
    assert!(
        still
            .into_inner()
            .auto_pay
            .expect("AutoPay")
            .turn_off_time
            .is_none()
    );
    stage.finish().await;
}

#[tokio::test]
async fn r21_nights_that_are_off_charge_nothing_until_they_are_on_again() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    for (enabled, left) in [(false, 4_000), (true, 0)] {
        let settings = AutoPaySettings {
            enabled,
            ..settings(&stage).await
        };
        stage
            .auto_pay()
            .set_auto_pay_settings(set(&stage, settings))
            .await
            .expect("set");
        stage.night().await;
        assert_eq!(stage.billing.balance(bill), left);
        assert_eq!(stage.runs().await.len(), usize::from(enabled));
    }
    stage.finish().await;
}

#[tokio::test]
async fn r41_another_practices_autopay_is_not_there() {
    let stage = Stage::start().await;
    stage.card_on_file(VISA).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    let other = PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), other).await;
    let mut theirs = AutoPays::new(stage.connection(move |claims| rpc::Claims {
        practice_id: Some(other.to_string()),
        ..claims
    }));
    let turn_on = theirs.turn_on_auto_pay(stage.turn_on_request()).await;
    assert_eq!(reason(turn_on), "PRACTICE_UNKNOWN");
    let in_their_own = TurnOnAutoPayRequest {
        practice_id: other.to_string(),
        ..stage.turn_on_request()
    };
    let turn_on = theirs.turn_on_auto_pay(in_their_own).await;
    assert_eq!(reason(turn_on), "NO_METHOD_ON_FILE");
    let hold = HoldAutoPayItemRequest {
        practice_id: other.to_string(),
        request_id: request_id(),
        bill_id: BillId::new(&stage.clock).to_string(),
        reason: "x".to_owned(),
    };
    assert_eq!(
        reason(theirs.hold_auto_pay_item(hold).await),
        "BILL_NOT_FOUND"
    );
    let preview = PreviewAutoPayRequest {
        practice_id: other.to_string(),
        ..PreviewAutoPayRequest::default()
    };
    let shown = theirs.preview_auto_pay(preview).await.expect("shown");
    assert!(shown.into_inner().items.is_empty());
    let run = ListAutoPayItemsRequest {
        practice_id: other.to_string(),
        run_date: Some(rpc::wire::date(stage.today())),
        ..ListAutoPayItemsRequest::default()
    };
    assert_eq!(
        reason(theirs.list_auto_pay_items(run).await),
        "RUN_NOT_FOUND"
    );
    // A client of the practice sees its own only.
    let mut client = AutoPays::new(stage.client_connection());
    let another = GetAutoPayRequest {
        practice_id: stage.practice.to_string(),
        client_id: ids::ClientId::new(&stage.clock).to_string(),
    };
    assert_eq!(reason(client.get_auto_pay(another).await), "CLIENT_UNKNOWN");
    stage.night().await;
    assert_eq!(stage.billing.balance(bill), 0);
    stage.finish().await;
}
