//! What is taken off a bill, or is owed again, after it was sent (R06).

use crate::app::{SOON, TODAY, TestApp, usd};
use crate::fake_suite::CODE;
use ids::{AdjustmentId, EventId, MessageId};
use jiff::SignedDuration;
use mail_parser::{Message, MessageParser};
use notifications::domain::adjustment::{AdjustmentKind as Kind, Change};
use notifications::ops::queue_adjustment::{Adjusted, queue_adjustment};
use proto::billing::v1::{
    Adjustment, AdjustmentKind, AdjustmentReversed, Bill, BillAdjusted, BillFacts, PaymentKind,
    Reduction,
};
use proto::notifications::v1::{MessageKind, MessageState};
use testkit::eventually;

impl TestApp {
    fn change_bill(&self, change: impl FnOnce(&mut Bill)) -> BillFacts {
        let mut books = self.suite.books();
        let bill = books.bills.get_mut(&self.bill.to_string());
        let bill = bill.expect("the bill");
        change(bill);
        BillFacts {
            bill_id: bill.bill_id.clone(),
            client_id: bill.client_id.clone(),
            client_balance: bill.client_balance.clone(),
            ..BillFacts::default()
        }
    }

    /// So much less is owed.
    fn take_off(&self, kind: AdjustmentKind, minor: i64, client_text: &str) -> Adjustment {
        let made = Adjustment {
            adjustment_id: AdjustmentId::new(&self.clock).to_string(),
            reduction: Some(Reduction {
                kind: kind.into(),
                client_text: client_text.to_owned(),
                ..Reduction::default()
            }),
            amount: Some(usd(minor)),
            create_time: Some(rpc::wire::time(self.clock.now())),
            ..Adjustment::default()
        };
        let facts = self.change_bill(|bill| {
            owe(bill, -minor);
            bill.adjustments.push(made.clone());
        });
        self.announce(
            &self.billing,
            &BillAdjusted {
                bill: Some(facts),
                adjustment_id: made.adjustment_id.clone(),
                kind: kind.into(),
                amount: made.amount.clone(),
                ..BillAdjusted::default()
            },
        );
        made
    }

    /// It is owed again.
    fn take_back(&self, made: &Adjustment) {
        let minor = made.amount.as_ref().expect("an amount").minor_units;
        let facts = self.change_bill(|bill| {
            owe(bill, minor);
            bill.adjustments
                .retain(|live| live.adjustment_id != made.adjustment_id);
        });
        let kind = made.reduction.as_ref().expect("a reduction").kind;
        self.announce(
            &self.billing,
            &AdjustmentReversed {
                bill: Some(facts),
                adjustment_id: made.adjustment_id.clone(),
                amount: made.amount.clone(),
                kind,
                ..AdjustmentReversed::default()
            },
        );
    }

    /// Waits until so many changes are to be told, or were.
    async fn until_heard(&self, changes: i64) {
        eventually(SOON, &format!("{changes} changes are heard of"), || async {
            let heard: i64 = sqlx::query_scalar(
                "select coalesce(sum(jsonb_array_length(particulars -> 'changes')), 0)::bigint
                from notifications.messages where kind = 'adjustment'",
            )
            .fetch_one(self.db.owner_pool())
            .await
            .expect("a count");
            (heard == changes).then_some(())
        })
        .await;
    }

    /// A bill of $40 that was sent.
    async fn with_sent_bill() -> Self {
        let app = Self::start().await;
        app.share_when(4_000, false);
        app.until(1, MessageState::Sent).await;
        app
    }

