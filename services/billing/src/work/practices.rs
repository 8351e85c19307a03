use super::failed;
use crate::ops::register_practice::register_practice;
use crate::store::practices::Practice;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::portal_auth::v1::PracticeRegistered;

/// portal-auth's events: practices that were registered become known here.
pub struct Practices;

const REGISTERED: &str = "evenkeel.portal_auth.v1.PracticeRegistered";

impl Handler for Practices {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        if !self.matters(event) {
            return Ok(());
        }
        let registered = event.decode::<PracticeRegistered>()?.practice;
        let registered =
            registered.ok_or_else(|| HandlerError::poison("the event has no practice"))?;
        let practice = Practice {
            practice: event.practice,
            name: registered.name,
            time_zone: registered.time_zone,
            currency: registered
                .currency_code
                .parse()
                .map_err(HandlerError::poison)?,
            address_lines: registered.address_lines,
            phone: registered.phone,
            email: registered.email,
            tax_id: registered.tax_id,
            npi: registered.npi,
        };
        register_practice(tx, &practice, event.occur_time)
            .await
            .map_err(failed)
    }

    fn matters(&self, event: &Event) -> bool {
        event.event_type == REGISTERED
    }
}
