use crate::domain::backoff::Backoff;
use clap::Args;
use jiff::SignedDuration;
use pg::PgConfig;
use rpc::SuiteConfig;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::time::Duration;

/// What an operator sets, by flag or environment.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the schema is.
    #[command(flatten)]
    pub pg: PgConfig,
    /// Where portal-auth is, and notifications' secret with it. Its practices are followed, its Access Codes sent.
    #[command(flatten)]
    pub suite: SuiteConfig,
    /// Where gRPC is served.
    #[arg(long, env = "NOTIFICATIONS_LISTEN", default_value = "127.0.0.1:7104")]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz are served.
    #[arg(long, env = "NOTIFICATIONS_ADMIN", default_value = "127.0.0.1:7204")]
    pub admin: SocketAddr,
    /// billing's gRPC address, whose bills and payments are told of.
    #[arg(long, env = "BILLING_URL", default_value = "http://127.0.0.1:7101")]
    pub billing_url: String,
    /// payments' gRPC address, whose declines and refunds are told of.
    #[arg(long, env = "PAYMENTS_URL", default_value = "http://127.0.0.1:7102")]
    pub payments_url: String,
    /// The mail server: `smtps://user:password@host:465`, `smtp://user:password@host:587?tls=required`, `smtp://127.0.0.1:25`.
    #[arg(long, env = "NOTIFICATIONS_SMTP_URL", hide_env_values = true)]
    pub smtp_url: SecretString,
    /// Where guests pay; links in mails are `<this>/pay/<Invoice #>#<token>`.
    #[arg(
        long,
        env = "NOTIFICATIONS_PAY_PAGE_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub pay_page_url: String,
    /// Any long text, the same in all replicas; seals the page tokens of lists.
    #[arg(long, env = "NOTIFICATIONS_PAGE_SECRET", hide_env_values = true)]
    pub page_secret: SecretString,
    /// How long the server says that it stops before it does, in milliseconds.
    #[arg(long, env = "DRAIN_NOTICE_MS", default_value_t = 3_000)]
    pub drain_notice_ms: u64,
    /// Who mails are from, and how patiently they are sent.
    #[command(flatten)]
    pub delivery: DeliveryConfig,
}

/// Who mails are from, and how patiently they are sent.
#[derive(Debug, Clone, Args)]
pub struct DeliveryConfig {
    /// The address every mail comes from, under its practice's name; replies go to the practice.
    #[arg(
        long,
        env = "NOTIFICATIONS_SENDER",
        default_value = "billing@evenkeel.example"
    )]
    pub sender: String,
    /// The pause after a mail's first failure, in milliseconds; each further one is twice as long, up to an hour.
    #[arg(long, env = "NOTIFICATIONS_FIRST_PAUSE_MS", default_value_t = 60_000)]
    pub first_pause_ms: u32,
    /// How long the mail server may take to connect, in milliseconds.
    #[arg(
        long,
        env = "NOTIFICATIONS_CONNECT_TIMEOUT_MS",
        default_value_t = 10_000
    )]
    pub connect_timeout_ms: u32,
    /// How long handing over one mail may take, in milliseconds. Generous: a server that accepts a mail after we have
    /// left gets it a second time (RFC 5321, 4.5.3.2).
    #[arg(long, env = "NOTIFICATIONS_SEND_TIMEOUT_MS", default_value_t = 120_000)]
    pub send_timeout_ms: u32,
    /// How often the queue is looked at when fewer mails were due than could be sent, in milliseconds.
    #[arg(long, env = "NOTIFICATIONS_POLL_MS", default_value_t = 250)]
    pub poll_ms: u32,
    /// How many mails one process sends at once.
    #[arg(long, env = "NOTIFICATIONS_SENDS_AT_ONCE", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub sends_at_once: u16,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            sender: "billing@evenkeel.example".to_owned(),
            first_pause_ms: 60_000,
            connect_timeout_ms: 10_000,
            send_timeout_ms: 120_000,
            poll_ms: 250,
            sends_at_once: 8,
        }
    }
}

impl DeliveryConfig {
    /// How long collecting the facts of one mail may take.
    pub(crate) const GATHER: Duration = Duration::from_secs(60);

    /// How long a claimed mail is its claimer's: longer than an attempt can take.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Self::GATHER + self.send_timeout() + Duration::from_secs(60)
    }

    pub(crate) fn send_timeout(&self) -> Duration {
        Duration::from_millis(self.send_timeout_ms.into())
    }

    pub(crate) fn backoff(&self) -> Backoff {
        Backoff {
            first_pause: SignedDuration::from_millis(self.first_pause_ms.into()),
            ..Backoff::USUAL
        }
    }
}