    fn minutes(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// How many mails about changes stand so.
    async fn notices(&self, state: MessageState) -> usize {
        let mut messages = self.messages().await;
        messages.retain(|one| one.kind() == MessageKind::Adjustment && one.state() == state);
        messages.len()
    }
}

fn owe(bill: &mut Bill, more_minor: i64) {
    for owed in [&mut bill.client_owes, &mut bill.client_balance] {
        let before = owed.take().map_or(0, |owed| owed.minor_units);
        *owed = Some(usd(before + more_minor));
    }
}

/// Subject, text and page of the last mail.
fn last(app: &TestApp) -> (String, String, String) {
    let mails = app.sent();
    let mail = MessageParser::default().parse(mails.last().expect("a mail"));
    let mail: Message<'_> = mail.expect("a mail");
    assert_eq!(mail.attachments().count(), 0);
    (
        mail.subject().expect("a subject").to_owned(),
        mail.body_text(0).expect("a text part").into_owned(),
        mail.body_html(0).expect("an HTML part").into_owned(),
    )
}

#[tokio::test]
async fn r06_what_is_taken_off_after_a_bill_was_sent_is_told_in_one_mail_of_its_own() {
    let app = TestApp::with_sent_bill().await;
    app.take_off(AdjustmentKind::Discount, 500, "A discount was applied");
    app.until_heard(1).await;
    app.minutes(3);
    app.take_off(
        AdjustmentKind::Waiver,
        1_000,
        "Ten dollars less, with thanks",
    );
    app.until_heard(2).await;
    app.minutes(4);
    app.a_while().await;
    assert_eq!(app.notices(MessageState::Queued).await, 1, "more may come");
    app.minutes(1);
    let sent = app.until(2, MessageState::Sent).await;
    assert_eq!(sent[0].kind(), MessageKind::Adjustment);
    assert_eq!(sent[0].bill_id, app.bill.to_string());
    assert_eq!(sent[0].recipient, "alex@client.example");
    let (subject, text, html) = last(&app);
    assert_eq!(
        subject,
        "Your bill from Harbor Light Counseling has changed: Invoice # K7M2-9QXD"
    );
    for told in [
        "A discount was applied: \u{2212}$5.00",
        "Ten dollars less, with thanks: \u{2212}$10.00",
        "New balance: $25.00",
        "Due March 31, 2026",
        "Access Code  042917",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    for told in [
        "A discount was applied",
        "Ten dollars less, with thanks",
        "\u{2212}$10.00",
        "$25.00",
        "Due March 31, 2026",
        "Pay now",
    ] {
        assert!(html.contains(told), "{told} in {html}");
    }
    for words in [text, html] {
        assert!(!words.contains("CANARY"), "{words}");
    }
}

#[tokio::test]
async fn r06_when_all_is_waived_the_mail_says_that_the_balance_is_zero_and_nothing_is_due() {
    let app = TestApp::with_sent_bill().await;
    app.take_off(AdjustmentKind::Waiver, 4_000, "Today's session is free");
    app.until_heard(1).await;
    app.minutes(5);
    app.until(2, MessageState::Sent).await;
    let (_, text, html) = last(&app);
    assert!(
        text.contains("Today's session is free: \u{2212}$40.00"),
        "{text}"
    );
    assert!(
        text.contains("New balance: $0.00 – nothing is due."),
        "{text}"
    );
    assert!(text.contains("You do not need to do anything."), "{text}");
    assert!(html.contains("$0.00") && html.contains("Nothing is due."));
    for asks in [CODE, "Pay now", "Access Code"] {
        assert!(!text.contains(asks), "{asks} in {text}");
        assert!(!html.contains(asks), "{asks} in {html}");
    }
}

#[tokio::test]
async fn r06_what_the_bill_itself_tells_is_not_told_twice() {
    let app = TestApp::start().await;
    app.take_off(AdjustmentKind::Discount, 500, "A discount was applied");
    app.share_when(3_500, false);
    app.until(1, MessageState::Sent).await;
    app.take_off(AdjustmentKind::Discount, 500, "Another discount");
    app.until_heard(1).await;
    app.minutes(1);
    app.share_when(3_000, false);
    app.until(2, MessageState::Sent).await;
    app.minutes(5);
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(
        skipped[0].last_error,
        "the bill was sent since, and says so"
    );
    assert_eq!(app.sent().len(), 2, "the bill, twice");
}

#[tokio::test]
async fn r06_what_is_taken_back_is_told_too_unless_nobody_heard_of_it() {
    let app = TestApp::with_sent_bill().await;
    let regretted = app.take_off(AdjustmentKind::Discount, 700, "A mistake");
    app.take_back(&regretted);
    app.until_heard(2).await;
    app.minutes(5);
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(skipped[0].last_error, "what was changed was changed back");

    let told = app.take_off(AdjustmentKind::WriteOff, 1_500, "Written off");
    app.until_heard(3).await;
    app.minutes(5);
    app.until(2, MessageState::Sent).await;
    app.take_back(&told);
    app.until_heard(4).await;
    app.minutes(5);
    app.until(3, MessageState::Sent).await;
    let (_, text, _) = last(&app);
    assert!(
        text.contains("What was written off is due again: +$15.00"),
        "{text}"
    );
    assert!(text.contains("New balance: $40.00"), "{text}");
}

#[tokio::test]
async fn r06_changes_that_do_not_end_are_told_within_an_hour() {
    let app = TestApp::with_sent_bill().await;
    for change in 1..=15 {
        app.take_off(AdjustmentKind::Discount, 100, "A discount was applied");
        app.until_heard(change).await;
        assert_eq!(app.notices(MessageState::Queued).await, 1);
        app.minutes(4);
    }
    app.until(2, MessageState::Sent).await;
    let (_, text, _) = last(&app);
    assert_eq!(text.matches("\u{2212}$1.00").count(), 15, "{text}");
    assert!(text.contains("New balance: $25.00"), "{text}");
}

#[tokio::test]
async fn r06_of_a_bill_that_was_paid_meanwhile_its_receipt_tells() {
    let app = TestApp::with_sent_bill().await;
    app.take_off(AdjustmentKind::Discount, 500, "A discount was applied");
    app.until_heard(1).await;
    app.minutes(1);
    app.change_bill(|bill| bill.client_balance = Some(usd(0)));
    app.post(PaymentKind::Card, TODAY, 3_500);
    app.until(2, MessageState::Sent).await;
    app.minutes(4);
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(
        skipped[0].last_error,
        "nothing is due any more, and the receipt says so"
    );

    // The rest of another one is waived after its receipt, which still named a balance.
    let app = TestApp::with_sent_bill().await;
    app.change_bill(|bill| bill.client_balance = Some(usd(1_500)));
    app.post(PaymentKind::Card, TODAY, 2_500);
    app.until(2, MessageState::Sent).await;
    app.minutes(1);
    app.take_off(AdjustmentKind::Waiver, 1_500, "The rest is free");
    app.until_heard(1).await;
    app.minutes(5);
    app.until(3, MessageState::Sent).await;
    let (_, text, _) = last(&app);
    assert!(text.contains("nothing is due."), "{text}");
}

#[tokio::test]
async fn r06_a_change_that_comes_while_a_mail_is_under_way_is_told_by_the_next() {
    let app = TestApp::with_sent_bill().await;
    app.take_off(AdjustmentKind::Discount, 500, "The first one");
    app.until_heard(1).await;
    app.suite.books().away = true;
    app.minutes(5);
    app.until_postponed(1).await;
    app.take_off(AdjustmentKind::Discount, 300, "The second one");
    app.until_heard(2).await;
    assert_eq!(app.notices(MessageState::Queued).await, 2);
    app.suite.books().away = false;
    app.minutes(5);
    app.until(3, MessageState::Sent).await;
    let mails = app.sent();
    let told = |words: &str| {
        let mails = mails.iter().map(|mail| String::from_utf8_lossy(mail));
        mails.filter(|mail| mail.contains(words)).count()
    };
    assert_eq!((told("The first one"), told("The second one")), (1, 1));
}

#[tokio::test]
async fn r06_an_event_that_comes_twice_is_told_once() {
    let app = TestApp::start_without_worker().await;
    app.share_when(4_000, false);
    app.until(1, MessageState::Queued).await;
    let change = |event| Change {
        event,
        adjustment: AdjustmentId::new(&app.clock),
        kind: Kind::Discount,
        amount: money::Money::from_minor(500, money::Currency::USD),
        taken_back: false,
        time: app.clock.now(),
    };
    let (first, second) = (EventId::new(&app.clock), EventId::new(&app.clock));
    for event in [first, second, first, second] {
        let adjusted = Adjusted {
            client: app.client,
            bill: app.bill,
            change: change(event),
        };
        let worker = rpc::Caller::worker("notifications");
        let message = (MessageId::new(&app.clock), app.clock.now());
        let mut tx = pg::begin(app.db.pool(), app.practice).await.expect("begun");
        queue_adjustment(&mut tx, &worker, app.practice, adjusted, message)
            .await
            .expect("queued");
        tx.commit().await.expect("committed");
    }
    app.until_heard(2).await;
    assert_eq!(app.notices(MessageState::Queued).await, 1);
}

impl TestApp {
    /// A discount of a bill that was sent, and its mail.
    pub async fn tell_of_a_discount(&self) {
        let before = self.sent().len();
        self.minutes(1);
        self.change_bill(|bill| owe(bill, 4_000));
        self.take_off(AdjustmentKind::Discount, 500, "A discount was applied");
        self.until_heard(1).await;
        self.minutes(5);
        self.until(before + 1, MessageState::Sent).await;
    }
}
