//! R28: what a payer is told before AutoPay charges.

use crate::app::TestApp;
use crate::fake_suite::CODE;
use mail_parser::MessageParser;
use proto::billing::v1::Contact;
use proto::notifications::v1::{Message, MessageKind, MessageState};

#[tokio::test]
async fn r28_the_payer_is_told_of_a_charge_to_come_and_until_when_it_can_be_moved() {
    let app = TestApp::start().await;
    app.notice_charge();
    let told = app.until(1, MessageState::Sent).await.remove(0);
    assert_eq!(told.kind(), MessageKind::UpcomingCharge);
    assert!(
        told.subject.starts_with("Your upcoming payment to"),
        "{}",
        told.subject
    );
    assert!(!told.subject.contains('$'), "no amount in a subject");
    let mails = app.sent();
    let mail = MessageParser::default().parse(&mails[0]).expect("a mail");
    let text = mail.body_text(0).expect("a text part");
    let html = mail.body_html(0).expect("an HTML part");
    for part in [
        "$40.00",
        "March 5, 2026",
        "March 18, 2026",
        "March 21, 2026",
        "K7M2-9QXD",
        "Pay now instead",
    ] {
        assert!(text.contains(part), "{part} in {text}");
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(text.contains(CODE), "{text}");
}

#[tokio::test]
async fn r28_who_has_paid_meanwhile_is_not_told() {
    let app = TestApp::start().await;
    app.settle_bill();
    app.notice_charge();
    let skipped = app.until(1, MessageState::Skipped).await.remove(0);
    assert_eq!(skipped.kind(), MessageKind::UpcomingCharge);
    assert!(app.sent().is_empty());
}

#[tokio::test]
async fn r28_the_contact_who_pays_is_told_and_told_again_when_the_charge_is_moved() {
    let app = TestApp::start().await;
    let contact = ids::ContactId::new(&app.clock);
    {
        let mut books = app.suite.books();
        let client = books.clients.get_mut(&app.client.to_string());
        client.expect("the client").contacts.push(Contact {
            contact_id: contact.to_string(),
            email: "mother@family.example".to_owned(),
            ..Contact::default()
        });
    }
    app.notice_charge_to(Some(contact));
    app.until(1, MessageState::Sent).await;
    app.move_charge(true, Some(contact));
    app.until(2, MessageState::Sent).await;
    let told = app.last_text();
    for part in [
        "Harbor Light Counseling has moved",
        "$40.00",
        "March 9, 2026",
        "K7M2-9QXD",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    app.move_charge(false, Some(contact));
    let sent = app.until(3, MessageState::Sent).await;
    assert!(app.last_text().contains("You have moved"));
    for mail in &sent {
        assert_eq!(mail.recipient, "mother@family.example", "{mail:?}");
    }
    let moved = |mail: &&Message| mail.kind() == MessageKind::ChargeMoved;
    assert_eq!(sent.iter().filter(moved).count(), 2);
}
