//! What is in the mails.

use crate::app::{SOON, TODAY, TestApp, practice};
use crate::fake_suite::{CODE, LINK_TOKEN, PDF};
use ids::ClientId;
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use proto::billing::v1::{Contact, PaymentKind};
use proto::google::r#type::Date;
use proto::notifications::v1::{MessageKind, MessageState};
use proto::portal_auth::v1::Practice;
use testkit::eventually;

fn parsed(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).expect("a mail")
}

/// What a reader of the page reads, on one line.
fn read(html: &str) -> String {
    let body = html.split_once("<body").expect("a body").1;
    let mut text = String::new();
    let mut inside = true; // of the body's own tag
    for letter in body.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            other if !inside => text.push(other),
            _ => {}
        }
    }
    let text = text.replace("&amp;", "&").replace("&#x2f;", "/");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts(mail: &Message<'_>) -> (String, String) {
    let html = mail.body_html(0).expect("an HTML part").into_owned();
    (html, mail.body_text(0).expect("a text part").into_owned())
}

#[tokio::test]
async fn r15_sharing_a_bill_sends_one_mail_with_link_number_code_and_pdf() {
    let app = TestApp::start().await;
    app.share();
    let sent = app.until(1, MessageState::Sent).await.remove(0);
    app.a_while().await;
    let mails = app.sent();
    assert_eq!(mails.len(), 1);
    let mail = parsed(&mails[0]);
    let link = format!("https://pay.evenkeel.example/pay/K7M2-9QXD#{LINK_TOKEN}");
    let (html, text) = texts(&mail);
    assert!(html.contains(&format!("href=\"{link}\"")), "{html}");
    assert!(text.contains(&link), "{text}");
    let shown = read(&html);
    for part in [
        "$40.00",
        "Due March 31, 2026",
        "Pay now",
        "Invoice #",
        "K7M2-9QXD",
        "Access Code",
        CODE,
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
        assert!(text.contains(part), "{part} in {text}");
    }
    let attachments: Vec<_> = mail.attachments().collect();
    assert_eq!(attachments.len(), 1);
    assert_eq!(attachments[0].attachment_name(), Some("Bill-41.pdf"));
    assert_eq!(attachments[0].contents(), PDF);

    let from = mail.from().and_then(|from| from.first()).expect("a sender");
    assert_eq!(from.name(), Some("Harbor Light Counseling"));
    assert_eq!(from.address(), Some("billing@evenkeel.example"));
    let reply_to = mail
        .reply_to()
        .and_then(|to| to.first())
        .expect("an address for replies");
    assert_eq!(reply_to.address(), Some("billing@harborlight.example"));
    assert_eq!(
        mail.header_raw("Auto-Submitted").map(str::trim),
        Some("auto-generated")
    );
    assert_eq!(
        mail.message_id(),
        Some(format!("{}@evenkeel.example", sent.message_id).as_str())
    );
    assert_eq!(
        mail.date().map(|date| date.to_timestamp()),
        Some(app.clock.now().as_second())
    );

    assert_eq!(sent.kind(), MessageKind::Bill);
    assert_eq!(sent.recipient, "alex@client.example");
    assert_eq!(Some(sent.subject.as_str()), mail.subject());
    assert_eq!(sent.bill_id, app.bill.to_string());
    assert_eq!((sent.attempts, sent.last_error.as_str()), (1, ""));
    assert!(sent.send_time.is_some());
}

#[tokio::test]
async fn r15_the_billing_contact_gets_the_bill() {
    let app = TestApp::start().await;
    {
        let mut books = app.suite.books();
        let client = books
            .clients
            .get_mut(&app.client.to_string())
            .expect("the client");
        client.contacts = vec![
            Contact {
                email: "other@family.example".to_owned(),
                ..Contact::default()
            },
            Contact {
                email: "mother@family.example".to_owned(),
                billing_contact: true,
                ..Contact::default()
            },
        ];
        for (number, contact) in client.contacts.iter_mut().enumerate() {
            contact.contact_id = format!("con_{number}");
        }
    }
    app.share();
    let sent = app.until(1, MessageState::Sent).await;
    assert_eq!(sent[0].recipient, "mother@family.example");
}

#[tokio::test]
async fn r43_a_receipt_says_that_nothing_is_due() {
    let app = TestApp::start().await;
    app.settle_bill();
    app.post_payment(PaymentKind::Card, TODAY);
    app.until(1, MessageState::Sent).await;
    let mails = app.sent();
    let mail = parsed(&mails[0]);
    let (html, text) = texts(&mail);
    let shown = read(&html);
    for part in [
        "$40.00",
        "March 2, 2026",
        "Visa ending in 4242",
        "For Invoice # K7M2-9QXD",
        "Balance: $0.00 — nothing is due. Thank you.",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
        assert!(text.contains(part), "{part} in {text}");
    }
    let name = mail
        .attachments()
        .next()
        .and_then(|part| part.attachment_name());
    assert_eq!(name, Some("Receipt-2026-03-02.pdf"));
}

