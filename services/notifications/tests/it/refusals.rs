//! Mails that are not sent, and say why.

use crate::app::{TODAY, TestApp};
use ids::ClientId;
use jiff::SignedDuration;
use proto::billing::v1::{BillStatus, PaymentKind};
use proto::notifications::v1::{ListMessagesRequest, MessageState};

#[tokio::test]
async fn r43_a_client_without_an_address_is_shown_as_failed() {
    let app = TestApp::start().await;
    let silent = ClientId::new(&app.clock);
    app.add_client(silent, "");
    app.share_with(silent);
    let failed = app.until(1, MessageState::Failed).await;
    assert_eq!(
        failed[0].last_error,
        "there is no e-mail address to send it to"
    );
    assert_eq!(failed[0].recipient, "");
    assert_eq!(app.sent().len(), 0);
}

#[tokio::test]
async fn r15_a_bill_that_was_paid_meanwhile_is_not_sent_after_its_receipt() {
    let app = TestApp::start().await;
    app.sink.refuse(1, 451);
    app.share();
    app.until_postponed(1).await;
    app.settle_bill();
    app.post_payment(PaymentKind::Card, TODAY);
    app.until(1, MessageState::Sent).await;
    app.clock.advance(SignedDuration::from_mins(1));
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(
        skipped[0].last_error,
        "nothing is due any more, and the receipt says so"
    );
    assert_eq!(app.sent().len(), 1, "the receipt");
    let asked = ListMessagesRequest {
        state: MessageState::Skipped.into(),
        ..Default::default()
    };
    assert_eq!(app.list(asked).await, skipped);
}

#[tokio::test]
async fn r15_a_bill_that_was_cancelled_meanwhile_is_not_sent() {
    let app = TestApp::start().await;
    {
        let mut books = app.suite.books();
        let bill = books.bills.get_mut(&app.bill.to_string());
        bill.expect("the bill").set_status(BillStatus::Cancelled);
    }
    app.share();
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(skipped[0].last_error, "the bill was cancelled");
    assert_eq!(app.sent().len(), 0);
}

#[tokio::test]
async fn r24_a_decline_of_a_bill_that_was_paid_meanwhile_is_not_told() {
    let app = TestApp::start().await;
    app.settle_bill();
    app.decline();
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(skipped[0].last_error, "nothing is due any more");
}

#[tokio::test]
async fn r15_the_mail_shows_what_is_due_when_it_is_sent() {
    let app = TestApp::start().await;
    app.sink.refuse(1, 451);
    app.share();
    app.until_postponed(1).await;
    app.add_bill(app.bill, "K7M2-9QXD", 1_500);
    app.clock.advance(SignedDuration::from_mins(1));
    app.until(1, MessageState::Sent).await;
    let mails = app.sent();
    let mail = mail_parser::MessageParser::default()
        .parse(&mails[0])
        .expect("a mail");
    let text = mail.body_text(0).expect("a text part");
    assert!(text.contains("Amount due: $15.00"), "{text}");
}
