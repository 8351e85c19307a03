use crate::client::tuned;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint};

const LOOK_UP_EVERY: Duration = Duration::from_secs(5);

/// A channel over all addresses of `host:port`, each call to one of the less busy of them. Call it inside the tokio
/// runtime; the look-ups end with the channel.
pub(crate) fn balanced(authority: String) -> Channel {
    let (channel, changes) = Channel::balance_channel::<SocketAddr>(64);
    tokio::spawn(async move {
        let mut known = HashSet::new();
        while !changes.is_closed() {
            let found = look_up(&authority).await;
            // DNS trouble must not empty the pool.
            if !found.is_empty() {
                for change in differences(&known, &found) {
                    if changes.send(change).await.is_err() {
                        return;
                    }
                }
                known = found;
            }
            tokio::time::sleep(LOOK_UP_EVERY).await;
        }
    });
    channel
}

async fn look_up(authority: &str) -> HashSet<SocketAddr> {
    match tokio::net::lookup_host(authority).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            tracing::warn!(authority, %error, "the addresses could not be looked up");
            HashSet::new()
        }
    }
}

fn differences(
    known: &HashSet<SocketAddr>,
    found: &HashSet<SocketAddr>,
) -> Vec<Change<SocketAddr, Endpoint>> {
    let gone = known
        .difference(found)
        .map(|address| Change::Remove(*address));
    let new = found.difference(known).filter_map(|address| {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).ok()?;
        Some(Change::Insert(*address, tuned(endpoint)))
    });
    new.chain(gone).collect()
}
