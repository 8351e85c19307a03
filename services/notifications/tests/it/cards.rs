//! News of cards on file, for whoever pays with them and for the practice.

use crate::app::{TODAY, TestApp};
use ids::MethodId;
use mail_parser::{Message, MessageParser};
use proto::billing::v1::{Contact, PaidBy, PaymentKind};
use proto::google::r#type::Date;
use proto::notifications::v1::{MessageKind, MessageState};
use proto::payments::v1::{
    CardAuthorizationRequested, CardAuthorizationSigned, MethodAdded, MethodExpiring, MethodFacts,
    MethodState, PayerFacts,
};

const PRACTICE: &str = "billing@harborlight.example";

fn facts(app: &TestApp, contact_id: &str) -> MethodFacts {
    MethodFacts {
        method_id: MethodId::new(&app.clock).to_string(),
        client_id: app.client.to_string(),
        contact_id: contact_id.to_owned(),
        method_text: "Visa ending in 4242".to_owned(),
        is_default: true,
        end_date: Some(Date {
            year: 2026,
            month: 3,
            day: 31,
        }),
        state: MethodState::Active.into(),
    }
}

#[tokio::test]
async fn r19_the_practice_hears_that_a_card_was_put_on_file() {
    let app = TestApp::start().await;
    let added = MethodAdded {
        method: Some(facts(&app, "")),
        replaced_id: String::new(),
    };
    app.announce(&app.payments, &added);
    app.announce(&app.payments, &added);
    let sent = app.until(1, MessageState::Sent).await;
    assert_eq!(
        (sent[0].kind(), sent[0].recipient.as_str()),
        (MessageKind::CardOnFile, PRACTICE)
    );
    assert_eq!(sent[0].subject, "A payment method was put on file");
    let text = app.last_text();
    assert!(
        text.contains("Visa ending in 4242 was put on file"),
        "{text}"
    );
    assert!(!text.contains("CANARY"), "nobody is named: {text}");
    app.a_while().await;
    assert_eq!(app.sent().len(), 1);
}

#[tokio::test]
async fn r19_who_pays_with_a_card_and_the_practice_hear_that_it_ends_soon() {
    let app = TestApp::start().await;
    let ending = MethodExpiring {
        method: Some(facts(&app, "")),
    };
    app.announce(&app.payments, &ending);
    let sent = app.until(2, MessageState::Sent).await;
    let mut told: Vec<_> = sent
        .iter()
        .map(|mail| (mail.recipient.as_str(), mail.subject.as_str()))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            (
                "alex@client.example",
                "Your card on file with Harbor Light Counseling ends soon"
            ),
            (PRACTICE, "A card on file ends soon"),
        ]
    );
}

/// A contact of the client.
fn contact(app: &TestApp, email: &str, billing_contact: bool) -> String {
    let contact_id = ids::ContactId::new(&app.clock).to_string();
    let mut books = app.suite.books();
    let client = books.clients.get_mut(&app.client.to_string());
    client.expect("the client").contacts.push(Contact {
        contact_id: contact_id.clone(),
        email: email.to_owned(),
        billing_contact,
        ..Contact::default()
    });
    contact_id
}

