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
    /// The states or fields that are in the way, each with what it is.
    pub named: Vec<String>,
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
            named: Vec::new(),
        }
    }

    /// The connection failed or the answer did not come whole: safe to repeat, as every write has a request_id.
    pub fn unreachable(error: &reqwest::Error) -> Self {
        Self {
            code: Code::Unavailable,
            reason: String::new(),
            message: error.to_string(),
            named: Vec::new(),
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
                named: Vec::new(),
            };
        };
        let (mut reason, mut named) = (String::new(), Vec::new());
        for detail in status.details {
            if reason.is_empty() {
                reason = detail.reason.unwrap_or_default();
            }
            let states = detail.violations.into_iter();
            let fields = detail.field_violations.into_iter();
            named.extend(states.map(|it| format!("{} {}", it.subject, it.description)));
            named.extend(fields.map(|it| format!("{} {}", it.field, it.description)));
        }
        Self {
            code: Code::from_i32(status.code),
            reason,
            message: status.message,
            named,
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
            named: Vec::new(),
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

/// Of any kind: ErrorInfo has a reason, PreconditionFailure and BadRequest have violations.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailJson {
    reason: Option<String>,
    #[serde(default)]
    violations: Vec<ViolationJson>,
    #[serde(default)]
    field_violations: Vec<ViolationJson>,
}

#[derive(Deserialize)]
struct ViolationJson {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    description: String,
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
    fn what_is_in_the_way_is_named() {
        let refusal = Refusal::of_json(
            400,
            r#"{"code": 9, "message": "the import is in use", "details": [
                {"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [
                    {"type": "IN_USE", "subject": "bill_1", "description": "has payments"}]},
                {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [
                    {"field": "part", "description": "must be given"}]},
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IMPORT_IN_USE"}]}"#,
        );
        assert_eq!(refusal.reason, "IMPORT_IN_USE");
        assert_eq!(refusal.named, ["bill_1 has payments", "part must be given"]);
    }

    #[test]
    fn an_answer_of_the_gateway_itself_is_understood_by_its_http_status() {
        let refusal = Refusal::of_json(503, "upstream connect error");
        assert_eq!(refusal.code, Code::Unavailable);
        assert!(refusal.invites_repeat());
    }
}
