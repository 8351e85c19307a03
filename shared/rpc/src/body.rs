//! Response bodies that notice their end.

use crate::shed::Place;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

/// The code in a response's headers: it has failed before its first message.
pub(crate) fn early_code(headers: &HeaderMap) -> Option<Code> {
    headers
        .get(Status::GRPC_STATUS)
        .map(|value| Code::from_bytes(value.as_bytes()))
}

/// Tells the code that a response ends with. Dropped before, it is told CANCELLED.
pub(crate) trait Ending: Send + Unpin + 'static {
    fn ended(&mut self, code: Code);
}

struct Once<E: Ending>(Option<E>);

impl<E: Ending> Once<E> {
    fn tell(&mut self, code: Code) {
        if let Some(mut ending) = self.0.take() {
            ending.ended(code);
        }
    }
}

impl<E: Ending> Drop for Once<E> {
    fn drop(&mut self) {
        self.tell(Code::Cancelled);
    }
}

/// Waits for the response and then for its end.
pub(crate) async fn watched<E: Ending>(
    response: impl Future<Output = Response<Body>>,
    ending: E,
) -> Response<Body> {
    let mut ending = Once(Some(ending));
    let response = response.await;
    if let Some(code) = early_code(response.headers()) {
        ending.tell(code);
        return response;
    }
    response.map(|body| Body::new(Watched { body, ending }))
}

struct Watched<E: Ending> {
    body: Body,
    ending: Once<E>,
}

impl<E: Ending> http_body::Body for Watched<E> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.ending
                        .tell(early_code(trailers).unwrap_or(Code::Unknown));
                }
            }
            Poll::Ready(Some(Err(status))) => this.ending.tell(status.code()),
            Poll::Ready(None) => this.ending.tell(Code::Unknown),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that holds its place until it ends, and that ends with UNAVAILABLE when the server closes, so that its
/// reader goes on at another replica.
pub(crate) struct Held {
    body: Body,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
    _place: Option<Place>,
}

impl Held {
    pub(crate) fn new(
        body: Body,
        closing: WaitForCancellationFutureOwned,
        place: Option<Place>,
    ) -> Self {
        Self {
            body,
            closing: Box::pin(closing),
            ended: false,
            _place: place,
        }
    }
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        if this.closing.as_mut().poll(context).is_pending() {
            return Pin::new(&mut this.body).poll_frame(context);
        }
        this.ended = true;
        let mut trailers = HeaderMap::new();
        // Two short ASCII headers always fit.
        let added = crate::shed::going_away().add_header(&mut trailers);
        Poll::Ready(Some(added.map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }
}
