//! Events that a newer version wrote. Whether one matters here only that version can say: passed over, it would be lost for
//! good.

use ids::PracticeId;
use sqlx::AssertSqlSafe;

use super::effect::EffectError;
use super::parked::unpark;
use super::{Follow, Handler, Shared};
use crate::feed::{Bucket, Event};
use crate::{Lease, begin};

/// Begins the text of what is parked for its type alone.
const UNKNOWN: &str = "no contract of this version has";

/// Why such an event is parked.
pub(super) fn why(event: &Event) -> String {
    let event_type = &event.event_type;
    format!("{UNKNOWN} {event_type}: deploy the version that wrote it, or skip it")
}

/// The events up to the first whose type is in no contract of this version, and the others.
pub(super) fn divide<'a>(follow: &Follow, events: &'a [Event]) -> (&'a [Event], &'a [Event]) {
    let newer = |event: &Event| !(follow.knows)(&event.event_type);
    let at = events.iter().position(newer).unwrap_or(events.len());
    events.split_at(at)
}

/// Frees what an older version parked for its type alone, and this one knows: its practices go on from before it.
pub(super) async fn free<S, H: Handler>(
    shared: &Shared<S, H>,
    lease: &Lease,
    bucket: Bucket,
) -> Result<(), EffectError> {
    let follow = &shared.follow;
    let waiting: Vec<(PracticeId, String)> = sqlx::query_as(AssertSqlSafe(format!(
        "select practice_id, event_type from {}.parked_events where source = $1 and starts_with(error, $2)",
        follow.schema
    )))
    .bind(follow.source)
    .bind(UNKNOWN)
    .fetch_all(&shared.pool)
    .await?;
    for (practice, event_type) in waiting {
        if !bucket.holds(practice) || !(follow.knows)(&event_type) {
            continue;
        }
        let mut tx = begin(&shared.pool, practice).await?;
        shared.leases.hold(&mut tx, lease).await?;
        unpark(&mut tx, follow.schema, follow.source, practice).await?;
        tx.commit().await?;
        tracing::info!(%practice, event_type, "an event that was newer than its follower is known now");
    }
    Ok(())
}
