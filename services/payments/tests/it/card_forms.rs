//! R20: payers are asked for a card and sign that it may be charged.

use crate::audit::CANARY;
use crate::neighbours::apply_at;
use crate::stage::{Stage, VISA, reason};
use crate::wallet::{Methods, Wallet};
use ids::{ClientId, ContactId, PayerId};
use payments::work::{Bills, ask_for_cards_due};
use prost::Message as _;
use proto::billing::v1::ClientAdded;
use proto::payments::v1::card_authorization_service_client::CardAuthorizationServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection, Role};
use testkit::request_id;
use tonic::Status;

type Forms = CardAuthorizationServiceClient<Connection>;

impl Stage {
    pub fn forms(&self) -> Forms {
        let practice = self.practice;
        Forms::new(self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    pub async fn ask(&self, contact: Option<ContactId>) -> Result<CardAuthorization, Status> {
        let request = RequestCardAuthorizationRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            contact_id: contact.map(|id| id.to_string()).unwrap_or_default(),
        };
        let answer = self.forms().request_card_authorization(request).await?;
        Ok(answer.into_inner().authorization.expect("a form"))
    }

    pub fn signing(
        &self,
        form: &CardAuthorization,
        method: &Method,
    ) -> SignCardAuthorizationRequest {
        SignCardAuthorizationRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            authorization_id: form.authorization_id.clone(),
            signer_name: format!("Alex {CANARY}"),
            form_version: 0,
            method_id: method.method_id.clone(),
        }
    }

    async fn set_policy(
        &self,
        change: impl FnOnce(&mut SetCardOnFilePolicyRequest),
    ) -> CardOnFilePolicy {
        let mut request = SetCardOnFilePolicyRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            ask_at_intake: true,
            exempt_payer_ids: Vec::new(),
            remind_after_days: 3,
            reminders_max: 2,
            form_text: String::new(),
        };
        change(&mut request);
        let set = self.forms().set_card_on_file_policy(request).await;
        set.expect("set").into_inner().policy.expect("a policy")
    }

    pub async fn list_forms(&self) -> Vec<CardAuthorization> {
        let request = ListCardAuthorizationsRequest {
            practice_id: self.practice.to_string(),
            ..ListCardAuthorizationsRequest::default()
        };
        let listed = self.forms().list_card_authorizations(request).await;
        listed.expect("listed").into_inner().authorizations
    }

    /// A new client, of whom billing's feed tells.
    async fn comes_in(&self, contacts: &[ContactId]) -> ClientId {
        let client = ClientId::new(&self.clock);
        self.billing.add_client(client, contacts);
        let added = ClientAdded {
            client_id: client.to_string(),
        };
        let told = (&self.clock, &added);
        apply_at(self.db.pool(), &Bills, self.practice, told).await;
        client
    }

    pub async fn ask_for_cards(&self) -> usize {
        ask_for_cards_due(&self.payments).await.expect("looked")
    }
}

pub async fn sign(
    stage: &Stage,
    contact: Option<ContactId>,
    request: SignCardAuthorizationRequest,
) -> Result<CardAuthorization, Status> {
    let mut forms = Forms::new(stage.payer(stage.client, contact));
    let answer = forms.sign_card_authorization(request).await?;
    Ok(answer.into_inner().authorization.expect("a form"))
}

#[tokio::test]
async fn r20_a_client_adds_a_card_and_signs_and_what_was_signed_is_kept() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let asked = stage.ask(None).await.expect("asked");
    assert_eq!(asked.state(), CardAuthorizationState::Requested);
    let again = stage.ask(None).await;
    assert_eq!(reason(again), "AUTHORIZATION_ALREADY_REQUESTED");
    let own = Wallet {
        methods: Methods::new(stage.payer(stage.client, None)),
        ..stage.wallet()
    };
    let card = own.add(VISA).await;
    assert!(!card.authorized);
    let request = stage.signing(&asked, &card);
    let signed = sign(&stage, None, request.clone()).await.expect("signed");
    assert_eq!(signed.state(), CardAuthorizationState::Signed);
    let signature = signed.signature.clone().expect("a signature");
    assert_eq!(
        (signature.method_text.as_str(), signature.form_version),
        ("Visa ending in 4242", 0)
    );
    assert!(signature.form_text.contains("I can revoke it at any time"));
    assert!(signature.signer_name.starts_with("Alex"));
    assert!(
        signature.signer_address.contains("127.0.0.1"),
        "{signature:?}"
    );
    assert!(
        signature.signer_user_agent.contains("tonic"),
        "{signature:?}"
    );
    assert_eq!(
        signature.sign_time.expect("a time").seconds,
        stage.clock.now().as_second()
    );
    let same = sign(&stage, None, request.clone()).await.expect("the same");
    assert_eq!(same, signed);
    let other = SignCardAuthorizationRequest {
        signer_name: "Somebody else".to_owned(),
        ..request
    };
    assert_eq!(reason(sign(&stage, None, other).await), "REQUEST_ID_REUSED");
    let twice = sign(&stage, None, stage.signing(&asked, &card)).await;
    assert_eq!(reason(twice), "AUTHORIZATION_NOT_OPEN");
    assert!(wallet.get(&card).await.expect("read").authorized);
    assert_eq!(stage.announced("CardAuthorizationSigned").await.len(), 1);

    // A card in its place is authorized too; until the form is revoked.
    let begun = own.replace(&card).await.expect("begun");
    own.give(&begun, "pm_card_mastercard").await;
    let new = own.finish(&begun).await.expect("finished").method;
    let new = new.expect("a method");
    assert!(new.authorized);
    let revoke = RevokeCardAuthorizationRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        authorization_id: asked.authorization_id.clone(),
    };
    let mut forms = Forms::new(stage.payer(stage.client, None));
    let revoked = forms.revoke_card_authorization(revoke).await;
    let revoked = revoked.expect("revoked").into_inner().authorization;
    let revoked = revoked.expect("a form");
    assert_eq!(revoked.state(), CardAuthorizationState::Revoked);
    assert_eq!(revoked.signature, Some(signature), "it can still be read");
    assert!(!wallet.get(&new).await.expect("read").authorized);
    stage.finish().await;
}

