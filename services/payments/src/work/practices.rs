use super::failed;
use crate::domain::comparison;
use crate::store;
use crate::store::practices::Practice;
use jiff::tz::TimeZone;
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
            time_zone: registered.time_zone,
            currency: registered
                .currency_code
                .parse()
                .map_err(HandlerError::poison)?,
            online_payments: true,
        };
        store::practices::upsert(tx, &practice)
            .await
            .map_err(failed)?;
        // The day on which it came is the first that is compared.
        let zone = TimeZone::get(&practice.time_zone).map_err(HandlerError::poison)?;
        let today = event.occur_time.to_zoned(zone.clone()).date();
        let due = comparison::due_time(today, &zone).map_err(HandlerError::poison)?;
        store::comparisons::enqueue(tx, (event.practice, today), due)
            .await
            .map_err(failed)
    }

    fn matters(&self, event: &Event) -> bool {
        event.event_type == REGISTERED
    }
}
