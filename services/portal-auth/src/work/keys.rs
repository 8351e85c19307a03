use crate::PortalAuth;
use ::rpc::Keys;
use std::time::Duration;

/// Reads the signing keys again every half minute, so that one that another replica published is known here in time.
/// `keys` are the ones this process verifies with.
pub async fn keep_keys(portal: PortalAuth, keys: Keys) {
    loop {
        tokio::time::sleep(Duration::from_secs(30)).await;
        match portal.signing.load(&portal).await {
            Ok(()) => keys.replace(&portal.signing.jwks()),
            Err(error) => {
                tracing::warn!(%error, "the signing keys could not be read again; the known ones stay")
            }
        }
    }
}
