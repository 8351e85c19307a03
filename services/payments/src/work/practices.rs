use super::failed;
use crate::store;
use crate::store::practices::Practice;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::portal_auth::v1::PracticeRegistered;

/// portal-auth's events: practices that were registered become known here.
pub struct Practices;

impl Handler for Practices {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        if event.event_type != "evenkeel.portal_auth.v1.PracticeRegistered" {
            return Ok(());
        }
        let registered = event.decode::<PracticeRegistered>()?.practice;
        let registered =
            registered.ok_or_else(|| HandlerError::poison("the event has no practice"))?;
        let practice = Practice {
            practice: event.practice,
            time_zone: registered.time_zone,
            currency: registered
                .currency_code
                .parse()
                .map_err(HandlerError::poison)?,
        };
        store::practices::upsert(tx, &practice)
            .await
            .map_err(failed)
    }
}
