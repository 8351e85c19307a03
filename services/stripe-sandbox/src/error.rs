//! Stripe's error objects.

use serde_json::{Map, Value, json};

use crate::form::FormError;
use crate::metadata::{MAX_METADATA_KEYS, MAX_METADATA_NAME};
use crate::params::ParamError;

/// Stripe's `error.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The processor's own failure.
    Api,
    /// The card was refused.
    Card,
    /// The idempotency key was misused.
    Idempotency,
    /// The request is wrong.
    InvalidRequest,
}

impl ErrorType {
    fn word(self) -> &'static str {
        match self {
            ErrorType::Api => "api_error",
            ErrorType::Card => "card_error",
            ErrorType::Idempotency => "idempotency_error",
            ErrorType::InvalidRequest => "invalid_request_error",
        }
    }
}

/// An answer other than 200: its HTTP status and the fields of Stripe's error object.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Whether the endpoint had begun to execute, so that an idempotency key remembers this answer.
    pub executed: bool,
    fields: Box<Map<String, Value>>,
}

impl ApiError {
    fn new(status: u16, kind: ErrorType, message: impl Into<String>) -> Self {
        let mut fields = Map::new();
        fields.insert("type".into(), kind.word().into());
        fields.insert("message".into(), message.into().into());
        Self {
            status,
            executed: true,
            fields: Box::new(fields),
        }
    }

    /// 400, wrong in content or against the object's state; remembered by an idempotency key.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, ErrorType::InvalidRequest, message)
    }

    /// 400, refused before execution; not remembered.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self {
            executed: false,
            ..Self::invalid(message)
        }
    }

    /// 404 `resource_missing`.
    pub fn missing(noun: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {noun}: '{id}'");
        Self::new(404, ErrorType::InvalidRequest, message)
            .code("resource_missing")
            .param(param)
    }

    /// 404, no such address.
    pub fn no_route(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Only the part of the API named in the \
                sandbox's README exists here."
        );
        Self {
            executed: false,
            ..Self::new(404, ErrorType::InvalidRequest, message)
        }
    }

    /// 401.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self {
            executed: false,
            ..Self::new(401, ErrorType::InvalidRequest, message)
        }
    }

    /// 403, an account this key may not act for.
    pub fn account_invalid(account: &str) -> Self {
        let message = format!(
            "The provided key does not have access to account '{account}' (or that account does \
                not exist)."
        );
        Self {
            executed: false,
            ..Self::new(403, ErrorType::InvalidRequest, message).code("account_invalid")
        }
    }

    /// 402.
    pub fn card(message: impl Into<String>) -> Self {
        Self::new(402, ErrorType::Card, message)
    }

    /// 400, the key was used with another request.
    pub fn key_reused(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
                first used with. Try using a key other than '{key}' if you meant to execute a \
                different request."
        );
        Self {
            executed: false,
            ..Self::new(400, ErrorType::Idempotency, message)
        }
    }

    /// 409, the key's first request still runs.
    pub fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Stripe-Idempotency key \
                (that probably means you submitted twice, and the other request is still going \
                through): {key}. Please try again later."
        );
        Self {
            executed: false,
            ..Self::new(409, ErrorType::Idempotency, message).code("idempotency_key_in_use")
        }
    }

    /// The answer of a fault on command. A 5xx counts as executed, so it is replayed.
    pub fn commanded(status: u16) -> Self {
        let error = match status {
            401 => Self::unauthorized("Invalid API Key provided (by command)"),
            409 => Self::new(
                409,
                ErrorType::InvalidRequest,
                "This object cannot be accessed \
                right now because another API request or Stripe process is currently accessing it.",
            )
            .code("lock_timeout"),
            429 => Self::new(
                429,
                ErrorType::InvalidRequest,
                "Request rate limit exceeded.",
            )
            .code("rate_limit"),
            500..=599 => Self::new(
                status,
                ErrorType::Api,
                "An unknown error occurred (by \
                command).",
            ),
            other => Self::new(other, ErrorType::InvalidRequest, "Refused by command."),
        };
        Self {
            executed: status >= 500,
            ..error
        }
    }

    /// 500, this program failed.
    pub fn internal() -> Self {
        Self {
            executed: false,
            ..Self::new(
                500,
                ErrorType::Api,
                "The sandbox could not complete the request; see its log.",
            )
        }
    }

    /// 400, a text was emptied that cannot be.
    fn empty(name: String) -> Self {
        let message = format!(
            "You passed an empty string for '{name}'. We assume empty values are an attempt to \
             unset a parameter; however '{name}' cannot be unset. You should remove '{name}' \
             from your request or supply a non-empty value."
        );
        Self::malformed(message)
            .code("parameter_invalid_empty")
            .param(name)
    }

    /// Sets `code` and its documentation address.
    pub fn code(self, code: &str) -> Self {
        let code_url = format!(
            "https://stripe.com/docs/error-codes/{}",
            code.replace('_', "-")
        );
        self.field("code", code).field("doc_url", code_url)
    }

    /// Sets `param`.
    pub fn param(self, param: impl Into<String>) -> Self {
        self.field("param", param.into())
    }

    /// Sets any other field.
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// The JSON body.
    pub fn body(&self) -> Value {
        json!({ "error": Value::Object((*self.fields).clone()) })
    }
}

impl From<FormError> for ApiError {
    fn from(error: FormError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<ParamError> for ApiError {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::Unknown(names) => {
                let plural = if names.len() > 1 {
                    "parameters"
                } else {
                    "parameter"
                };
                let first = names.first().cloned().unwrap_or_default();
                Self::malformed(format!("Received unknown {plural}: {}", names.join(", ")))
                    .code("parameter_unknown")
                    .param(first)
            }
            ParamError::Missing(name) => {
                Self::malformed(format!("Missing required param: {name}."))
                    .code("parameter_missing")
                    .param(name)
            }
            ParamError::Empty(name) => Self::empty(name),
            ParamError::NotInteger { name, value } => {
                Self::malformed(format!("Invalid integer: {value}"))
                    .code("parameter_invalid_integer")
                    .param(name)
            }
            ParamError::TooSmall { name, least } => Self::malformed(format!(
                "This value must be greater than or equal to {least}."
            ))
            .code("parameter_invalid_integer")
            .param(name),
            ParamError::TooLarge { name, most } => {
                Self::malformed(format!("This value must be less than or equal to {most}."))
                    .code("parameter_invalid_integer")
                    .param(name)
            }
            ParamError::NotBoolean { name, value } => {
                Self::malformed(format!("Invalid boolean: {value}")).param(name)
            }
            ParamError::NotOneOf { name, words } => Self::malformed(format!(
                "Invalid {name}: must be one of {}",
                words.join(", ")
            ))
            .param(name),
            ParamError::NotHash(name) => {
                Self::malformed(format!("Invalid {name}: must be a hash or a list")).param(name)
            }
            ParamError::NotText(name) => {
                Self::malformed(format!("Invalid {name}: must be a single value")).param(name)
            }
            ParamError::TooLong { name, most } => {
                Self::malformed(format!("Invalid {name}: must be at most {most} characters"))
                    .param(name)
            }
            ParamError::TooManyMetadataKeys => Self::malformed(format!(
                "Metadata can have at most {MAX_METADATA_KEYS} keys."
            ))
            .param("metadata"),
            ParamError::MetadataName(name) => {
                let message = format!(
                    "Metadata keys can be up to {MAX_METADATA_NAME} characters long, and cannot \
                        be empty: '{name}'."
                );
                Self::malformed(message).param("metadata")
            }
        }
    }
}
