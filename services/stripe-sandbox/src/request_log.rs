//! The last requests as they came, so that a test can look for what must never be sent. Card numbers are masked.

use std::collections::VecDeque;

use serde::Serialize;

/// Requests remembered, at most.
const MAX_REQUESTS: usize = 5_000;

/// One request and the status it was answered with (0: it was not).
#[derive(Debug, Clone, Serialize)]
pub struct LoggedRequest {
    pub time: i64,
    pub request_id: String,
    pub account: String,
    pub method: String,
    pub path: String,
    pub idempotency_key: Option<String>,
    pub form: String,
    pub status: u16,
    pub replayed: bool,
}

/// A ring of requests, newest last.
#[derive(Debug, Default)]
pub struct RequestLog {
    requests: VecDeque<LoggedRequest>,
}

impl RequestLog {
    /// Remembers a request with its card numbers and codes masked.
    pub fn push(&mut self, mut request: LoggedRequest) {
        request.form = mask(&request.form);
        if self.requests.len() >= MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    /// All that is remembered, oldest first.
    pub fn all(&self) -> Vec<LoggedRequest> {
        self.requests.iter().cloned().collect()
    }
}

fn mask(form: &str) -> String {
    let pairs = form.split('&').map(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let secret = name.contains("number") || name.contains("cvc");
        if secret {
            format!("{name}=***")
        } else {
            pair.to_owned()
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked() {
        assert_eq!(
            mask("type=card&card%5Bnumber%5D=4242&card[cvc]=123&card[exp_year]=2030"),
            "type=card&card%5Bnumber%5D=***&card[cvc]=***&card[exp_year]=2030"
        );
    }
}
