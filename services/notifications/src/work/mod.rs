//! Loops: following portal-auth, billing and payments, and sending what waits.

mod adjusted;
mod attach;
mod bills;
mod deliver;
mod gather;
mod gather_superbill;
mod notices;
mod payments;
mod people;
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
use crate::wire::event;
use crate::{Error, ops};
use ::rpc::Caller;
use clock::Clock;
use ids::{ClientId, MessageId, PracticeId};
use pg::Tx;
use pg::feed::{Event, HandlerError};

/// Who the loops are to the ops.
fn worker() -> Caller {
    Caller::worker("notifications")
}

/// Whose mail, if a client's, and what it is about.
type Draft = (Option<ClientId>, Particulars);

/// The mails that events of a practice ask for, to be queued together.
struct Mails<'a> {
    clock: &'a Clock,
    practice: PracticeId,
    mails: Vec<NewMessage>,
}

impl<'a> Mails<'a> {
    fn of(clock: &'a Clock, practice: PracticeId) -> Self {
        Self {
            clock,
            practice,
            mails: Vec::new(),
        }
    }

    /// Those that an event asks for, unless it happened too long ago.
    fn add(&mut self, event: &Event, drafts: Vec<Draft>) {
        let now = self.clock.now();
        if !news::is_recent(event.occur_time, now) {
            return;
        }
        let mails = drafts.into_iter().map(|(client, particulars)| NewMessage {
            message_id: MessageId::new(self.clock),
            client,
            particulars,
            create_time: now,
        });
        self.mails.extend(mails);
    }

    /// Queues what there is by now.
    async fn queue(&mut self, tx: &mut Tx) -> Result<(), HandlerError> {
        let mails = std::mem::take(&mut self.mails);
        let now = self.clock.now();
        ops::queue_messages::queue_messages(tx, &worker(), self.practice, now, &mails)
            .await
            .map_err(failed)
    }
}

/// A mail to or about a client.
fn to_client((client, particulars): event::Draft) -> Vec<Draft> {
    vec![(Some(client), particulars)]
}

/// A mail to the practice about no client, if any.
fn to_practice(particulars: Option<Particulars>) -> Vec<Draft> {
    let mail = particulars.map(|particulars| (None, particulars));
    mail.into_iter().collect()
}

/// What may go well the next time is tried again; the rest is the event's own fault.
fn failed(error: Error) -> HandlerError {
    match error {
        Error::Database(error) => HandlerError::from(error),
        other => HandlerError::poison(other),
    }
}