#[tokio::test]
async fn r43_a_receipt_says_what_is_left() {
    let app = TestApp::start().await;
    app.suite.books().owed_minor = 6_000;
    app.post_payment(PaymentKind::Cash, TODAY);
    app.until(1, MessageState::Sent).await;
    let mails = app.sent();
    let (_, text) = texts(&parsed(&mails[0]));
    assert!(text.contains("Balance: $60.00 is still due."), "{text}");
}

#[tokio::test]
async fn r43_old_payments_that_are_brought_over_send_no_mails() {
    let app = TestApp::start().await;
    app.post_payment(
        PaymentKind::Cash,
        Date {
            year: 2024,
            ..TODAY
        },
    );
    app.post_payment(
        PaymentKind::Check,
        Date {
            year: 2025,
            ..TODAY
        },
    );
    app.share();
    let messages = app.until(1, MessageState::Sent).await;
    assert_eq!(messages[0].kind(), MessageKind::Bill);
    assert_eq!(app.messages().await.len(), 1);
}

#[tokio::test]
async fn r43_a_declined_card_and_a_refund_are_told_of() {
    let app = TestApp::start().await;
    app.decline();
    app.until(1, MessageState::Sent).await;
    app.refund();
    app.until(2, MessageState::Sent).await;
    let mails = app.sent();
    let (html, text) = texts(&parsed(&mails[0]));
    for part in [
        "Nothing was charged",
        "not enough money",
        "Visa ending in 0002",
        "Try again",
        "$40.00",
        "K7M2-9QXD",
        CODE,
    ] {
        assert!(read(&html).contains(part), "{part} in {html}");
        assert!(text.contains(part), "{part} in {text}");
    }
    let (html, text) = texts(&parsed(&mails[1]));
    for part in [
        "$20.00",
        "March 2, 2026",
        "Visa ending in 4242",
        "5 to 10 business days",
    ] {
        assert!(read(&html).contains(part), "{part} in {html}");
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn no_mail_says_anything_about_health() {
    let app = TestApp::start().await;
    app.share();
    app.until(1, MessageState::Sent).await;
    app.reissue_code();
    app.decline();
    app.refund();
    app.until(4, MessageState::Sent).await;
    app.settle_bill();
    app.share_when(0, false);
    app.post_payment(PaymentKind::Card, TODAY);
    app.until(6, MessageState::Sent).await;
    app.tell_of_a_discount().await;
    for mail in app.sent() {
        let mail = parsed(&mail);
        let (html, text) = texts(&mail);
        let headers = mail
            .headers_raw()
            .map(|(_, value)| value)
            .collect::<String>();
        for words in [html, text, headers] {
            assert!(!words.contains("CANARY"), "{words}");
        }
    }
    let kept: Vec<String> =
        sqlx::query_scalar("select particulars::text from notifications.messages")
            .fetch_all(app.db.owner_pool())
            .await
            .expect("rows");
    assert!(kept.iter().all(|row| !row.contains("CANARY")), "{kept:?}");
}

#[tokio::test]
async fn f39_names_and_addresses_cannot_add_headers_or_recipients() {
    let app = TestApp::start().await;
    let harmful = Practice {
        name: "Harbor\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>".to_owned(),
        email: "a@b.example\r\nBcc: all@evil.example".to_owned(),
        ..practice()
    };
    app.register(app.practice, harmful);
    eventually(SOON, "the new letterhead is known", || async {
        let names: Vec<String> = sqlx::query_scalar("select name from notifications.practices")
            .fetch_all(app.db.owner_pool())
            .await
            .expect("names");
        names.iter().any(|name| name.contains("evil")).then_some(())
    })
    .await;
    app.share();
    app.until(1, MessageState::Sent).await;
    let mails = app.sent();
    let mail = parsed(&mails[0]);
    assert!(mail.bcc().is_none() && mail.reply_to().is_none());
    let to: Vec<_> = mail.to().into_iter().flat_map(|to| to.iter()).collect();
    assert_eq!(to.len(), 1);
    let from = mail.from().and_then(|from| from.first()).expect("a sender");
    assert_eq!(from.address(), Some("billing@evenkeel.example"));
    assert!(
        from.name()
            .expect("a name")
            .starts_with("Harbor Bcc: all@evil.example")
    );
    let (html, _) = texts(&mail);
    assert!(!html.contains("<script"), "{html}");

    let evil = ClientId::new(&app.clock);
    app.add_client(evil, "x@client.example>\r\nRCPT TO:<all@evil.example");
    app.share_with(evil);
    let failed = app.until(1, MessageState::Failed).await;
    assert_eq!(failed[0].last_error, "the e-mail address is not one");
    assert_eq!(app.sent().len(), 1);
}
