//! Sends what waits. Claim and commit; ask, write and hand over without a transaction; record the outcome. A worker that
//! dies in between leaves its claim to the next one, when the lease ends: only a death between the mail server's yes and
//! the record of it sends a mail twice.

use super::gather::Gather;
use super::people::People;
use super::trouble::Trouble;
use super::worker;
use crate::domain::message::{NewMessage, Outcome};
use crate::domain::practice::Practice;
use crate::letter::Mail;
use crate::ops::claim_messages::claim_messages;
use crate::ops::record_outcome::{Addressed, record_outcome};
use crate::store::queue::Claim;
use crate::{DeliveryConfig, Error, Notifications, Result, store};
use ids::{MessageId, PracticeId};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use telemetry::prometheus_client::metrics::counter::Counter;
use telemetry::prometheus_client::metrics::family::Family;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long mails that are being sent may take when the service stops.
const DRAIN: Duration = Duration::from_secs(15);
/// How often an outcome is written that the database does not take, a second apart: less than the lease has left.
const RECORD_ATTEMPTS: u32 = 40;

static MAILS: LazyLock<Family<[(&'static str, &'static str); 1], Counter>> = LazyLock::new(|| {
    telemetry::register(
        "mails",
        "Attempts to send a mail, by outcome",
        Family::default(),
    )
});

