use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM, Ctrl-C, or the terminal that closes.
///
/// # Errors
/// The process may not listen for signals.
pub async fn terminated() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
