//! A payer's methods, as its browser and its practice see to them.

use crate::stage::Stage;
use ids::{ClientId, ContactId};
use proto::payments::v1::method_service_client::MethodServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection};
use serde_json::Value;
use testkit::request_id;
use tonic::Status;

pub type Methods = MethodServiceClient<Connection>;

/// A client, or a contact of theirs, whose practice or who themselves put methods on file.
pub struct Wallet<'a> {
    pub stage: &'a Stage,
    pub client: ClientId,
    pub contact: Option<ContactId>,
    pub methods: Methods,
}

impl Stage {
    /// The owner's view of a client's methods; billing knows the client and these contacts.
    pub fn wallet(&self) -> Wallet<'_> {
        let people = self.billing.books().people.clone();
        if !people.contains_key(&self.client.to_string()) {
            self.billing.add_client(self.client, &[]);
        }
        let practice = self.practice;
        let owner = self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        });
        Wallet {
            stage: self,
            client: self.client,
            contact: None,
            methods: Methods::new(owner),
        }
    }

    /// What a browser does: it gives a method to the processor. The practice's key stands in for the browser's.
    pub async fn browser(&self, path: &str, form: &[(&str, &str)]) -> Value {
        self.browser_on("", path, form).await
    }

    /// The same, to an account of a practice's own; empty: the installation's.
    pub async fn browser_on(&self, account: &str, path: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}/v1/{path}", self.sandbox.url());
        let mut request = reqwest::Client::new().post(url);
        if !account.is_empty() {
            request = request.header("stripe-account", account);
        }
        let answer = request
            .bearer_auth("sk_test_sandbox")
            .header("idempotency-key", format!("browser-{}", request_id()))
            .form(form)
            .send()
            .await
            .expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// A card that is typed in, with this expiry.
    pub async fn typed_card(&self, number: &str, month: &str, year: &str) -> String {
        let form = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", month),
            ("card[exp_year]", year),
        ];
        let made = self.browser("payment_methods", &form).await;
        made["id"].as_str().expect("a card").to_owned()
    }

    /// What was announced of a kind, oldest first.
    pub async fn announced(&self, kind: &str) -> Vec<Vec<u8>> {
        sqlx::query_scalar("select payload from payments.outbox where event_type = $1 order by seq")
            .bind(format!("evenkeel.payments.v1.{kind}"))
            .fetch_all(self.db.owner_pool())
            .await
            .expect("read")
    }
}

impl Wallet<'_> {
    pub fn request(&self) -> SetUpMethodRequest {
        SetUpMethodRequest {
            practice_id: self.stage.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            contact_id: self.contact.map(|id| id.to_string()).unwrap_or_default(),
            make_default: false,
            hsa_fsa: false,
        }
    }

    pub async fn begin(&self, request: SetUpMethodRequest) -> Result<MethodSetup, Status> {
        let answer = self.methods.clone().set_up_method(request).await?;
        Ok(answer.into_inner().setup.expect("a setup"))
    }

    /// The browser gives the method; answers what the processor says.
    pub async fn give(&self, setup: &MethodSetup, method: &str) -> Value {
        let secret = setup.client_secret.as_str();
        let (intent, _) = secret.split_once("_secret_").expect("a client secret");
        let form = [("payment_method", method), ("client_secret", secret)];
        let path = format!("setup_intents/{intent}/confirm");
        let account = &setup.processor_account;
        self.stage.browser_on(account, &path, &form).await
    }

    pub async fn finish(&self, setup: &MethodSetup) -> Result<MethodSetup, Status> {
        let request = FinishMethodSetupRequest {
            practice_id: self.stage.practice.to_string(),
            request_id: request_id(),
            setup_id: setup.setup_id.clone(),
        };
        let answer = self.methods.clone().finish_method_setup(request).await?;
        Ok(answer.into_inner().setup.expect("a setup"))
    }

    /// Puts a method on file, all the way.
    pub async fn add(&self, method: &str) -> Method {
        let begun = self.begin(self.request()).await.expect("begun");
        self.give(&begun, method).await;
        let done = self.finish(&begun).await.expect("finished");
        done.method
            .unwrap_or_else(|| panic!("{method}: {:?}", done.state))
    }

    pub async fn list(&self) -> Vec<Method> {
        let request = ListMethodsRequest {
            practice_id: self.stage.practice.to_string(),
            client_id: self.client.to_string(),
            contact_id: self.contact.map(|id| id.to_string()).unwrap_or_default(),
        };
        let answer = self.methods.clone().list_methods(request).await;
        answer.expect("listed").into_inner().methods
    }

    pub async fn get(&self, method: &Method) -> Result<Method, Status> {
        let request = GetMethodRequest {
            practice_id: self.stage.practice.to_string(),
            method_id: method.method_id.clone(),
        };
        let answer = self.methods.clone().get_method(request).await?;
        Ok(answer.into_inner().method.expect("a method"))
    }

    pub fn removal(&self, method: &Method) -> RemoveMethodRequest {
        RemoveMethodRequest {
            practice_id: self.stage.practice.to_string(),
            request_id: request_id(),
            method_id: method.method_id.clone(),
        }
    }

    pub async fn remove(
        &self,
        request: RemoveMethodRequest,
    ) -> Result<RemoveMethodResponse, Status> {
        Ok(self
            .methods
            .clone()
            .remove_method(request)
            .await?
            .into_inner())
    }

    pub async fn prefer(&self, method: &Method) -> Result<Method, Status> {
        let request = SetDefaultMethodRequest {
            practice_id: self.stage.practice.to_string(),
            request_id: request_id(),
            method_id: method.method_id.clone(),
        };
        let answer = self.methods.clone().set_default_method(request).await?;
        Ok(answer.into_inner().method.expect("a method"))
    }

    pub async fn replace(&self, method: &Method) -> Result<MethodSetup, Status> {
        let request = ReplaceMethodRequest {
            practice_id: self.stage.practice.to_string(),
            request_id: request_id(),
            method_id: method.method_id.clone(),
            hsa_fsa: false,
        };
        let answer = self.methods.clone().replace_method(request).await?;
        Ok(answer.into_inner().setup.expect("a setup"))
    }

    /// Tokens that the processor keeps for the payer.
    pub async fn kept_by_processor(&self) -> Vec<String> {
        let customers: Vec<String> = sqlx::query_scalar(
            "select processor_customer from payments.customers where processor_customer is not null",
        )
        .fetch_all(self.stage.db.owner_pool())
        .await
        .expect("read");
        let mut kept = Vec::new();
        for customer in customers {
            let url = format!(
                "{}/v1/customers/{customer}/payment_methods",
                self.stage.sandbox.url()
            );
            let client = reqwest::Client::new()
                .get(url)
                .bearer_auth("sk_test_sandbox");
            let page: Value = client
                .send()
                .await
                .expect("read")
                .json()
                .await
                .expect("JSON");
            let methods = page["data"].as_array().expect("a list").iter();
            kept.extend(methods.map(|method| method["id"].as_str().expect("an id").to_owned()));
        }
        kept
    }
}