/// Sends mails until `stop`, several at once; then lets those under way end.
///
/// They are claimed several at a time too: once half of those under way have ended, and a moment after the last ones when
/// fewer wait than could be sent.
pub async fn deliver_messages(notifications: Notifications, stop: CancellationToken) {
    let poll = Duration::from_millis(notifications.delivery.poll_ms.into());
    let at_once = usize::from(notifications.delivery.sends_at_once);
    let mut sending = JoinSet::new();
    while !stop.is_cancelled() {
        let free = at_once.saturating_sub(sending.len());
        let claims = match claim_messages(&notifications, &worker(), free).await {
            Ok(claims) => claims,
            Err(error) => {
                tracing::warn!(%error, "no mails could be claimed");
                Vec::new()
            }
        };
        let more = claims.len() == free;
        for (practice, claims) in by_practice(claims) {
            match read(&notifications, practice, &claims).await {
                Ok(queued) => {
                    for queued in queued {
                        sending.spawn(deliver(notifications.clone(), queued));
                    }
                }
                Err(error) => tracing::warn!(%error, %practice, "mails could not be read"),
            }
        }
        let pause = async {
            // Some mail servers are slow: nobody waits for them longer than for new mails.
            let _ = timeout(poll, fewer(&mut sending, at_once / 2)).await;
            fewer(&mut sending, at_once - 1).await;
            if !more {
                sleep(poll).await;
            }
        };
        let _ = stop.run_until_cancelled(pause).await;
        while let Some(ended) = sending.try_join_next() {
            told(ended);
        }
    }
    let drained = timeout(DRAIN, async {
        while let Some(ended) = sending.join_next().await {
            told(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!("mails that were being sent are left to the next worker");
    }
}

/// Waits until no more than `most` are under way.
async fn fewer(sending: &mut JoinSet<()>, most: usize) {
    while sending.len() > most {
        if let Some(ended) = sending.join_next().await {
            told(ended);
        }
    }
}

fn by_practice(claims: Vec<Claim>) -> BTreeMap<PracticeId, Vec<Claim>> {
    let mut by_practice = BTreeMap::<_, Vec<Claim>>::new();
    for claim in claims {
        by_practice.entry(claim.practice).or_default().push(claim);
    }
    by_practice
}

fn told(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a delivery died");
    }
}

/// A mail that was claimed; without a practice while portal-auth's event about it has not come.
struct Queued {
    claim: Claim,
    message: NewMessage,
    practice: Option<Practice>,
    people: Arc<People>,
}

/// Sends one mail that was claimed, and writes down what came of it.
async fn deliver(notifications: Notifications, queued: Queued) {
    let Queued {
        claim,
        message,
        practice,
        people,
    } = queued;
    let mut addressed = Addressed::default();
    let sent = match practice {
        Some(practice) => {
            send(
                &notifications,
                (&claim, &people),
                (&message, &practice),
                &mut addressed,
            )
            .await
        }
        None => Err(Trouble::Later("the practice is being set up".to_owned())),
    };
    let outcome = outcome(&notifications, &claim, &message, sent);
    let name = match &outcome {
        Outcome::Sent => "sent",
        Outcome::Postponed { .. } => "postponed",
        Outcome::Failed { .. } => "failed",
        Outcome::Skipped { .. } => "skipped",
    };
    MAILS.get_or_create(&[("outcome", name)]).inc();
    tracing::info!(message = %claim.message, kind = message.particulars.kind().name(), outcome = name, "mail");
    record(&notifications, &claim, &addressed, &outcome).await;
}

/// What is to be sent of a practice's mails.
async fn read(
    notifications: &Notifications,
    practice: PracticeId,
    claims: &[Claim],
) -> Result<Vec<Queued>> {
    let messages: Vec<MessageId> = claims.iter().map(|claim| claim.message).collect();
    let mut tx = pg::begin_planned(&notifications.db, practice).await?;
    let sender = store::practices::find(&mut tx, practice).await?;
    let mut found = store::messages::list_queued(&mut tx, practice, &messages).await?;
    tx.commit().await?;
    let readable = found.values().filter_map(|message| message.as_ref().ok());
    let people = Arc::new(People::of(readable));
    let mut queued = Vec::with_capacity(claims.len());
    for claim in claims {
        match found.remove(&claim.message) {
            Some(Ok(message)) => queued.push(Queued {
                claim: *claim,
                message,
                practice: sender.clone(),
                people: Arc::clone(&people),
            }),
            None => {
                tracing::error!(message = %claim.message, "a mail is in the queue that is not queued");
            }
            // Another version may have written it; the others are sent all the same.
            Some(Err(error)) => {
                tracing::error!(%error, message = %claim.message, "a mail cannot be read")
            }
        }
    }
    Ok(queued)
}

async fn send(
    notifications: &Notifications,
    (claim, people): (&Claim, &People),
    (message, practice): (&NewMessage, &Practice),
    addressed: &mut Addressed,
) -> Result<(), Trouble> {
    let gather = Gather::new(notifications, claim.practice, people);
    let gathered = timeout(DeliveryConfig::GATHER, async {
        let recipient = gather.recipient(message, practice).await?;
        addressed.recipient = recipient.to_string();
        Ok::<_, Trouble>((recipient, gather.letter(message).await?))
    });
    let (recipient, (letter, document)) = gathered
        .await
        .map_err(|_| Trouble::Later("billing did not answer in time".to_owned()))??;
    // A template that fails is mended by the next version.
    let written = notifications
        .templates
        .write(&letter, practice)
        .map_err(|error| Trouble::Later(error.to_string()))?;
    addressed.subject.clone_from(&written.subject);
    let smtp = &notifications.smtp;
    let mail = Mail {
        message: claim.message,
        date: notifications.clock.now(),
        sender: smtp.sender(),
        practice,
        recipient: &recipient,
        written,
        document,
    };
    let mail = mail
        .compose()
        .map_err(|error| Trouble::Never(error.to_string()))?;
    smtp.deliver(mail).await
}

fn outcome(
    notifications: &Notifications,
    claim: &Claim,
    message: &NewMessage,
    sent: Result<(), Trouble>,
) -> Outcome {
    let error = match sent {
        Ok(()) => return Outcome::Sent,
        Err(Trouble::Never(error)) => {
            return Outcome::Failed {
                error: short(error),
            };
        }
        Err(Trouble::Needless(reason)) => {
            return Outcome::Skipped {
                reason: short(reason),
            };
        }
        Err(Trouble::Later(error)) => short(error),
    };
    let attempts = i32::try_from(claim.fence).unwrap_or(i32::MAX);
    let now = notifications.clock.now();
    let backoff = notifications.delivery.backoff();
    match backoff.next_attempt(message.create_time, now, attempts) {
        Some(next_attempt_time) => Outcome::Postponed {
            next_attempt_time,
            error,
        },
        None => Outcome::Failed { error },
    }
}

/// Staff read it in a list.
fn short(error: String) -> String {
    error
        .chars()
        .take(300)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A mail that was sent must not be sent again because the database is away for a moment.
async fn record(
    notifications: &Notifications,
    claim: &Claim,
    addressed: &Addressed,
    outcome: &Outcome,
) {
    for _ in 0..RECORD_ATTEMPTS {
        match record_outcome(notifications, &worker(), claim, addressed, outcome).await {
            Ok(()) => return,
            Err(Error::ClaimLost) => {
                tracing::warn!(message = %claim.message, "a mail was claimed by another worker meanwhile");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, message = %claim.message, "a mail's outcome was not written");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
    tracing::error!(message = %claim.message, "a mail's outcome was not written; it will be tried again");
}