#[tokio::test]
async fn r24_a_decline_and_a_refund_are_told_to_whose_card_it_is() {
    let app = TestApp::start().await;
    contact(&app, "father@family.example", true);
    let mother = contact(&app, "mother@family.example", false);
    let card_of = |contact_id: &str| {
        Some(PayerFacts {
            contact_id: contact_id.to_owned(),
        })
    };
    app.decline_of(true, card_of(&mother));
    app.refund_to(card_of(&mother));
    app.decline_of(false, card_of(""));
    app.refund_to(card_of(""));
    // Who has no address is stood in for by whoever gets the bills.
    let uncle = contact(&app, "", false);
    app.decline_of(false, card_of(&uncle));
    app.refund_to(card_of(&uncle));
    // A guest's card is nobody's here.
    app.decline_of(false, None);
    app.refund_to(None);
    let sent = app.until(9, MessageState::Sent).await;
    let mut told: Vec<_> = sent
        .iter()
        .map(|mail| (mail.kind(), mail.recipient.as_str()))
        .collect();
    told.sort_unstable();
    let payers = [
        "alex@client.example",
        "father@family.example",
        "father@family.example",
        "mother@family.example",
    ];
    let mut expected = vec![(MessageKind::UnattendedDecline, PRACTICE)];
    for kind in [MessageKind::Refund, MessageKind::Decline] {
        expected.extend(payers.map(|payer| (kind, payer)));
    }
    expected.sort_unstable();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn r19_a_contacts_card_is_told_of_to_the_contact() {
    let app = TestApp::start().await;
    let contact_id = contact(&app, "mother@family.example", false);
    let ending = MethodExpiring {
        method: Some(facts(&app, &contact_id)),
    };
    app.announce(&app.payments, &ending);
    let sent = app.until(2, MessageState::Sent).await;
    assert!(
        sent.iter()
            .any(|mail| mail.recipient == "mother@family.example")
    );
    assert!(
        sent.iter()
            .all(|mail| mail.recipient != "alex@client.example")
    );
}

#[tokio::test]
async fn r20_a_payer_is_asked_by_mail_with_a_link_and_the_practice_hears_of_the_signature() {
    let app = TestApp::start().await;
    let form = ids::AuthorizationId::new(&app.clock).to_string();
    let asked = |reminder| CardAuthorizationRequested {
        authorization_id: form.clone(),
        client_id: app.client.to_string(),
        contact_id: String::new(),
        reminder,
        new_account: false,
    };
    app.announce(&app.payments, &asked(0));
    let sent = app.until(1, MessageState::Sent).await;
    assert_eq!(
        (sent[0].recipient.as_str(), sent[0].subject.as_str()),
        (
            "alex@client.example",
            "Harbor Light Counseling asks you for a card on file"
        )
    );
    let text = app.last_text();
    let link = format!("/card-authorization/{form}");
    assert!(text.contains(&link), "{text}");
    app.announce(&app.payments, &asked(1));
    let sent = app.until(2, MessageState::Sent).await;
    assert!(sent[0].subject.starts_with("Reminder: "));
    let signed = CardAuthorizationSigned {
        authorization_id: form.clone(),
        client_id: app.client.to_string(),
        contact_id: String::new(),
        method_id: MethodId::new(&app.clock).to_string(),
        method_text: "Visa ending in 4242".to_owned(),
    };
    app.announce(&app.payments, &signed);
    let sent = app.until(3, MessageState::Sent).await;
    assert_eq!(sent[0].recipient, PRACTICE);
    assert!(
        app.last_text()
            .contains("Visa ending in 4242 is on file and authorized")
    );
}

#[tokio::test]
async fn r20_a_payer_is_told_why_another_card_is_asked_for() {
    let app = TestApp::start().await;
    let asked = CardAuthorizationRequested {
        authorization_id: ids::AuthorizationId::new(&app.clock).to_string(),
        client_id: app.client.to_string(),
        contact_id: String::new(),
        reminder: 0,
        new_account: true,
    };
    app.announce(&app.payments, &asked);
    app.announce(&app.payments, &asked);
    app.until(1, MessageState::Sent).await;
    let text = app.last_text();
    assert!(
        text.contains("Harbor Light Counseling uses another account with its payment processor"),
        "{text}"
    );
    assert!(text.contains("/card-authorization/auth_"), "{text}");
    assert_eq!(app.messages().await.len(), 1);
}

#[tokio::test]
async fn r43_who_paid_gets_a_receipt_of_the_payment_alone_beside_whoever_gets_the_bills() {
    let app = TestApp::start().await;
    app.suite.books().owed_minor = 6_000;
    let father = contact(&app, "father@family.example", true);
    let mother = contact(&app, "mother@family.example", false);
    let card_of = |contact_id: &str| {
        Some(PaidBy {
            contact_id: contact_id.to_owned(),
        })
    };
    let paid = (PaymentKind::Card, TODAY, 4_000);
    app.post_by(card_of(&mother), paid);
    let sent = app.until(2, MessageState::Sent).await;
    let mut told: Vec<_> = sent.iter().map(|mail| mail.recipient.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["father@family.example", "mother@family.example"]);
    assert!(sent.iter().all(|mail| mail.kind() == MessageKind::Receipt));
    let mails = app.sent();
    let mails: Vec<Message> = mails
        .iter()
        .map(|mail| MessageParser::default().parse(mail).expect("a mail"))
        .collect();
    let mail_to = |whom: &str| {
        let to = |mail: &&Message| mail.to().is_some_and(|to| to.contains(whom));
        mails.iter().find(to).expect("a mail")
    };
    let whole = mail_to("father@family.example");
    let alone = mail_to("mother@family.example");
    assert_eq!((whole.attachment_count(), alone.attachment_count()), (1, 0));
    let text = |mail: &Message| mail.body_text(0).expect("text").into_owned();
    assert!(text(whole).contains("Balance: $60.00 is still due."));
    let hers = text(alone);
    for part in ["$40.00", "March 2, 2026", "Visa ending in 4242"] {
        assert!(hers.contains(part), "{part} in {hers}");
    }
    for part in ["Balance", "$60.00", "PDF"] {
        assert!(!hers.contains(part), "{part} in {hers}");
    }

    // Nobody gets two, nor one that has no address.
    let uncle = contact(&app, "", false);
    for payer in [father, uncle] {
        app.post_by(card_of(&payer), paid);
    }
    app.post_by(None, paid);
    app.until(5, MessageState::Sent).await;
    let skipped = app.until(2, MessageState::Skipped).await;
    assert!(
        skipped
            .iter()
            .all(|mail| mail.kind() == MessageKind::Receipt)
    );
    assert_eq!(app.messages().await.len(), 7);
}
