use http::{Request, Response};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::service::Routes;
use tower::Service;

/// The response to come. It cannot fail: an error is a response with its status.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// One step of the stack: answers itself, or lets the next step answer.
pub(crate) trait Layer: Send + Sync + 'static {
    /// Called once for each request.
    fn call(&self, request: Request<Body>, next: Next) -> Answer;
}

/// The rest of the stack. A clone can be run again.
#[derive(Clone)]
pub(crate) struct Next {
    layers: Arc<[Box<dyn Layer>]>,
    reached: usize,
    routes: Routes,
}

impl Next {
    /// The answer of the rest of the stack.
    pub(crate) fn run(mut self, request: Request<Body>) -> Answer {
        let layers = Arc::clone(&self.layers);
        if let Some(layer) = layers.get(self.reached) {
            self.reached += 1;
            return layer.call(request, self);
        }
        let answer = self.routes.call(request);
        Box::pin(async move {
            match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
    }
}

/// All layers, the first one outermost, and the routes behind them.
#[derive(Clone)]
pub(crate) struct Stack(Next);

impl Stack {
    pub(crate) fn new(layers: Vec<Box<dyn Layer>>, routes: Routes) -> Self {
        Self(Next {
            layers: layers.into(),
            reached: 0,
            routes: routes.prepare(),
        })
    }
}

impl Service<Request<Body>> for Stack {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.clone().run(request);
        Box::pin(async move { Ok(answer.await) })
    }
}