/// A form that the client has signed for a new card, and the card.
async fn signed_card(stage: &Stage) -> (CardAuthorization, Method) {
    let own = Wallet {
        methods: Methods::new(stage.payer(stage.client, None)),
        ..stage.wallet()
    };
    let card = own.add(VISA).await;
    let form = stage.ask(None).await.expect("asked");
    let signed = sign(stage, None, stage.signing(&form, &card)).await;
    (signed.expect("signed"), card)
}

#[tokio::test]
async fn r20_what_a_revoked_form_allowed_is_charged_by_nobody_but_the_payer() {
    let stage = Stage::start().await;
    stage.known_client();
    let (form, card) = signed_card(&stage).await;
    stage.turn_on().await;
    let bill = stage.owed(4_000, stage.today()).await;
    let revoke = RevokeCardAuthorizationRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        authorization_id: form.authorization_id,
    };
    let revoked = stage.forms().revoke_card_authorization(revoke).await;
    revoked.expect("revoked");
    let night = stage.night().await;
    assert_eq!(
        stage.fate(night, bill).await,
        (
            AutoPayOutcome::Skipped,
            AutoPaySkipReason::AuthorizationRevoked
        )
    );
    let pay = |role| {
        let request = PayBillRequest {
            method_id: card.method_id.clone(),
            ..stage.pay_request(bill, 1_000, "")
        };
        let mut client = stage.portal(role);
        async move { client.pay_bill(request).await }
    };
    assert_eq!(reason(pay(Role::Owner).await), "AUTHORIZATION_REVOKED");
    let paid = pay(Role::Client).await.expect("paid").into_inner().payment;
    assert_eq!(paid.expect("it").state(), PaymentState::Succeeded);

    // Signed anew it is charged again.
    let form = stage.ask(None).await.expect("asked");
    let signed = sign(&stage, None, stage.signing(&form, &card)).await;
    signed.expect("signed");
    let paid = pay(Role::Owner).await.expect("paid").into_inner().payment;
    assert_eq!(paid.expect("it").state(), PaymentState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn r20_only_who_was_asked_signs_with_an_own_method_and_the_text_that_counts() {
    let stage = Stage::start().await;
    let contact = ContactId::new(&stage.clock);
    stage.billing.add_client(stage.client, &[contact]);
    let clients = stage.wallet().add(VISA).await;
    let parents = Wallet {
        contact: Some(contact),
        ..stage.wallet()
    };
    let parents = parents.add("pm_card_amex").await;
    let asked = stage.ask(Some(contact)).await.expect("asked");
    let by_client = sign(&stage, None, stage.signing(&asked, &clients)).await;
    assert_eq!(reason(by_client), "AUTHORIZATION_NOT_FOUND");
    let with_clients = sign(&stage, Some(contact), stage.signing(&asked, &clients)).await;
    assert_eq!(reason(with_clients), "METHOD_NOT_FOUND");
    let policy = stage
        .set_policy(|set| set.form_text = "Charge my card for what I owe.".to_owned())
        .await;
    assert_eq!(policy.form.expect("a form").version, 1);
    let old_text = sign(&stage, Some(contact), stage.signing(&asked, &parents)).await;
    assert_eq!(reason(old_text), "FORM_CHANGED");
    let read = GetCardAuthorizationRequest {
        practice_id: stage.practice.to_string(),
        authorization_id: asked.authorization_id.clone(),
    };
    let mut forms = Forms::new(stage.payer(stage.client, Some(contact)));
    let read = forms.get_card_authorization(read).await.expect("read");
    let form = read.into_inner().form.expect("a form");
    assert_eq!(form.text, "Charge my card for what I owe.");
    let by_staff = stage
        .forms()
        .sign_card_authorization(stage.signing(&asked, &parents))
        .await;
    assert_eq!(reason(by_staff), "ROLE_NOT_ALLOWED");
    let request = SignCardAuthorizationRequest {
        form_version: form.version,
        ..stage.signing(&asked, &parents)
    };
    let number = SignCardAuthorizationRequest {
        signer_name: "4242 4242 4242 4242".to_owned(),
        ..request.clone()
    };
    let refused = sign(&stage, Some(contact), number).await;
    assert_eq!(reason(refused), "CARD_NUMBER_IN_TEXT");
    let signed = sign(&stage, Some(contact), request).await.expect("signed");
    let signature = signed.signature.expect("a signature");
    assert_eq!(signature.form_text, "Charge my card for what I owe.");
    // Another text changes nothing of what was signed.
    let policy = stage
        .set_policy(|set| set.form_text = "Another text.".to_owned())
        .await;
    assert_eq!(policy.form.expect("a form").version, 2);
    assert_eq!(stage.list_forms().await[0].signature, Some(signature));
    stage.finish().await;
}

#[tokio::test]
async fn r20_new_clients_are_asked_by_themselves_when_the_practice_wants_it() {
    let stage = Stage::start().await;
    stage.comes_in(&[]).await;
    stage.minutes(60);
    assert_eq!(stage.ask_for_cards().await, 0, "not wanted");
    let payer = PayerId::new(&stage.clock);
    stage
        .set_policy(|set| set.exempt_payer_ids = vec![payer.to_string()])
        .await;
    let client = stage.comes_in(&[]).await;
    let contact = ContactId::new(&stage.clock);
    let child = stage.comes_in(&[contact]).await;
    let insured = stage.comes_in(&[]).await;
    stage.billing.insure(insured, payer);
    let by_name = stage.comes_in(&[]).await;
    let exempt = SetCardOnFileExemptionRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        client_id: by_name.to_string(),
        exempt: true,
    };
    let set = stage.forms().set_card_on_file_exemption(exempt).await;
    assert!(set.expect("set").into_inner().exempt);
    assert_eq!(stage.ask_for_cards().await, 0, "not at once");
    stage.minutes(15);
    let (one, two) = tokio::join!(
        ask_for_cards_due(&stage.payments),
        ask_for_cards_due(&stage.payments)
    );
    assert_eq!(one.expect("asked") + two.expect("asked"), 4);
    let forms = stage.list_forms().await;
    let mut asked: Vec<_> = forms
        .iter()
        .map(|form| (form.client_id.clone(), form.contact_id.clone()))
        .collect();
    asked.sort();
    let mut expected = vec![
        (client.to_string(), String::new()),
        (child.to_string(), contact.to_string()),
    ];
    expected.sort();
    assert_eq!(asked, expected);
    assert!(forms.iter().all(|form| form.by_itself));
    for client in [insured, by_name] {
        let request = RequestCardAuthorizationRequest {
            practice_id: stage.practice.to_string(),
            request_id: request_id(),
            client_id: client.to_string(),
            contact_id: String::new(),
        };
        let refused = stage.forms().request_card_authorization(request).await;
        assert_eq!(reason(refused), "CARD_ON_FILE_EXEMPT");
    }
    stage.finish().await;
}

