//! Waits for the mails that are still on their way, so that a demo leaves nothing for the next one to send.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use proto::notifications::v1::ListMessagesResponse;

use crate::demo::run::Run;

const POLL: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns when no mail of the practice is queued.
///
/// # Errors
/// One still is after half a minute.
pub async fn sent(run: &Run) -> Result<()> {
    let begun = Instant::now();
    loop {
        let path = run.path("messages?state=MESSAGE_STATE_QUEUED&page_size=1");
        let queued: ListMessagesResponse = run.gateway.get(&path).await?;
        if queued.messages.is_empty() {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "mails are still queued");
        tokio::time::sleep(POLL).await;
    }
}
