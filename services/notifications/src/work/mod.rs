//! Loops: following portal-auth, billing and payments, and sending what waits.

mod adjusted;
mod attach;
mod bills;
mod deliver;
mod gather;
mod gather_superbill;
mod notices;
mod payments;
mod portal;
mod recipient;
mod smtp;
mod trouble;

pub use bills::Bills;
pub use deliver::deliver_messages;
pub use payments::Payments;
pub use portal::Portal;
pub use smtp::{Smtp, SmtpError};

use crate::domain::message::{NewMessage, Particulars};
use crate::domain::news;
use crate::{Error, ops};
use ::rpc::{Caller, Invalid};
use clock::Clock;
use ids::{ClientId, MessageId};
use pg::Tx;
use pg::feed::{Event, HandlerError};

/// Who the loops are to the ops.
fn worker() -> Caller {
    Caller::worker("notifications")
}

/// Queues the mail that an event asks for, unless it happened too long ago.
async fn queue(
    tx: &mut Tx,
    clock: &Clock,
    event: &Event,
    draft: Result<(impl Into<Option<ClientId>>, Particulars), Invalid>,
) -> Result<(), HandlerError> {
    let (client, particulars) = draft.map_err(HandlerError::poison)?;
    let now = clock.now();
    if !news::is_recent(event.occur_time, now) {
        return Ok(());
    }
    let message = NewMessage {
        message_id: MessageId::new(clock),
        client: client.into(),
        particulars,
        create_time: now,
    };
    ops::queue_message::queue_message(tx, &worker(), event.practice, &message)
        .await
        .map_err(failed)
}

/// What may go well the next time is tried again; the rest is the event's own fault.
fn failed(error: Error) -> HandlerError {
    match error {
        Error::Database(error) => HandlerError::from(error),
        other => HandlerError::poison(other),
    }
}
