//! What happens between a request that has been let in and its answer: key, faults, the act, the log.

use std::sync::Arc;

use crate::book::rows::StoredAnswer;
use crate::book::{Act, Origin};
use crate::error::ApiError;
use crate::faults::{Ending, Fault};
use crate::request_log::LoggedRequest;
use crate::sandbox::{Sandbox, lock};
use crate::{api, idempotency};

/// A request that has been let in.
pub struct Call {
    pub account: String,
    pub method: String,
    pub path: String,
    pub form: String,
    pub key: Option<String>,
    pub request_id: String,
    pub api_version: String,
}

/// An answer ready to be sent.
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// The request that was answered first, when this is a replay.
    pub original: Option<String>,
}

impl Answer {
    /// The answer of an error.
    pub fn of(error: &ApiError) -> Self {
        Self {
            status: error.status,
            body: error.body().to_string(),
            original: None,
        }
    }
}

/// Runs a request to its answer and logs it; the fault says when and how it fails.
pub async fn perform(sandbox: Arc<Sandbox>, call: Call, fault: Fault) -> Answer {
    let answer = perform_unlogged(&sandbox, &call, fault).await;
    let answered = match fault.ending {
        Ending::Answer | Ending::Status { .. } | Ending::Garbage => answer.status,
        Ending::Hang { .. } | Ending::Reset { .. } => 0,
    };
    lock(&sandbox.log).push(LoggedRequest {
        time: sandbox.config.clock.now().as_second(),
        request_id: call.request_id,
        account: call.account,
        method: call.method,
        path: call.path,
        idempotency_key: call.key,
        form: call.form,
        status: answered,
        replayed: answer.original.is_some(),
    });
    answer
}

async fn perform_unlogged(sandbox: &Sandbox, call: &Call, fault: Fault) -> Answer {
    if let Ending::Status {
        code: code @ (401 | 429),
        worked: false,
    } = fault.ending
    {
        tokio::time::sleep(fault.before).await;
        return Answer::of(&ApiError::commanded(code));
    }
    let key = call.key.as_deref().filter(|_| call.method == "POST");
    let claim = match key
        .map(|key| idempotency::claim(sandbox, &call.account, key))
        .transpose()
    {
        Ok(claim) => claim,
        Err(error) => return Answer::of(&error),
    };
    tokio::time::sleep(fault.before).await;
    let answer = execute(sandbox, call, key, fault.ending);
    tokio::time::sleep(fault.after).await;
    drop(claim);
    answer
}

/// One lock, one line in the data file: the effect and the key's answer are there together or not at all.
fn execute(sandbox: &Sandbox, call: &Call, key: Option<&str>, ending: Ending) -> Answer {
    let origin = Origin {
        request_id: Some(call.request_id.clone()),
        idempotency_key: call.key.clone(),
        api_version: call.api_version.clone(),
    };
    let done = sandbox.act(&call.account, origin, |act| {
        let print = idempotency::fingerprint(&call.method, &call.path, &call.form);
        if let Some(key) = key {
            match idempotency::recall(act.book, key, &print, act.now) {
                Ok(None) => {}
                Ok(Some(known)) => {
                    return Answer {
                        status: known.status,
                        body: known.body,
                        original: Some(known.request_id),
                    };
                }
                Err(error) => return Answer::of(&error),
            }
        }
        let (answer, executed) = work(act, call, ending);
        if let Some(key) = key.filter(|_| executed) {
            act.book.answers.put(StoredAnswer {
                key: key.to_owned(),
                created: act.now,
                fingerprint: print,
                status: answer.status,
                body: answer.body.clone(),
                request_id: call.request_id.clone(),
            });
        }
        answer
    });
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "the data file cannot be written");
        Answer::of(&ApiError::internal())
    })
}

/// The work itself, or what was commanded in its place; and whether a key remembers it.
fn work(act: &mut Act<'_>, call: &Call, ending: Ending) -> (Answer, bool) {
    let outcome = if ending.works() {
        Some(api::dispatch(act, &call.method, &call.path, &call.form))
    } else {
        None
    };
    let commanded = match ending {
        Ending::Status { code, .. } => Some(ApiError::commanded(code)),
        Ending::Answer | Ending::Hang { .. } | Ending::Reset { .. } | Ending::Garbage => None,
    };
    match (commanded, outcome) {
        (Some(error), _) | (None, Some(Err(error))) => (Answer::of(&error), error.executed),
        (None, Some(Ok(object))) => (
            Answer {
                status: 200,
                body: object.to_string(),
                original: None,
            },
            true,
        ),
        (None, None) => (
            Answer {
                status: 200,
                body: String::new(),
                original: None,
            },
            false,
        ),
    }
}
