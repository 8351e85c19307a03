//! A client who owes nothing is told so (R06, R12).

use crate::app::{TODAY, TestApp, usd};
use crate::fake_suite::{CODE, LINK_TOKEN, PDF};
use jiff::SignedDuration;
use mail_parser::MessageParser;
use proto::billing::v1::{Adjustment, PaymentKind};
use proto::notifications::v1::{MessageKind, MessageState};

impl TestApp {
    /// The client owed so much of the bill and nothing any more; the rest is taken off now.
    fn waive_rest(&self, owed_minor: i64) {
        self.settle_bill();
        let mut books = self.suite.books();
        let bill = books.bills.get_mut(&self.bill.to_string());
        let bill = bill.expect("the bill");
        bill.client_owes = Some(usd(owed_minor));
        bill.adjustments = vec![Adjustment {
            create_time: Some(rpc::wire::time(self.clock.now())),
            ..Adjustment::default()
        }];
    }
}

/// Subject, text, page and attachments of the one mail that was sent.
fn only(app: &TestApp) -> (String, String, String, Vec<Vec<u8>>) {
    let mails = app.sent();
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(&mails[0]).expect("a mail");
    let attached = mail.attachments().map(|part| part.contents().to_vec());
    (
        mail.subject().expect("a subject").to_owned(),
        mail.body_text(0).expect("a text part").into_owned(),
        mail.body_html(0).expect("an HTML part").into_owned(),
        attached.collect(),
    )
}

#[tokio::test]
async fn r06_r12_a_bill_on_which_nothing_is_due_says_so_and_asks_for_nothing() {
    let app = TestApp::start().await;
    app.settle_bill();
    app.share_when(0, false);
    let sent = app.until(1, MessageState::Sent).await;
    assert_eq!(sent[0].kind(), MessageKind::Bill);
    let (subject, text, html, attached) = only(&app);
    assert_eq!(
        subject,
        "Your bill from Harbor Light Counseling: nothing is due on Invoice # K7M2-9QXD"
    );
    assert!(text.contains("Balance: $0.00 – nothing is due."), "{text}");
    assert!(
        html.contains("$0.00") && html.contains("Nothing is due."),
        "{html}"
    );
    for asks in [CODE, LINK_TOKEN, "Pay now", "Access Code", "CANARY"] {
        assert!(!text.contains(asks), "{asks} in {text}");
        assert!(!html.contains(asks), "{asks} in {html}");
    }
    assert_eq!(attached, [PDF]);
}

#[tokio::test]
async fn r15_a_bill_that_was_paid_before_its_time_is_told_of_by_its_receipt_alone() {
    let app = TestApp::start().await;
    app.settle_bill();
    app.post_payment(PaymentKind::Card, TODAY);
    app.until(1, MessageState::Sent).await;
    app.share_when(0, true);
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(
        skipped[0].last_error,
        "nothing is due any more, and the receipt says so"
    );
    // Who sends it on purpose has it sent.
    app.share_when(0, false);
    app.until(2, MessageState::Sent).await;
}

#[tokio::test]
async fn r06_a_scheduled_bill_whose_rest_was_waived_says_that_nothing_is_due() {
    let app = TestApp::start().await;
    app.waive_rest(1_500);
    app.clock.advance(SignedDuration::from_mins(1));
    app.post(PaymentKind::Card, TODAY, 1_500);
    app.until(1, MessageState::Sent).await;
    app.share_when(0, true);
    app.until(1, MessageState::Skipped).await;
    // Waived after the receipt, which still named a balance.
    app.clock.advance(SignedDuration::from_mins(1));
    app.waive_rest(1_500);
    app.share_when(0, true);
    app.until(2, MessageState::Sent).await;
    let mails = app.sent();
    let last = mails.last().expect("a mail");
    let mail = MessageParser::default().parse(last).expect("a mail");
    let text = mail.body_text(0).expect("a text part");
    assert!(text.contains("nothing is due."), "{text}");
}

#[tokio::test]
async fn r12_while_the_insurer_owes_the_client_hears_that_it_may_change() {
    let app = TestApp::start().await;
    {
        let mut books = app.suite.books();
        let bill = books.bills.get_mut(&app.bill.to_string());
        let bill = bill.expect("the bill");
        bill.client_balance = Some(usd(0));
        bill.insurance_balance = Some(usd(11_000));
    }
    app.share_when(0, true);
    app.until(1, MessageState::Sent).await;
    let (_, text, _, _) = only(&app);
    assert!(
        text.contains("Your insurer has yet to settle its part."),
        "{text}"
    );
    assert!(!text.contains("110.00"), "{text}");
}
