use super::{failed, worker};
use crate::{ops, wire};
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};

/// portal-auth's events: the letterheads of practices become known here.
#[derive(Clone, Copy, Debug)]
pub struct Practices;

impl Handler for Practices {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        if event.event_type != "evenkeel.portal_auth.v1.PracticeRegistered" {
            return Ok(());
        }
        let practice = wire::event::practice(event.decode()?).map_err(HandlerError::poison)?;
        let (caller, occur_time) = (worker(), event.occur_time);
        ops::register_practice::register_practice(
            tx,
            &caller,
            event.practice,
            &practice,
            occur_time,
        )
        .await
        .map_err(failed)
    }
}
