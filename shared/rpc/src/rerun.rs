use crate::access::Table;
use crate::buffer::{Buffered, whole};
use crate::context::Context;
use crate::fault::{Details, Fault, is_conflict, refuse};
use crate::layer::{Answer, Layer, Next};
use http::{Request, Response};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Instrument as _;

/// The pauses before a request runs again; there are no more runs than these and the first.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(60),
];

/// Runs writes to their end, whatever the client does, and runs them again when the database says that they met
/// another transaction.
///
/// tonic drops a handler whose client goes away, and a dropped handler can leave a transaction open on a pooled
/// connection. So a mutating unary method runs in a task of its own; the drain waits for these tasks. Reads and streams
/// pass through.
pub(crate) struct Rerun {
    pub(crate) table: Table,
    pub(crate) tasks: TaskTracker,
}

/// Runs work again when it lost a conflict, as the stack does with unary writes: for the parts of a stream.
///
/// # Errors
/// The work's own, of its last run.
pub async fn rerun<T, E, F>(mut work: impl FnMut() -> F) -> Result<T, E>
where
    E: Fault,
    F: Future<Output = Result<T, E>>,
{
    let mut pauses = PAUSES.iter();
    loop {
        let done = work().await;
        let conflict = done.as_ref().is_err_and(Fault::conflict);
        let Some(pause) = pauses.next().filter(|_| conflict) else {
            return done;
        };
        tracing::debug!("a conflict with another transaction; this part runs again");
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.5))).await;
    }
}

impl Layer for Rerun {
    fn call(&self, mut request: Request<Body>, next: Next) -> Answer {
        let write = self
            .table
            .get(request.uri().path())
            .is_some_and(|method| method.mutating && method.is_unary());
        let Some(Buffered(body)) = request
            .extensions_mut()
            .remove::<Buffered>()
            .filter(|_| write)
        else {
            return next.run(request);
        };
        let (parts, _) = request.into_parts();
        // `parts` also hold the request's place among those worked on, until the write has ended.
        let work = async move {
            let mut pauses = PAUSES.iter();
            loop {
                let again = Request::from_parts(parts.clone(), whole(body.clone()));
                let response = next.clone().run(again).await;
                let Some(pause) = pauses.next().filter(|_| met_conflict(&response)) else {
                    return response;
                };
                tracing::debug!("a conflict with another transaction; the request runs again");
                tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.5))).await;
            }
        };
        let context = Context::current();
        let task = self.tasks.spawn(context.scope(work).in_current_span());
        Box::pin(async move {
            match task.await {
                Ok(response) => response,
                Err(error) => {
                    tracing::error!(%error, "a handler panicked");
                    let internal =
                        refuse(Code::Internal, "INTERNAL", "internal", Details::default());
                    internal.into_http()
                }
            }
        })
    }
}

fn met_conflict(response: &Response<Body>) -> bool {
    response
        .extensions()
        .get::<Status>()
        .is_some_and(is_conflict)
}
