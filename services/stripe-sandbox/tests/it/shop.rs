//! A running sandbox and a client of it.

use clock::Clock;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use stripe_sandbox::{Config, Running, start};

pub const KEY: &str = "sk_test_sandbox";

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The object of a 200.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// `error` of an answer with this status.
    pub fn error(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["error"].clone()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub struct Shop {
    pub running: Running,
    pub clock: Clock,
    pub http: Client,
}

impl Shop {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let at: Timestamp = "2026-11-21T10:00:00Z".parse().expect("a time");
        let clock = Clock::fixed(at);
        let mut config = Config::new(clock.clone());
        config.settle_after = None;
        change(&mut config);
        let clock = config.clock.clone();
        let running = start(config).await.expect("the sandbox starts");
        let http = Client::builder().no_proxy().build().expect("a client");
        Self {
            running,
            clock,
            http,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.running.url()))
            .bearer_auth(KEY)
    }

    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        send(self.request(Method::POST, path).form(form)).await
    }

    /// A command, JSON in and out.
    pub async fn command(&self, path: &str, body: Value) -> Value {
        send(
            self.request(Method::POST, &format!("/_sandbox/{path}"))
                .json(&body),
        )
        .await
        .ok()
    }

    /// An account that is connected with the platform's and takes charges.
    pub async fn connected(&self) -> String {
        let made = self
            .post("/v1/accounts", &[("type", "standard")])
            .await
            .ok();
        let account = id(&made);
        self.command(&format!("accounts/{account}/onboard"), json!({}))
            .await;
        account
    }

    /// A card payment confirmed at once.
    pub async fn pay(&self, amount: i64, method: &str) -> Reply {
        self.post(
            "/v1/payment_intents",
            &card_payment(&amount.to_string(), method),
        )
        .await
    }

    /// The types of all events, oldest first.
    pub async fn event_types(&self) -> Vec<String> {
        let events = self.get("/v1/events?limit=100").await.ok();
        let types = events["data"].as_array().expect("a page").iter().rev();
        types
            .map(|event| event["type"].as_str().expect("a type").to_owned())
            .collect()
    }

    /// The platform's book.
    pub async fn book(&self) -> Value {
        let book = self.get("/_sandbox/book").await.ok();
        book["accounts"].get(0).cloned().unwrap_or(json!(null))
    }
}

/// The form of a card payment confirmed at once.
pub fn card_payment<'a>(amount: &'a str, method: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("amount", amount),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", method),
        ("payment_method_types[]", "card"),
    ]
}

pub async fn send(request: RequestBuilder) -> Reply {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("a body");
    Reply {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    }
}

/// The id of an object.
pub fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}
