//! Stripe, as the payments service needs it: a few calls in our own types, and errors that say
//! whether money may have moved. The only crate that knows async-stripe.
//!
//! - Every call that writes takes the idempotency key under which the caller has written its intent
//!   down.
//! - Nothing is retried here: what to do after an error is the caller's decision, and
//!   [`ProcessorError`] is made for it. `Unknown` is never a failure; read the object before
//!   anything else.
//! - No health data can leave: the calls take typed ids and amounts, and the texts that Stripe
//!   shows are constants.

mod accounts;
mod currency;
mod customers;
mod disputes;
mod envelope;
mod error;
mod instrument;
mod intents;
mod methods;
mod object_id;
mod payouts;
mod refunds;
mod setups;
mod signature;
mod transactions;
mod transport;

use std::time::Duration;

pub use accounts::{Account, AccountLink};
pub use customers::NewCustomer;
pub use disputes::{Dispute, DisputeMovement, DisputeStatus};
pub use envelope::{Envelope, EnvelopeError};
pub use error::{ConfigError, Decline, ProcessorError};
pub use instrument::{BankAccount, Card, Instrument};
pub use intents::{Acceptance, Confirmation, IntentStatus, NewIntent, PaymentIntent};
pub use methods::PaymentMethod;
pub use payouts::{PaidOut, PaidOutSource, Payout, PayoutContent, PayoutStatus};
pub use refunds::{NewRefund, Refund, RefundReason, RefundStatus};
use secrecy::SecretString;
pub use setups::{NewSetup, SetupIntent, SetupStatus};
pub use signature::{SignatureError, TOLERANCE, verify_signature};
pub use transactions::{BalanceTransaction, TransactionSource};
use transport::Transport;

/// Stripe for one account, over one pooled HTTP client. Clones, and other accounts made with
/// [`Processor::for_account`], share that client.
#[derive(Clone, Debug)]
pub struct Processor {
    transport: Transport,
}

impl Processor {
    /// Speaks to `base_url` (Stripe's own when `None`) with `secret_key`; with an `account` for
    /// that connected account.
    ///
    /// # Errors
    /// A malformed URL, key or account, and a live key over plain HTTP.
    pub fn new(
        base_url: Option<&str>,
        secret_key: &SecretString,
        account: Option<&str>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            transport: Transport::new(base_url, secret_key, account)?,
        })
    }

    /// The same processor acting for the connected account `account`.
    ///
    /// # Errors
    /// A malformed account id.
    pub fn for_account(&self, account: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            transport: self.transport.for_account(account)?,
        })
    }

    /// Gives up on a call after `timeout` instead of 20 s; its outcome is then unknown.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self {
            transport: self.transport.with_timeout(timeout),
        }
    }
}
