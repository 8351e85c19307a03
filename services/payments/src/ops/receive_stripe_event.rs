//! A webhook is verified, kept and answered; nothing else. Its body is believed only to say that something happened to an
//! object, and is neither kept nor logged.

use crate::store::webhooks::Webhook;
use crate::{Error, Payments, Result, store};
use processor::{Envelope, SignatureError, verify_signature};

/// The suite's endpoint, for events of its own account and of those that are connected with it.
const PLATFORM: &str = "platform";

/// Keeps a webhook. Anyone may who signs it. Errors: SIGNATURE_INVALID, WEBHOOK_MALFORMED.
pub async fn receive_stripe_event(
    payments: &Payments,
    endpoint: &str,
    signature: &str,
    body: &[u8],
) -> Result<()> {
    let now = payments.clock.now();
    let envelope = match open(payments, endpoint, signature, body) {
        Ok(envelope) => envelope,
        Err(error) => {
            tracing::warn!(%error, bytes = body.len(), "a webhook was refused");
            return Err(error);
        }
    };
    let webhook = Webhook {
        account: envelope.account,
        event: envelope.id,
        event_kind: envelope.kind,
        object: envelope.object_id.unwrap_or_default(),
        object_kind: envelope.object_kind,
        tries: 0,
    };
    let mut tx = pg::begin_any(&payments.db).await?;
    let ours = match &webhook.account {
        None => matters(&webhook),
        // Before we know an account there is nothing of ours on it.
        Some(account) => {
            (matters(&webhook) || is_about_account(&webhook))
                && store::connections::find_practice(&mut tx, account)
                    .await?
                    .is_some()
        }
    };
    let matters = ours && !webhook.object.is_empty();
    let done = (!matters).then_some(now);
    store::webhooks::insert(&mut tx, &webhook, now, done).await?;
    tx.commit().await?;
    if matters {
        payments.webhook_came.notify_one();
    }
    Ok(())
}

/// Methods change by themselves in three ways; that one was attached is told by its setup.
fn matters(webhook: &Webhook) -> bool {
    match &*webhook.object_kind {
        "payment_intent" | "refund" | "dispute" | "setup_intent" | "payout" => true,
        "payment_method" => matches!(
            &*webhook.event_kind,
            "payment_method.automatically_updated"
                | "payment_method.updated"
                | "payment_method.detached"
        ),
        _of_no_matter_here => false,
    }
}

/// What an account may do has changed, or its owner has taken our access away.
fn is_about_account(webhook: &Webhook) -> bool {
    matches!(
        &*webhook.event_kind,
        "account.updated" | "account.application.deauthorized"
    )
}

fn open(payments: &Payments, endpoint: &str, signature: &str, body: &[u8]) -> Result<Envelope> {
    if endpoint != PLATFORM {
        // An endpoint that does not exist has no secret.
        return Err(Error::SignatureInvalid(SignatureError::Mismatch));
    }
    let now = payments.clock.now();
    verify_signature(&payments.webhook_secrets, signature, body, now)?;
    Ok(Envelope::parse(body)?)
}
