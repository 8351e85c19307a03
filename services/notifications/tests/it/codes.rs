//! New Access Codes go to the address on file.

use crate::app::{MORNING, TestApp};
use crate::fake_suite::CODE;
use ids::BillId;
use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;
use proto::notifications::v1::{MessageKind, MessageState};

fn morning() -> Timestamp {
    MORNING.parse().expect("an instant")
}

impl TestApp {
    /// portal-auth's code of the bill is this one now.
    fn code_is(&self, code: &str) {
        self.suite.books().code = Some((self.clock.now(), code.to_owned()));
    }

    /// A bill that was sent with its first code, made at the beginning.
    async fn shared(&self) {
        self.code_is(CODE);
        self.share();
        self.until(1, MessageState::Sent).await;
    }

    pub fn last_text(&self) -> String {
        let mails = self.sent();
        let last = mails.last().expect("a mail");
        let mail = MessageParser::default().parse(last).expect("a mail");
        mail.body_text(0).expect("a text part").into_owned()
    }
}

#[tokio::test]
async fn r16_a_code_that_the_practice_replaced_is_sent_at_once() {
    let app = TestApp::start().await;
    app.shared().await;
    app.clock.advance(SignedDuration::from_mins(5));
    app.code_is("770011");
    app.reissue_code();
    let sent = app.until(2, MessageState::Sent).await;
    assert_eq!(
        (sent[0].kind(), sent[0].recipient.as_str()),
        (MessageKind::AccessCode, "alex@client.example")
    );
    assert_eq!(
        sent[0].subject,
        "Your new Access Code for Invoice # K7M2-9QXD from Harbor Light Counseling"
    );
    let text = app.last_text();
    for part in [
        "Harbor Light Counseling made a new Access Code",
        "Access Code  770011",
        "Amount due: $40.00",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    app.reissue_code();
    app.until(3, MessageState::Sent).await;
}

#[tokio::test]
async fn r16_a_burned_code_is_replaced_by_mail_at_most_once_a_day() {
    let app = TestApp::start().await;
    app.shared().await;
    app.burn_code(app.bill, morning());
    app.until(1, MessageState::Queued).await;
    app.clock.advance(SignedDuration::from_mins(1));
    app.code_is("770011");
    app.until(2, MessageState::Sent).await;
    let text = app.last_text();
    assert!(text.contains("wrong Access Code"), "{text}");
    assert!(text.contains("Access Code  770011"), "{text}");

    for _ in 0..3 {
        app.burn_code(app.bill, app.clock.now());
    }
    app.until(1, MessageState::Queued).await;
    app.clock.advance(SignedDuration::from_hours(23));
    app.a_while().await;
    assert_eq!(app.messages().await.len(), 3, "one waits for all of them");
    assert_eq!(app.sent().len(), 2);
    app.clock.advance(SignedDuration::from_hours(1));
    app.code_is("880022");
    app.until(3, MessageState::Sent).await;
    assert!(app.last_text().contains("Access Code  880022"));
}

#[tokio::test]
async fn r16_a_code_whose_last_guess_was_right_is_not_replaced() {
    let app = TestApp::start().await;
    app.shared().await;
    app.burn_code(app.bill, morning());
    app.until(1, MessageState::Queued).await;
    app.clock.advance(SignedDuration::from_mins(1));
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(
        skipped[0].last_error,
        "the Access Code opens the bill after all"
    );
    // That was no mail: the next one goes as soon.
    app.burn_code(app.bill, morning());
    app.until(1, MessageState::Queued).await;
    app.clock.advance(SignedDuration::from_mins(1));
    app.until(2, MessageState::Skipped).await;
    assert_eq!(app.sent().len(), 1);
}

#[tokio::test]
async fn r16_no_code_goes_out_for_a_bill_that_is_paid_or_was_never_sent() {
    let app = TestApp::start().await;
    app.burn_code(BillId::new(&app.clock), morning());
    app.shared().await;
    app.settle_bill();
    app.reissue_code();
    let skipped = app.until(1, MessageState::Skipped).await;
    assert_eq!(skipped[0].last_error, "nothing is due any more");
    app.a_while().await;
    assert_eq!(app.messages().await.len(), 2);
}
