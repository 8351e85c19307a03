use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "evenkeel";

/// An error that knows how it looks to the caller. Each service's error enum is one; its text goes to the caller
/// unless the code says that the fault is the server's.
pub trait Fault: Error + 'static {
    /// INVALID_ARGUMENT for what was asked, FAILED_PRECONDITION for the state it met, NOT_FOUND also for what is
    /// another practice's, ABORTED for a conflict, INTERNAL for the server's own.
    fn code(&self) -> Code;

    /// What programs go by: `BILL_ALREADY_PAID`.
    fn reason(&self) -> &'static str;

    /// Fields, states, resources or waiting times, as the code asks for.
    fn details(&self) -> Details {
        Details::default()
    }

    /// True for a database conflict (40001, 40P01): the stack runs the request again before anyone is told.
    fn conflict(&self) -> bool {
        false
    }
}

/// What a status carries beside its `ErrorInfo`.
#[derive(Debug, Clone, Default)]
pub struct Details {
    fields: Vec<FieldViolation>,
    preconditions: Vec<PreconditionViolation>,
    resource: Option<(String, String)>,
    retry_after: Option<Duration>,
    metadata: HashMap<String, String>,
}

impl Details {
    /// A field that is wrong, by its path in the request (`lines[2].fee`), and what it must be.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>, must: impl Into<String>) -> Self {
        self.fields.push(FieldViolation::new(path, must));
        self
    }

    /// A state in the way: its kind (`BILL_STATE`), what it is the state of (an id), and why it forbids.
    #[must_use]
    pub fn precondition(
        mut self,
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.preconditions
            .push(PreconditionViolation::new(kind, subject, description));
        self
    }

    /// The resource that is missing: its kind (`bill`) and its id.
    #[must_use]
    pub fn resource(mut self, kind: impl Into<String>, id: impl Into<String>) -> Self {
        self.resource = Some((kind.into(), id.into()));
        self
    }

    /// When a try is worth it again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// A fact for programs, in the `ErrorInfo`: `balance_minor` = `1200`.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    fn into_error_details(self, reason: &str) -> ErrorDetails {
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, self.metadata);
        if !self.fields.is_empty() {
            details.set_bad_request(self.fields);
        }
        if !self.preconditions.is_empty() {
            details.set_precondition_failure(self.preconditions);
        }
        if let Some((kind, id)) = self.resource {
            details.set_resource_info(kind, id, "", "");
        }
        if self.retry_after.is_some() {
            details.set_retry_info(self.retry_after);
        }
        details
    }
}

/// The status a fault is told as. The server's own faults are logged here, once, with all their causes, and the
/// caller reads "internal".
#[must_use]
pub fn status<F: Fault>(fault: &F) -> Status {
    let (code, reason) = (fault.code(), fault.reason());
    let ours = matches!(code, Code::Internal | Code::Unknown | Code::DataLoss);
    if ours && !fault.conflict() {
        tracing::error!(reason, error = %Causes(fault), "the request failed by our own fault");
    }
    let (text, details) = if ours {
        ("internal".to_owned(), Details::default())
    } else {
        (fault.to_string(), fault.details())
    };
    let mut status = Status::with_error_details(code, text, details.into_error_details(reason));
    if fault.conflict() {
        status.set_source(Arc::new(Conflict));
    }
    status
}

/// A status of the stack's own.
pub(crate) fn refuse(code: Code, reason: &str, text: &str, details: Details) -> Status {
    Status::with_error_details(code, text, details.into_error_details(reason))
}

/// The mark of a conflict: a status' source stays in this process and is not sent.
#[derive(Debug, thiserror::Error)]
#[error("the database saw a conflict with another transaction")]
struct Conflict;

/// True for the status of a [`Fault`] that was a database conflict, in the process that made it.
#[must_use]
pub fn is_conflict(status: &Status) -> bool {
    status.source().is_some_and(<dyn Error>::is::<Conflict>)
}

/// An error with its sources, outermost first.
pub(crate) struct Causes<'a, E: ?Sized>(pub(crate) &'a E);

impl<E: Error + ?Sized> fmt::Display for Causes<'_, E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(out, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
