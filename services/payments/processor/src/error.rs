use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use stripe_client_core::StripeClientErr;

use crate::Instrument;

/// Why a call has no result, sorted by what it means for the money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// The bank or its network said no. Certain: nothing was charged; another method or another day
    /// may do.
    #[error("declined: {0}")]
    Declined(Decline),
    /// The request cannot be done as it is. Certain: it did nothing. For an object that has moved
    /// on meanwhile (`code` ends in `_unexpected_state`, `charge_already_refunded`) read the
    /// object.
    #[error("rejected ({code}): {message}")]
    Rejected {
        /// Stripe's error code, `invalid_request` when it gives none.
        code: String,
        /// The parameter at fault, when it is one.
        param: Option<String>,
        /// For the log; not for clients.
        message: String,
    },
    /// Too many requests, or no connection could be made. Certain: nothing was done. The same call
    /// with the same key may be made again, not before `retry_after`.
    #[error("the processor is busy or cannot be reached: {reason}")]
    Busy {
        /// How long the processor wants to be left alone, when it says so.
        retry_after: Option<Duration>,
        /// For the log.
        reason: String,
    },
    /// The key is wrong, revoked or may not do this. Certain: nothing was done. An operator has to
    /// act.
    #[error("the processor does not accept our key: {reason}")]
    Unauthorized {
        /// For the log.
        reason: String,
    },
    /// The account is not, or not any more, connected with ours. Certain: nothing was done.
    #[error("the account is not connected: {reason}")]
    NotConnected {
        /// For the log.
        reason: String,
    },
    /// Nobody knows whether it was done: time ran out, the connection was cut, or the answer was a
    /// 5xx, a conflict or no answer of Stripe's. Never a failure: read the object, and repeat only
    /// with the same key.
    #[error("the outcome is unknown: {reason}")]
    Unknown {
        /// HTTP status, when an answer came.
        status: Option<u16>,
        /// For the log.
        reason: String,
    },
}

/// Why a payment was declined, in Stripe's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}{}", .decline_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct Decline {
    /// Error code such as `card_declined`, `expired_card`, `authentication_required`.
    pub code: String,
    /// The issuer's reason such as `insufficient_funds` or `stolen_card`, when it gives one.
    pub decline_code: Option<String>,
    /// What the network advises such as `do_not_try_again`, when it does.
    pub advice_code: Option<String>,
    /// A sentence that may be shown to whoever pays.
    pub message: String,
    /// What was declined, when the processor shows it.
    pub instrument: Option<Box<Instrument>>,
}

/// Why a [`crate::Processor`] cannot be made of what was configured. Secrets are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not an http or https URL without query.
    #[error("the processor's URL must be http:// or https:// with a host")]
    BaseUrl,
    /// Empty, or not visible ASCII.
    #[error("the processor's secret key must be visible ASCII")]
    SecretKey,
    /// Not like `acct_…`.
    #[error("a connected account looks like acct_1A2b3C")]
    Account,
    /// A live key would travel readable.
    #[error("a live key is only sent over https")]
    PlainHttp,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls,
}

/// What an error answer holds, as far as we read it.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorFields,
}

#[derive(Deserialize)]
struct ErrorFields {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    advice_code: Option<String>,
    message: Option<String>,
    param: Option<String>,
    payment_method: Option<Value>,
}

impl ProcessorError {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown {
            status: None,
            reason: reason.into(),
        }
    }

    /// A mistake found before anything was sent.
    pub(crate) fn unsendable(param: &str, message: &str) -> Self {
        let code = match param {
            "amount" => "invalid_amount",
            "currency" => "currency_not_supported",
            _other => "parameter_invalid",
        };
        Self::Rejected {
            code: code.into(),
            param: Some(param.into()),
            message: message.into(),
        }
    }

    /// Sorts an answer that is not a success. Stripe's statuses: 402 declined, 429 and 401 before
    /// the key is looked at, 409 another request holds the key or object, 5xx anything.
    pub(crate) fn of_answer(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let fields = serde_json::from_slice::<ErrorBody>(body)
            .ok()
            .map(|body| body.error);
        match (status, fields) {
            (403, Some(fields)) if fields.code.as_deref() == Some("account_invalid") => {
                Self::NotConnected {
                    reason: reason(status, Some(&fields)),
                }
            }
            (401 | 403, fields) => Self::Unauthorized {
                reason: reason(status, fields.as_ref()),
            },
            (429, fields) => Self::Busy {
                retry_after,
                reason: reason(status, fields.as_ref()),
            },
            (400 | 402 | 404 | 405 | 413 | 415 | 422, Some(fields)) => fields.of_content(status),
            (_, fields) => Self::Unknown {
                status: Some(status),
                reason: reason(status, fields.as_ref()),
            },
        }
    }
}

impl ErrorFields {
    /// A content error, unless it says that the key was used for something else: then that
    /// something may have worked.
    fn of_content(self, status: u16) -> ProcessorError {
        let message = self.message.clone().unwrap_or_default();
        match self.kind.as_deref() {
            Some("card_error") => ProcessorError::Declined(Decline {
                code: self.code.unwrap_or_else(|| "card_declined".into()),
                decline_code: self.decline_code,
                advice_code: self.advice_code,
                message,
                instrument: self
                    .payment_method
                    .as_ref()
                    .and_then(Instrument::of_error)
                    .map(Box::new),
            }),
            Some("invalid_request_error") => ProcessorError::Rejected {
                code: self.code.unwrap_or_else(|| "invalid_request".into()),
                param: self.param,
                message,
            },
            _ => ProcessorError::Unknown {
                status: Some(status),
                reason: reason(status, Some(&self)),
            },
        }
    }
}

