use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clock::Clock;

/// How a sandbox runs. [`Config::new`] gives what tests want; the binary sets the rest from its flags.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether `listen` may be another than a loopback address.
    pub allow_remote: bool,
    /// The only key that is accepted, `sk_test_…`.
    pub secret_key: String,
    /// The account the key belongs to, `acct_…`.
    pub account: String,
    /// Where the book is kept between runs; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// Time and randomness. Idempotency keys are forgotten 24 h later on this clock.
    pub clock: Clock,
    /// An endpoint to register at the start.
    pub webhook: Option<Webhook>,
    /// Pauses between the attempts of one delivery; after the last it is given up.
    pub webhook_backoff: Vec<Duration>,
    /// How long an endpoint may take to answer.
    pub webhook_timeout: Duration,
    /// How long a bank debit or a slow refund takes. `None` waits for a command.
    pub settle_after: Option<Duration>,
    /// How long a request is left without an answer by the fault `timeout_after_work`, before its connection is cut.
    pub hang: Duration,
}

/// A webhook endpoint named in the configuration.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// `http://…`
    pub url: String,
    /// The signing secret, `whsec_…`.
    pub secret: String,
}

impl Config {
    /// A free loopback port, the key `sk_test_sandbox`, nothing on disk, no endpoint.
    pub fn new(clock: Clock) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            secret_key: "sk_test_sandbox".to_owned(),
            account: "acct_1SandboxPlatform".to_owned(),
            data: None,
            clock,
            webhook: None,
            webhook_backoff: [
                500, 2_000, 5_000, 15_000, 60_000, 300_000, 1_800_000, 7_200_000,
            ]
            .map(Duration::from_millis)
            .to_vec(),
            webhook_timeout: Duration::from_secs(10),
            settle_after: Some(Duration::from_secs(3)),
            hang: Duration::from_mins(2),
        }
    }
}