#[tokio::test]
async fn r20_who_has_not_signed_is_asked_again_by_itself_and_by_hand() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let asked = stage.ask(None).await.expect("asked");
    stage.minutes(3 * 24 * 60 - 1);
    assert_eq!(stage.ask_for_cards().await, 0);
    stage.minutes(1);
    assert_eq!(stage.ask_for_cards().await, 1);
    let remind = RemindCardAuthorizationRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        authorization_id: asked.authorization_id.clone(),
    };
    for _ in 0..2 {
        let reminded = stage
            .forms()
            .remind_card_authorization(remind.clone())
            .await;
        let reminded = reminded.expect("reminded").into_inner().authorization;
        assert_eq!(reminded.expect("a form").reminders, 2);
    }
    stage.minutes(30 * 24 * 60);
    assert_eq!(stage.ask_for_cards().await, 0, "often enough");
    let told: Vec<_> = stage
        .announced("CardAuthorizationRequested")
        .await
        .iter()
        .map(|event| {
            CardAuthorizationRequested::decode(&**event)
                .expect("an event")
                .reminder
        })
        .collect();
    assert_eq!(told, [0, 1, 2]);
    let card = wallet.add(VISA).await;
    let signed = sign(&stage, None, stage.signing(&asked, &card)).await;
    signed.expect("signed");
    let late = RemindCardAuthorizationRequest {
        request_id: request_id(),
        ..remind
    };
    let refused = stage.forms().remind_card_authorization(late).await;
    assert_eq!(reason(refused), "AUTHORIZATION_NOT_OPEN");
    let policy = GetCardOnFilePolicyRequest {
        practice_id: stage.practice.to_string(),
    };
    let policy = stage.forms().get_card_on_file_policy(policy).await;
    let policy = policy.expect("read").into_inner().policy.expect("a policy");
    assert!(!policy.ask_at_intake, "nobody said so");
    stage.finish().await;
}
