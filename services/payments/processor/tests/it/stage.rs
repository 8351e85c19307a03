use clock::Clock;
use ids::{PayerAccountId, PaymentId, PracticeId};
use money::{Currency, Money};
use processor::{Confirmation, NewCustomer, NewIntent, PaymentIntent, Processor, ProcessorError};
use secrecy::SecretString;
use serde_json::{Value, json};

pub const VISA: &str = "pm_card_visa";

/// A sandbox of its own for every test, and the processor that speaks to it.
pub struct Stage {
    pub processor: Processor,
    pub clock: Clock,
    pub practice: PracticeId,
    sandbox: stripe_sandbox::Running,
}

pub fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

pub fn key(text: &str) -> SecretString {
    SecretString::from(text)
}

pub async fn stage() -> Stage {
    let clock = Clock::system();
    let config = stripe_sandbox::Config::new(clock.clone());
    let secret = key(&config.secret_key);
    let sandbox = stripe_sandbox::start(config).await.expect("a sandbox");
    let processor = Processor::new(Some(&sandbox.url()), &secret, None).expect("a configuration");
    let practice = PracticeId::new(&clock);
    Stage {
        processor,
        clock,
        practice,
        sandbox,
    }
}

impl Stage {
    pub fn url(&self) -> String {
        self.sandbox.url()
    }

    pub async fn customer(&self) -> String {
        let payer_account = PayerAccountId::new(&self.clock);
        let customer = NewCustomer {
            practice: self.practice,
            payer_account,
        };
        let key = payer_account.to_string();
        self.processor
            .create_customer(customer, &key)
            .await
            .expect("a customer")
    }

    /// The same processor for an account of a practice's own that takes charges.
    pub async fn connected(&self) -> Processor {
        let key = format!("{}-account", self.practice);
        let made = self.processor.create_account(self.practice, &key).await;
        let account = made.expect("an account").id;
        self.command(&format!("accounts/{account}/onboard"), json!({}))
            .await;
        self.processor.for_account(&account).expect("an account")
    }

    pub fn intent(&self, minor: i64) -> NewIntent<'static> {
        NewIntent {
            practice: self.practice,
            payment: PaymentId::new(&self.clock),
            amount: usd(minor),
            customer: None,
            payment_method: None,
            keep_method: false,
        }
    }

    pub async fn created(&self, minor: i64) -> PaymentIntent {
        let intent = self.intent(minor);
        let key = format!("{}-create", intent.payment);
        self.processor
            .create_payment_intent(intent, &key)
            .await
            .expect("an intent")
    }

    pub async fn confirm(
        &self,
        intent: &str,
        method: &str,
    ) -> Result<PaymentIntent, ProcessorError> {
        let with = Confirmation {
            payment_method: Some(method),
            ..Confirmation::default()
        };
        let key = format!("{intent}-confirm-{method}");
        self.processor
            .confirm_payment_intent(intent, with, &key)
            .await
    }

    pub async fn paid(&self, minor: i64) -> PaymentIntent {
        let intent = self.created(minor).await;
        self.confirm(&intent.id, VISA).await.expect("a payment")
    }

    /// Makes the next request whose path fits fail; the words are the sandbox's.
    pub async fn fault(&self, path: &str, kind: &str) {
        let rule = json!({ "match": { "method": "POST", "path": path }, "kind": kind });
        self.command("faults", rule).await;
    }

    pub async fn command(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.url());
        let answer = reqwest::Client::new()
            .post(url)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// What the sandbox's own book says: charges that took money, and their sum in minor units.
    pub async fn captured(&self) -> (usize, i64) {
        let book = self.asked("book").await;
        let charges = book["accounts"][0]["charges"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let taken: Vec<i64> = charges
            .iter()
            .filter(|charge| charge["status"] == "succeeded")
            .filter_map(|charge| charge["amount_captured"].as_i64())
            .collect();
        (taken.len(), taken.iter().sum())
    }

    pub async fn asked(&self, path: &str) -> Value {
        let url = format!("{}/_sandbox/{path}", self.url());
        reqwest::get(url)
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }
}
