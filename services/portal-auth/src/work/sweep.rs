use crate::{PortalAuth, store};
use jiff::SignedDuration;
use std::time::Duration;

/// The longest window is a day; counts are kept for two.
const KEEP: SignedDuration = SignedDuration::from_hours(48);

/// Forgets counts of attempts whose windows have ended, every ten minutes.
pub async fn sweep_attempts(portal: PortalAuth) {
    loop {
        if let Err(error) = sweep(&portal).await {
            tracing::warn!(%error, "old counts of attempts were not swept");
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
}

async fn sweep(portal: &PortalAuth) -> crate::Result<()> {
    let before = portal
        .clock
        .now()
        .checked_sub(KEEP)
        .unwrap_or(jiff::Timestamp::MIN);
    let mut tx = pg::begin_any(&portal.db).await?;
    store::attempts::delete_before(&mut tx, before).await?;
    Ok(tx.commit().await?)
}
