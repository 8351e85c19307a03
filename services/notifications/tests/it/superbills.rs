//! Superbills that make themselves are sent to who gets the bills (R13).

use crate::app::{TestApp, practice};
use crate::fake_suite::PDF;
use ids::{DocumentId, EventId};
use mail_parser::{MessageParser, MimeHeaders as _};
use pg::Announcement;
use proto::billing::v1::{Contact, MonthlySuperbillMade};
use proto::google::r#type::Date;
use proto::notifications::v1::{MessageKind, MessageState};

impl TestApp {
    fn superbill_made(&self, without_pdf: bool) -> MonthlySuperbillMade {
        MonthlySuperbillMade {
            document_id: DocumentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            month: Some(Date {
                year: 2026,
                month: 2,
                day: 1,
            }),
            without_pdf,
        }
    }

    fn announce_superbill(&self, made: &MonthlySuperbillMade) {
        let announcement = Announcement::of(EventId::new(&self.clock), made);
        self.billing
            .announce(&self.clock, self.practice, announcement);
    }
}

#[tokio::test]
async fn r13_a_monthly_superbill_is_mailed_once_to_who_gets_the_bills() {
    let app = TestApp::start().await;
    {
        let mut books = app.suite.books();
        let client = books.clients.get_mut(&app.client.to_string());
        client.expect("the client").contacts = vec![Contact {
            contact_id: "con_0".to_owned(),
            email: "mother@family.example".to_owned(),
            billing_contact: true,
            ..Contact::default()
        }];
    }
    let made = app.superbill_made(false);
    app.announce_superbill(&made);
    // The same document again, by whatever event, is the same mail.
    app.announce_superbill(&made);
    let sent = app.until(1, MessageState::Sent).await;
    app.a_while().await;
    assert_eq!(app.messages().await.len(), 1);
    assert_eq!(sent[0].kind(), MessageKind::Superbill);
    assert_eq!(sent[0].recipient, "mother@family.example");
    let mails = app.sent();
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(&mails[0]).expect("a mail");
    assert_eq!(
        mail.subject(),
        Some("Your monthly document from Harbor Light Counseling")
    );
    let text = mail.body_text(0).expect("a text part").into_owned();
    let html = mail.body_html(0).expect("an HTML part").into_owned();
    for part in ["Your superbill for February 2026", "It is not a bill"] {
        assert!(text.contains(part), "{part} in {text}");
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(
        !text.contains("CANARY") && !html.contains("CANARY"),
        "{text}"
    );
    let attached: Vec<_> = mail.attachments().collect();
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].attachment_name(), Some("Superbill-2026-02.pdf"));
    assert_eq!(attached[0].contents(), PDF);
    assert_eq!(app.suite.books().superbills, [made.document_id]);
}

#[tokio::test]
async fn r13_a_superbill_that_is_not_attached_says_whom_to_ask_for_it() {
    let app = TestApp::start().await;
    app.announce_superbill(&app.superbill_made(true));
    app.until(1, MessageState::Sent).await;
    let mails = app.sent();
    let mail = MessageParser::default().parse(&mails[0]).expect("a mail");
    assert_eq!(mail.attachments().count(), 0);
    let text = mail.body_text(0).expect("a text part").into_owned();
    let asked = format!("Ask {} for it", practice().name);
    assert!(text.contains(&asked), "{text}");
    assert!(!text.contains("portal"), "there is none yet: {text}");
    assert!(
        app.suite.books().superbills.is_empty(),
        "nobody asked for it"
    );
}

#[tokio::test]
async fn r13_a_superbill_waits_while_billing_is_away_and_goes_when_it_is_back() {
    let app = TestApp::start_without_worker().await;
    app.suite.books().away = true;
    app.announce_superbill(&app.superbill_made(false));
    let _worker = app.start_worker();
    app.until_postponed(1).await;
    app.suite.books().away = false;
    app.clock.advance(std::time::Duration::from_secs(3_600));
    app.until(1, MessageState::Sent).await;
    assert_eq!(app.sent().len(), 1);
}
