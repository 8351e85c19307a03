use crate::access::Table;
use crate::fault::{Details, refuse};
use crate::layer::{Answer, Layer, Next};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tonic::body::Body;
use tonic::{Code, Status};

/// The five bytes in front of a gRPC message.
const PREFIX_BYTES: usize = 5;

/// Takes in the whole of a request's one message, up to the limit, before anything is done with it. Streams of requests
/// pass through; tonic limits each of their messages.
pub(crate) struct Buffer {
    pub(crate) table: Table,
    pub(crate) message_bytes: usize,
}

/// The request's body, kept so that it can be read again.
#[derive(Debug, Clone)]
pub(crate) struct Buffered(pub(crate) Bytes);

impl Layer for Buffer {
    fn call(&self, request: Request<Body>, next: Next) -> Answer {
        let one = self
            .table
            .get(request.uri().path())
            .is_some_and(|method| !method.streams_requests);
        if !one {
            return next.run(request);
        }
        let limit = self.message_bytes;
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let body = match Limited::new(body, limit + PREFIX_BYTES).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => return refusal(&*error, limit).into_http(),
            };
            parts.extensions.insert(Buffered(body.clone()));
            next.run(Request::from_parts(parts, whole(body))).await
        })
    }
}

/// A body that is there already.
pub(crate) fn whole(bytes: Bytes) -> Body {
    Body::new(Full::new(bytes))
}

fn refusal(error: &(dyn std::error::Error + Send + Sync + 'static), limit: usize) -> Status {
    if error.is::<LengthLimitError>() {
        let text = format!("a request may have at most {limit} bytes");
        return refuse(
            Code::ResourceExhausted,
            "REQUEST_TOO_LARGE",
            &text,
            Details::default(),
        );
    }
    refuse(
        Code::Cancelled,
        "REQUEST_CUT",
        "the request ended before it was whole",
        Details::default(),
    )
}
