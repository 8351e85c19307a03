//! Why a call was refused, the same for grpc-web and JSON.

use std::fmt;

use serde::Deserialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A refusal by the suite, the gateway or the wire.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Refusal {
    /// What kind.
    pub code: Code,
    /// ErrorInfo's reason, such as `BILL_NOT_FOUND`; empty when there is none.
    pub reason: String,
    /// In words.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.code)?;
        if !self.reason.is_empty() {
            write!(out, " {}", self.reason)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl Refusal {
    /// Something on this side of the wire.
    pub fn local(message: String) -> Self {
        Self {
            code: Code::Internal,
            reason: String::new(),
            message,
        }
    }

    /// The connection failed or the answer did not come whole: safe to repeat, as every write has a request_id.
    pub fn unreachable(error: &reqwest::Error) -> Self {
        Self {
            code: Code::Unavailable,
            reason: String::new(),
            message: error.to_string(),
        }
    }

    /// Whether the same call again, with the same request_id, may succeed.
    pub fn invites_repeat(&self) -> bool {
        matches!(
            self.code,
            Code::Unavailable | Code::Aborted | Code::ResourceExhausted
        )
    }

    /// From the JSON of a `google.rpc.Status`, or whatever else came with the HTTP status.
    pub fn of_json(http_status: u16, body: &str) -> Self {
        let Ok(status) = serde_json::from_str::<StatusJson>(body) else {
            let message = format!(
                "HTTP {http_status}: {}",
                body.chars().take(200).collect::<String>()
            );
            return Self {
                code: code_of_http(http_status),
                reason: String::new(),
                message,
            };
        };
        let reason = status
            .details
            .into_iter()
            .find_map(|detail| detail.reason)
            .unwrap_or_default();
        Self {
            code: Code::from_i32(status.code),
            reason,
            message: status.message,
        }
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let reason = status
            .get_details_error_info()
            .map(|info| info.reason)
            .unwrap_or_default();
        Self {
            code: status.code(),
            reason,
            message: status.message().to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct StatusJson {
    code: i32,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<DetailJson>,
}

#[derive(Deserialize)]
struct DetailJson {
    reason: Option<String>,
}

fn code_of_http(http_status: u16) -> Code {
    match http_status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::Aborted,
        429 => Code::ResourceExhausted,
        502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_comes_from_the_error_info() {
        let refusal = Refusal::of_json(
            400,
            r#"{"code": 9, "message": "the bill is paid", "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "NOTHING_DUE", "domain": "evenkeel"}]}"#,
        );
        assert_eq!(
            refusal.to_string(),
            "FailedPrecondition NOTHING_DUE: the bill is paid"
        );
        assert!(!refusal.invites_repeat());
    }

    #[test]
    fn an_answer_of_the_gateway_itself_is_understood_by_its_http_status() {
        let refusal = Refusal::of_json(503, "upstream connect error");
        assert_eq!(refusal.code, Code::Unavailable);
        assert!(refusal.invites_repeat());
    }
}
