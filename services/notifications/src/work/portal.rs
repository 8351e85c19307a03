use super::{failed, worker};
use crate::domain::news;
use crate::{ops, wire};
use clock::Clock;
use ids::MessageId;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};

/// portal-auth's events: the letterheads of practices become known here, and the new Access Code of a bill is sent.
#[derive(Clone, Debug)]
pub struct Portal(pub Clock);

const REGISTERED: &str = "evenkeel.portal_auth.v1.PracticeRegistered";
const BURNED: &str = "evenkeel.portal_auth.v1.AccessCodeBurned";
const REISSUED: &str = "evenkeel.portal_auth.v1.AccessCodeReissued";

impl Handler for Portal {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let new_code = match event.event_type.as_str() {
            REGISTERED => {
                let registered = event.decode()?;
                let practice = wire::event::practice(registered).map_err(HandlerError::poison)?;
                let when = event.occur_time;
                return ops::register_practice::register_practice(
                    tx,
                    &worker(),
                    event.practice,
                    &practice,
                    when,
                )
                .await
                .map_err(failed);
            }
            BURNED => wire::event::access_code_burned(event.event_id, &event.decode()?),
            REISSUED => wire::event::access_code_reissued(event.event_id, &event.decode()?),
            // Other events of portal-auth ask for nothing here.
            _ => return Ok(()),
        };
        let new_code = new_code.map_err(HandlerError::poison)?;
        let now = self.0.now();
        if !news::is_recent(event.occur_time, now) {
            return Ok(());
        }
        let message = (MessageId::new(&self.0), now);
        ops::queue_access_code::queue_access_code(tx, &worker(), event.practice, new_code, message)
            .await
            .map_err(failed)
    }

    fn matters(&self, event: &Event) -> bool {
        [REGISTERED, BURNED, REISSUED].contains(&event.event_type.as_str())
    }
}
