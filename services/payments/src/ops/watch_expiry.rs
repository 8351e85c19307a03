//! Once in each local day of a practice its cards are looked at: which end within thirty days, which have ended. Each is
//! told once for each end, whatever runs twice or late.

use crate::domain::on_file::{ExpiryNotice, MethodState};
use crate::store::methods::Method;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use pg::{Announcement, Tx};

/// A practice has a card: its days are looked at from now on, this one at once.
pub(super) async fn begin(tx: &mut Tx, payments: &Payments, practice: PracticeId) -> Result<()> {
    let now = payments.clock.now();
    let known = store::practices::get(tx, practice).await?;
    store::expiry::insert(tx, practice, known.local_date(now)?, now).await
}

/// Looks at a practice's cards as of its local day, and puts the next one into the queue.
pub async fn watch_expiry(
    payments: &Payments,
    caller: &Caller,
    practice_id: PracticeId,
) -> Result<()> {
    caller.within(practice_id)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let today = practice.local_date(now)?;
    let horizon = today.saturating_add(31.days());
    let ending = store::expiry::list_ending(&mut tx, practice_id, horizon).await?;
    let mut events = Vec::new();
    for method in ending {
        let look = Look {
            payments,
            practice: practice_id,
            today,
            now,
        };
        events.extend(look.at(&mut tx, method).await?);
    }
    let (next, due) = next_day(&practice, today)?;
    store::expiry::update(&mut tx, practice_id, next, due).await?;
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    Ok(tx.commit().await?)
}

struct Look<'a> {
    payments: &'a Payments,
    practice: PracticeId,
    today: Date,
    now: Timestamp,
}

impl Look<'_> {
    async fn at(&self, tx: &mut Tx, id: MethodId) -> Result<Option<Announcement>> {
        let method = store::methods::lock(tx, self.practice, id).await?;
        let expiry = method
            .expiry
            .filter(|_| method.state != MethodState::Removed);
        let Some((notice, end)) = expiry.and_then(|expiry| {
            let notice = expiry.notice(self.today)?;
            Some((notice, expiry.last_day()?))
        }) else {
            return Ok(None);
        };
        let key = (id, notice, end);
        if !store::expiry::insert_notice(tx, self.practice, key, self.now).await? {
            return Ok(None);
        }
        let clock = &self.payments.clock;
        match notice {
            ExpiryNotice::Expiring => Ok(Some(event::method_expiring(clock, &method))),
            ExpiryNotice::Expired => {
                let expired = Method {
                    state: MethodState::Expired,
                    ..method
                };
                store::methods::update(tx, self.practice, &expired, self.now).await?;
                Ok(Some(event::method_expired(clock, &expired)))
            }
        }
    }
}

/// The next local day, and when it begins there; where clocks go forward over midnight, the first moment after it.
fn next_day(practice: &Practice, today: Date) -> Result<(Date, Timestamp)> {
    let beyond = |_| Error::Stored("a day without a next one");
    let zone = TimeZone::get(&practice.time_zone).map_err(|_| Error::Stored("a time zone"))?;
    let next = today.tomorrow().map_err(beyond)?;
    let begins = next.to_zoned(zone).map_err(beyond)?;
    Ok((next, begins.timestamp()))
}
