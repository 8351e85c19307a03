//! R21, R24, R26, R29: what the practice itself is told.

use crate::app::TestApp;
use mail_parser::{Message, MessageParser};
use proto::notifications::v1::{MessageKind, MessageState};
use proto::payments::v1::{DisputeState, ProcessorAccountState, ProcessorAccountUpdated};

fn parsed(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).expect("a mail")
}

fn text(mail: &[u8]) -> String {
    let mail = parsed(mail);
    mail.body_text(0).expect("a text part").into_owned()
}

#[tokio::test]
async fn r29_the_practice_is_told_of_a_dispute_and_of_its_end_once_each() {
    let app = TestApp::start().await;
    let dispute = app.dispute();
    app.open_dispute(&dispute);
    app.open_dispute(&dispute);
    let told = app.until(1, MessageState::Sent).await.remove(0);
    assert_eq!(told.kind(), MessageKind::Dispute);
    assert_eq!(told.recipient, "billing@harborlight.example");
    assert_eq!(told.payment_id, dispute.payment_id);
    assert!(told.subject.contains("is disputed"), "{}", told.subject);
    app.close_dispute(dispute, DisputeState::Lost);
    app.until(2, MessageState::Sent).await;
    app.a_while().await;
    let mails = app.sent();
    assert_eq!(mails.len(), 2);
    let opened = text(&mails[0]);
    for part in [
        "$40.00",
        "Visa ending in 4242",
        "March 2, 2026",
        "evidence",
        "cannot be refunded",
    ] {
        assert!(opened.contains(part), "{part} in {opened}");
    }
    assert!(!opened.contains("Just reply"), "{opened}");
    let closed = text(&mails[1]);
    for part in ["A dispute was lost", "The bill stays paid"] {
        assert!(closed.contains(part), "{part} in {closed}");
    }
}

#[tokio::test]
async fn f08_the_practice_is_told_of_a_refund_that_came_back_and_of_no_other() {
    let app = TestApp::start().await;
    app.refund_failed(false);
    app.refund_failed(true);
    let told = app.until(1, MessageState::Sent).await.remove(0);
    app.a_while().await;
    assert_eq!(told.kind(), MessageKind::RefundReturned);
    assert_eq!(told.recipient, "billing@harborlight.example");
    let mails = app.sent();
    assert_eq!(mails.len(), 1);
    let said = text(&mails[0]);
    for part in ["$20.00", "Visa ending in 4242", "came back"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!String::from_utf8_lossy(&mails[0]).contains("CANARY"));
}

#[tokio::test]
async fn r43_the_practice_is_told_what_autopay_did_in_a_night() {
    let app = TestApp::start().await;
    app.end_night(3, 1);
    app.end_night(3, 1);
    let told = app.until(1, MessageState::Sent).await.remove(0);
    app.a_while().await;
    assert_eq!(told.kind(), MessageKind::AutoPayRun);
    assert_eq!(told.recipient, "billing@harborlight.example");
    assert!(told.client_id.is_empty(), "{told:?}");
    let mails = app.sent();
    assert_eq!(mails.len(), 1, "once a night");
    let said = text(&mails[0]);
    for part in [
        "$120.00",
        "Charged: 3",
        "Declined: 1",
        "Left out: 7",
        "Paid from credit: $37.50",
        "March 2, 2026",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn r43_a_night_with_nothing_to_charge_is_not_told_of() {
    let app = TestApp::start().await;
    app.end_night(0, 0);
    app.end_night(0, 1);
    let told = app.until(1, MessageState::Sent).await.remove(0);
    app.a_while().await;
    assert_eq!(told.kind(), MessageKind::AutoPayRun);
    let said = text(&app.sent()[0]);
    assert!(said.contains("Declined: 1"), "{said}");
}

#[tokio::test]
async fn r24_the_practice_is_told_of_a_decline_that_nobody_saw_and_of_no_other() {
    let app = TestApp::start().await;
    app.decline();
    app.decline_when(true);
    let told = app.until(3, MessageState::Sent).await;
    app.a_while().await;
    assert_eq!(app.sent().len(), 3, "the payer twice, the practice once");
    let to_practice: Vec<_> = told
        .iter()
        .filter(|mail| mail.kind() == MessageKind::UnattendedDecline)
        .collect();
    assert_eq!(to_practice.len(), 1);
    assert_eq!(to_practice[0].recipient, "billing@harborlight.example");
    let mails = app.sent();
    let said = mails
        .iter()
        .map(|mail| text(mail))
        .find(|said| said.contains("A charge was declined"))
        .expect("the practice's");
    for part in [
        "$40.00",
        "Visa ending in 0002",
        "The bank says that there is not enough money.",
        "tries again",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn r43_the_practice_is_told_of_a_payout_that_did_not_arrive() {
    let app = TestApp::start().await;
    app.fail_payout(true);
    app.fail_payout(false);
    let told = app.until(1, MessageState::Sent).await.remove(0);
    app.a_while().await;
    assert_eq!(app.sent().len(), 1, "one that was stopped is no news");
    assert_eq!(told.kind(), MessageKind::PayoutFailed);
    assert_eq!(told.recipient, "billing@harborlight.example");
    let said = text(&app.sent()[0]);
    for part in [
        "$193.90",
        "March 2, 2026",
        "The bank account is closed.",
        "in your Stripe balance again",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn r30_the_practice_is_told_once_when_its_account_takes_no_charges_or_is_taken_away() {
    use ProcessorAccountState::{Active, Disconnected, Onboarding, Restricted};
    let app = TestApp::start().await;
    let updated =
        |before: ProcessorAccountState, after: ProcessorAccountState| ProcessorAccountUpdated {
            processor_account: "acct_1Harbor".to_owned(),
            state: after.into(),
            previous_state: before.into(),
            method_count: 17,
            ..ProcessorAccountUpdated::default()
        };
    for (before, after) in [
        (Onboarding, Onboarding),
        (Onboarding, Active),
        (Active, Restricted),
        // It still takes none; only what the processor asks for has changed.
        (Restricted, Restricted),
        (Restricted, Active),
        (Active, Disconnected),
        (Onboarding, Disconnected),
    ] {
        app.announce(&app.payments, &updated(before, after));
    }
    let told = app.until(2, MessageState::Sent).await;
    app.a_while().await;
    let mails = app.sent();
    assert_eq!(mails.len(), 2);
    for mail in &told {
        assert_eq!(mail.kind(), MessageKind::ProcessorAccount);
        assert_eq!(mail.recipient, "billing@harborlight.example");
        assert!(mail.client_id.is_empty(), "{mail:?}");
    }
    let said: Vec<_> = mails.iter().map(|mail| text(mail)).collect();
    for (words, parts) in [
        (
            "takes no charges",
            ["Online payments: off", "17 cards", "dashboard"],
        ),
        (
            "was taken away",
            ["Online payments: off", "17 cards", "connect an account"],
        ),
    ] {
        let mail = said.iter().find(|said| said.contains(words));
        let mail = mail.expect(words).replace('\n', " ");
        for part in parts {
            assert!(mail.contains(part), "{part} in {mail}");
        }
    }
}