/// A body that async-stripe cannot read came with a success: something was done, we do not know
/// what.
impl StripeClientErr for ProcessorError {
    fn deserialize_err(message: impl std::fmt::Display) -> Self {
        Self::unknown(message.to_string())
    }
}

fn reason(status: u16, fields: Option<&ErrorFields>) -> String {
    let said = fields.map(|fields| {
        let kind = fields.kind.as_deref().unwrap_or("error");
        let code = fields.code.as_deref().unwrap_or("no code");
        format!(
            "{kind}, {code}: {}",
            fields.message.as_deref().unwrap_or_default()
        )
    });
    format!(
        "HTTP {status}, {}",
        said.as_deref().unwrap_or("not an answer of Stripe's")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> ProcessorError {
        ProcessorError::of_answer(status, None, body.as_bytes())
    }

    fn is_unknown(error: &ProcessorError) -> bool {
        matches!(error, ProcessorError::Unknown { .. })
    }

    #[test]
    fn a_declined_card_is_declined_with_the_issuer_s_reason() {
        let body = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds",
            "advice_code":"try_again_later","message":"Your card has insufficient funds.","charge":"ch_1","doc_url":"https://stripe.com/docs"}}"#;
        let decline = Decline {
            code: "card_declined".into(),
            decline_code: Some("insufficient_funds".into()),
            advice_code: Some("try_again_later".into()),
            message: "Your card has insufficient funds.".into(),
            instrument: None,
        };
        assert_eq!(decline.to_string(), "card_declined (insufficient_funds)");
        assert_eq!(answer(402, body), ProcessorError::Declined(decline));
    }

    #[test]
    fn what_was_declined_is_read_and_what_cannot_be_read_hides_no_decline() {
        let declined = |method: &str| {
            let body = format!(
                r#"{{"error":{{"type":"card_error","code":"card_declined","payment_method":{method}}}}}"#
            );
            match answer(402, &body) {
                ProcessorError::Declined(decline) => decline.instrument.map(|it| *it),
                other => panic!("{other}"),
            }
        };
        let card = Instrument::Card(crate::Card {
            brand: "visa".into(),
            last4: "0002".into(),
            exp_month: 8,
            exp_year: 2031,
            funding: "credit".into(),
        });
        let shown = r#"{"id":"pm_1","type":"card","card":{"brand":"visa","last4":"0002","exp_month":8,"exp_year":2031,"funding":"credit","checks":null}}"#;
        assert_eq!(declined(shown), Some(card));
        let account = Instrument::BankAccount(crate::BankAccount {
            bank: String::new(),
            last4: "6789".into(),
        });
        let shown =
            r#"{"type":"us_bank_account","us_bank_account":{"bank_name":null,"last4":"6789"}}"#;
        assert_eq!(declined(shown), Some(account));
        assert_eq!(
            declined(r#"{"type":"link"}"#),
            Some(Instrument::Other("link".into()))
        );
        for unreadable in ["null", "7", "\"pm_1\"", "{}", r#"{"type":"card"}"#, "[]"] {
            assert_eq!(declined(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn only_a_content_error_is_a_certain_failure() {
        let body = r#"{"error":{"type":"invalid_request_error","code":"resource_missing","param":"intent","message":"No such"}}"#;
        let rejected = ProcessorError::Rejected {
            code: "resource_missing".into(),
            param: Some("intent".into()),
            message: "No such".into(),
        };
        assert_eq!(answer(404, body), rejected);
        for status in [408, 409, 424, 500, 502, 503, 504, 302] {
            assert!(is_unknown(&answer(status, body)), "{status}");
        }
    }

    #[test]
    fn f02_a_key_used_for_another_request_leaves_the_outcome_unknown() {
        let body = r#"{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with"}}"#;
        assert!(is_unknown(&answer(400, body)));
    }

    #[test]
    fn f02_an_answer_that_is_not_stripe_s_says_nothing() {
        for body in ["", "<html>Bad Request</html>", "{}", "[]", "\u{0}"] {
            assert!(is_unknown(&answer(400, body)), "{body:?}");
            assert!(is_unknown(&answer(500, body)), "{body:?}");
        }
    }

    #[test]
    fn too_many_requests_and_a_wrong_key_did_nothing() {
        let wait = Some(Duration::from_secs(2));
        let busy = ProcessorError::of_answer(
            429,
            wait,
            br#"{"error":{"type":"invalid_request_error","code":"rate_limit"}}"#,
        );
        assert!(matches!(busy, ProcessorError::Busy { retry_after, .. } if retry_after == wait));
        assert!(matches!(
            answer(401, ""),
            ProcessorError::Unauthorized { .. }
        ));
        assert!(matches!(
            answer(403, ""),
            ProcessorError::Unauthorized { .. }
        ));
        let gone = r#"{"error":{"type":"invalid_request_error","code":"account_invalid"}}"#;
        assert!(matches!(
            answer(403, gone),
            ProcessorError::NotConnected { .. }
        ));
    }
}
