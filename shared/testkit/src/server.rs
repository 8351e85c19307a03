use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};

/// Serves the routes on a free loopback port of this process, with the layers they already carry.
///
/// # Panics
/// When no port can be bound.
pub async fn serve(routes: Routes) -> Server {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free loopback port");
    let address = listener.local_addr().expect("the port that was bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let drained = async move {
            let _ = stopped.await;
        };
        tonic::transport::Server::builder()
            .add_routes(routes)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), drained)
            .await
    });
    Server {
        address,
        stop: Some(stop),
        task,
    }
}

/// A gRPC server in this process; dropped, it is gone at once, like a killed one.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A new connection to it, made at the first call.
    ///
    /// # Panics
    /// Never: a loopback address is a valid endpoint.
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url())
            .expect("a loopback address")
            .connect_lazy()
    }

    /// Lets the calls in flight end, then stops.
    ///
    /// # Panics
    /// When the server had failed.
    pub async fn drain(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        (&mut self.task)
            .await
            .expect("the server's task ends")
            .expect("the server ends well");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
