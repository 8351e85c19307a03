//! R30, R20: another account takes the place of a former one, and who pays with what is on file there is asked for another card.

use crate::card_forms::sign;
use crate::stage::{Stage, VISA};
use crate::wallet::{Methods, Wallet};
use ids::{ClientId, ContactId};
use prost::Message as _;
use proto::payments::v1::*;
use serde_json::json;
use testkit::request_id;

/// One payer waits, was asked, is exempt, has given a card.
type Counts = (i32, i32, i32, i32);

impl Stage {
    /// The practice's account is taken away, and another one takes its place. Its `acct_…`.
    async fn another_account(&self, former: &str) -> String {
        self.command("webhook_plan", json!({ "plan": "drop" }))
            .await;
        self.command(&format!("accounts/{former}/deauthorize"), json!({}))
            .await;
        let gone = self.account().await;
        assert_eq!(gone.state(), ProcessorAccountState::Disconnected);
        self.own_account_without_news().await
    }

    async fn new_card_counts(&self) -> Counts {
        let counts = self.account().await.new_card_requests.unwrap_or_default();
        (
            counts.waiting_count,
            counts.asked_count,
            counts.exempt_count,
            counts.given_count,
        )
    }

    /// Whom mails ask: contact, and whether for another account. Oldest first.
    async fn asked_by_mail(&self) -> Vec<(String, bool)> {
        let told = self.announced("CardAuthorizationRequested").await;
        let told = told.iter().map(|told| {
            let asked = CardAuthorizationRequested::decode(&**told).expect("an event");
            assert_eq!(asked.reminder, 0, "nobody is reminded on the first day");
            (asked.contact_id, asked.new_account)
        });
        told.collect()
    }

    /// The stage's client, or the contact, puts a card on file themselves.
    async fn gives(&self, contact: Option<ContactId>, card: &str) -> Method {
        let own = Wallet {
            contact,
            methods: Methods::new(self.payer(self.client, contact)),
            ..self.wallet()
        };
        own.add(card).await
    }
}

#[tokio::test]
async fn r30_with_another_account_each_payer_is_asked_once_for_a_card_and_auto_pay_runs_again() {
    let stage = Stage::start().await;
    let contact = ContactId::new(&stage.clock);
    stage.billing.add_client(stage.client, &[contact]);
    let first = stage.own_account().await;
    let former = stage.gives(None, VISA).await;
    stage.gives(Some(contact), "pm_card_amex").await;
    // AutoPay charges the card that was chosen, not whichever is the default.
    let chosen = TurnOnAutoPayRequest {
        method_id: former.method_id.clone(),
        ..stage.turn_on_request()
    };
    stage.try_turn_on(chosen).await.expect("on");
    assert_eq!(stage.account().await.new_card_requests, None);
    let second = stage.another_account(&first).await;
    assert_eq!(stage.new_card_counts().await, (2, 0, 0, 0));
    assert_eq!(stage.ask_for_cards().await, 2);
    assert_eq!(stage.ask_for_cards().await, 0, "each is asked once");
    assert_eq!(stage.new_card_counts().await, (0, 2, 0, 0));
    let mut asked = stage.asked_by_mail().await;
    asked.sort();
    assert_eq!(asked, [(String::new(), true), (contact.to_string(), true)]);
    let bill = stage.owed(4_000, stage.today()).await;
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, bill).await,
        (AutoPayOutcome::Skipped, AutoPaySkipReason::FormerAccount)
    );

    let card = stage.gives(None, "pm_card_mastercard").await;
    assert_ne!(card.method_id, former.method_id);
    assert!(card.is_default && !card.former_account);
    let forms = stage.list_forms().await;
    let form = forms.iter().find(|form| form.contact_id.is_empty());
    let form = form.expect("the client's");
    assert!(form.by_itself && form.new_account);
    let signed = sign(&stage, None, stage.signing(form, &card)).await;
    assert_eq!(
        signed.expect("signed").state(),
        CardAuthorizationState::Signed
    );
    assert_eq!(stage.new_card_counts().await, (0, 2, 0, 1));
    let night = stage.night().await;
    assert_eq!(stage.fate(night, bill).await.0, AutoPayOutcome::Charged);
    let on_second = stage.asked(&format!("book?account={second}")).await;
    let charges = on_second["accounts"][0]["charges"].as_array();
    assert_eq!(charges.map(Vec::len), Some(1));
    stage.finish().await;
}

#[tokio::test]
async fn r30_who_is_exempt_has_given_a_card_or_is_gone_is_not_asked_for_another() {
    let stage = Stage::start().await;
    let (contact, gone) = (ContactId::new(&stage.clock), ContactId::new(&stage.clock));
    let exempt = ClientId::new(&stage.clock);
    stage.billing.add_client(stage.client, &[contact, gone]);
    stage.billing.add_client(exempt, &[]);
    let first = stage.own_account().await;
    stage.gives(None, VISA).await;
    for of in [contact, gone] {
        stage.gives(Some(of), "pm_card_amex").await;
    }
    let theirs = Wallet {
        client: exempt,
        ..stage.wallet()
    };
    theirs.add("pm_card_mastercard").await;
    let set = SetCardOnFileExemptionRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        client_id: exempt.to_string(),
        exempt: true,
    };
    let set = stage.forms().set_card_on_file_exemption(set).await;
    set.expect("set");
    // The contact was asked before, and has not signed.
    stage.ask(Some(contact)).await.expect("asked");
    stage.another_account(&first).await;
    assert_eq!(stage.new_card_counts().await, (4, 0, 0, 0));
    // Before anybody is asked.
    stage.gives(None, VISA).await;
    stage.billing.add_client(stage.client, &[contact]);
    assert_eq!(stage.ask_for_cards().await, 4);
    assert_eq!(stage.new_card_counts().await, (0, 1, 1, 0));
    let told = stage.announced("CardAuthorizationRequested").await;
    assert_eq!(told.len(), 2, "who was asked before is reminded");
    let last = CardAuthorizationRequested::decode(&*told[1]).expect("an event");
    assert_eq!((last.contact_id, last.reminder), (contact.to_string(), 1));
    assert_eq!(stage.list_forms().await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn f22_workers_at_once_and_one_that_fails_ask_each_payer_once() {
    let stage = Stage::start().await;
    stage.known_client();
    let first = stage.own_account().await;
    stage.gives(None, VISA).await;
    stage.another_account(&first).await;
    stage.billing.books().down = true;
    assert_eq!(
        stage.ask_for_cards().await,
        1,
        "billing does not say who it is"
    );
    assert_eq!(stage.new_card_counts().await, (1, 0, 0, 0));
    stage.billing.books().down = false;
    stage.minutes(10);
    tokio::join!(stage.ask_for_cards(), stage.ask_for_cards());
    assert_eq!(stage.new_card_counts().await, (0, 1, 0, 0));
    assert_eq!(stage.asked_by_mail().await.len(), 1);
    stage.finish().await;
}
