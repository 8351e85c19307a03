//! A mail server that delivers nothing: it keeps every mail as an `.eml` file, for machines without a mail server and
//! for tests. It can be told to refuse, as real ones do. Loopback only.

mod session;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections served at once; more wait.
const CONNECTIONS_MAX: usize = 32;
/// The largest mail that is taken.
pub(crate) const MAIL_BYTES_MAX: usize = 25 * 1024 * 1024;

/// Why the sink does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Only this machine may deliver to it.
    #[error("the mail sink listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The port is taken, or the folder cannot be made.
    #[error("the mail sink cannot start at {address}")]
    Io {
        /// Where it should listen.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A running sink. Dropped, it stops at once.
#[derive(Debug)]
pub struct MailSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) stop: CancellationToken,
    /// What is answered instead of taking the next mails.
    pub(crate) refusals: AtomicU32,
    pub(crate) refusal_code: AtomicU16,
    pub(crate) delay: Mutex<Duration>,
    /// Numbers the files of one process; the folder keeps those of earlier ones.
    pub(crate) taken: AtomicU64,
}

/// Starts a sink that keeps mails in `folder`, which is made when missing. Port 0 takes a free one.
///
/// # Errors
/// See [`StartError`].
pub async fn start(
    address: SocketAddr,
    folder: impl Into<PathBuf>,
) -> Result<MailSink, StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    let folder = folder.into();
    let io = |source| StartError::Io { address, source };
    std::fs::create_dir_all(&folder).map_err(io)?;
    let listener = TcpListener::bind(address).await.map_err(io)?;
    let bound = listener.local_addr().map_err(io)?;
    let shared = Arc::new(Shared {
        folder,
        stop: CancellationToken::new(),
        refusals: AtomicU32::new(0),
        refusal_code: AtomicU16::new(451),
        delay: Mutex::new(Duration::ZERO),
        taken: AtomicU64::new(0),
    });
    let tasks = TaskTracker::new();
    tasks.spawn(accept(listener, Arc::clone(&shared), tasks.clone()));
    Ok(MailSink {
        address: bound,
        shared,
        tasks,
    })
}

impl MailSink {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `smtp://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Refuses the next `count` mails with this SMTP code: 4xx for now, 5xx for good.
    pub fn refuse(&self, count: u32, code: u16) {
        self.shared.refusal_code.store(code, Ordering::SeqCst);
        self.shared.refusals.store(count, Ordering::SeqCst);
    }

    /// Answers every mail from now on only after this time.
    pub fn delay(&self, delay: Duration) {
        *self
            .shared
            .delay
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = delay;
    }

    /// How many mails were taken since it was started.
    pub fn taken(&self) -> u64 {
        self.shared.taken.load(Ordering::SeqCst)
    }

    /// Stops listening and lets sessions end.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = shared.stop.run_until_cancelled(listener.accept()).await;
        let stream = match accepted {
            None => return,
            Some(Ok((stream, _))) => stream,
            Some(Err(error)) => {
                tracing::warn!(%error, "the mail sink could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let shared = Arc::clone(&shared);
        // The protocol's state machine is not Send across awaits, so a session has a thread.
        tasks.spawn_blocking(move || {
            if let Err(error) = talk(stream, &shared) {
                tracing::debug!(%error, "a mail session ended");
            }
            drop(place);
        });
    }
}

fn talk(stream: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    session::serve(stream, shared)
}
