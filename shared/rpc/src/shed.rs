use crate::access::{Table, is_infrastructure};
use crate::body::{Held, early_code};
use crate::fault::{Details, refuse};
use crate::layer::{Answer, Layer, Next};
use http::Request;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};

/// A place among the requests or streams. It also travels with the request, so that a write whose client has gone keeps
/// its place until it ends: going away quickly is no way around the limit.
#[derive(Clone)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

/// Refuses at once what is above the limits, instead of letting everything become slow. Streams have their own
/// places, so that followers of a feed cannot crowd out requests.
pub(crate) struct Shed {
    pub(crate) table: Table,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) closing: CancellationToken,
}

impl Layer for Shed {
    fn call(&self, mut request: Request<Body>, next: Next) -> Answer {
        let path = request.uri().path();
        let streams = self
            .table
            .get(path)
            .is_some_and(|method| method.streams_responses);
        let place = if is_infrastructure(path) {
            None
        } else {
            let places = if streams {
                &self.streams
            } else {
                &self.requests
            };
            let Ok(place) = Arc::clone(places).try_acquire_owned() else {
                return Box::pin(std::future::ready(overloaded().into_http()));
            };
            Some(Place(Arc::new(place)))
        };
        let may_stay = streams || place.is_none();
        if let Some(place) = place.clone().filter(|_| !streams) {
            request.extensions_mut().insert(place);
        }
        let closing = self.closing.clone();
        Box::pin(async move {
            let response = next.run(request).await;
            if !may_stay || early_code(response.headers()).is_some() {
                return response;
            }
            response.map(|body| Body::new(Held::new(body, closing.cancelled_owned(), place)))
        })
    }
}

fn overloaded() -> Status {
    refuse(
        Code::ResourceExhausted,
        "OVERLOADED",
        "too many requests at once; try again shortly",
        Details::default().retry_after(Duration::from_millis(500)),
    )
}

pub(crate) fn going_away() -> Status {
    refuse(
        Code::Unavailable,
        "GOING_AWAY",
        "this server is shutting down; follow on at another",
        Details::default(),
    )
}
