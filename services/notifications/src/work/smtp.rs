use super::trouble::Trouble;
use crate::DeliveryConfig;
use lettre::address::AddressError;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::time::Duration;

/// The mail server, and the address that mails come from.
#[derive(Clone, Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Address,
    send_timeout: Duration,
}

/// Why mails could never be sent. Does not repeat the URL, which holds a password.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// Not `smtp://…` or `smtps://…`.
    #[error("the mail server's URL cannot be used")]
    Url(#[source] Error),
    /// Not an address.
    #[error("the sender's e-mail address is none")]
    Sender(#[source] AddressError),
}

impl Smtp {
    /// Connects when the first mail is sent. Call it inside the tokio runtime.
    ///
    /// # Errors
    /// A URL or address that is none.
    pub fn new(url: &str, delivery: &DeliveryConfig) -> Result<Self, SmtpError> {
        let connect_timeout = Duration::from_millis(delivery.connect_timeout_ms.into());
        let pool = PoolConfig::new()
            .max_size(delivery.sends_at_once.into())
            .idle_timeout(Duration::from_secs(20));
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(SmtpError::Url)?
            .timeout(Some(connect_timeout))
            .pool_config(pool)
            .build();
        let sender = delivery.sender.parse().map_err(SmtpError::Sender)?;
        Ok(Self {
            transport,
            sender,
            send_timeout: delivery.send_timeout(),
        })
    }

    /// The address that mails come from.
    #[must_use]
    pub fn sender(&self) -> &Address {
        &self.sender
    }

    /// Hands a mail over. After a timeout nobody knows whether the server has it.
    pub(super) async fn deliver(&self, mail: Message) -> Result<(), Trouble> {
        match tokio::time::timeout(self.send_timeout, self.transport.send(mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if is_about_the_mail(&error) => Err(Trouble::Never(told(&error))),
            Ok(Err(error)) => Err(Trouble::Later(told(&error))),
            Err(_) => Err(Trouble::Later(
                "the mail server did not answer in time".to_owned(),
            )),
        }
    }
}

/// A refusal for good; not one of us: a server that wants another password or other commands takes the mail once that
/// is mended.
fn is_about_the_mail(error: &Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && !matches!(code, Some(500..=504 | 530 | 534 | 535 | 538))
}

/// With what the server said, which helps whoever has to mend it.
fn told(error: &Error) -> String {
    let said = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    match error.status() {
        Some(code) => format!("the mail server said {code} {said}"),
        None => format!("mail server: {error} {said}"),
    }
}
