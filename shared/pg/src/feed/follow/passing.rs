//! Events that do nothing here. No transaction is made for each: the cursors of all practices of a bucket move at once a
//! moment later, or one with its practice's next effect. A consumer that dies before that has them read again.

use std::collections::BTreeMap;
use std::time::Duration;

use ids::PracticeId;
use sqlx::AssertSqlSafe;
use tokio::time::Instant;

use super::effect::EffectError;
use super::{Handler, Shared};
use crate::Lease;
use crate::feed::Event;
use crate::transaction::begin_any_repeatable;

/// How long cursors wait at most: nobody takes a follower for one that is behind.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// How many events would be read again at most.
const MOST: i64 = 500;

/// The practices whose cursors are to move.
#[derive(Debug, Default)]
pub(super) struct Passing {
    by_practice: BTreeMap<PracticeId, Passed>,
    count: i64,
    since: Option<Instant>,
}

/// From where its cursor stands to the last event that was passed over.
#[derive(Clone, Copy, Debug)]
struct Passed {
    from: i64,
    to: i64,
}

impl Passing {
    /// Where the practice's cursor stands, when events were passed over since.
    pub(super) fn stored(&self, practice: PracticeId) -> Option<i64> {
        self.by_practice.get(&practice).map(|passed| passed.from)
    }

    /// Passes over consecutive events of one practice.
    pub(super) fn pass(&mut self, events: &[Event]) {
        for event in events {
            let passed = self.by_practice.entry(event.practice).or_insert(Passed {
                from: event.sequence - 1,
                to: event.sequence,
            });
            passed.to = event.sequence;
            self.count += 1;
        }
        self.since.get_or_insert_with(Instant::now);
    }

    /// The practice's cursor has moved with an effect.
    pub(super) fn forget(&mut self, practice: PracticeId) {
        if let Some(passed) = self.by_practice.remove(&practice) {
            self.count -= passed.to - passed.from;
        }
        if self.by_practice.is_empty() {
            self.since = None;
        }
    }

    /// Waits until the cursors are to move; for ever when there are none.
    pub(super) async fn due(&self) {
        match self.since {
            Some(_) if self.count >= MOST => {}
            Some(since) => tokio::time::sleep_until(since + LONGEST_WAIT).await,
            None => std::future::pending().await,
        }
    }

    /// Moves the cursors, all or none.
    pub(super) async fn settle<S, H: Handler>(
        &mut self,
        shared: &Shared<S, H>,
        lease: &Lease,
    ) -> Result<(), EffectError> {
        if self.by_practice.is_empty() {
            return Ok(());
        }
        let practices: Vec<PracticeId> = self.by_practice.keys().copied().collect();
        let from: Vec<i64> = self.by_practice.values().map(|it| it.from).collect();
        let to: Vec<i64> = self.by_practice.values().map(|it| it.to).collect();
        let mut tx = begin_any_repeatable(&shared.pool).await?;
        shared.leases.hold(&mut tx, lease).await?;
        let moved = sqlx::query(AssertSqlSafe(format!(
            "insert into {schema}.cursors as cursor (source, practice_id, applied)
            select $1, passed.practice_id, passed.upto
            from unnest($2::uuid[], $3::bigint[], $4::bigint[]) as passed (practice_id, since, upto)
            where passed.since = 0 or exists (
                select from {schema}.cursors as known
                where known.source = $1 and known.practice_id = passed.practice_id
            )
            on conflict (source, practice_id) do update set applied = excluded.applied
            where cursor.applied = ($3::bigint[])[array_position($2::uuid[], cursor.practice_id)]",
            schema = shared.follow.schema
        )))
        .bind(shared.follow.source)
        .bind(&practices)
        .bind(from)
        .bind(to)
        .execute(&mut *tx)
        .await?;
        if moved.rows_affected() != practices.len() as u64 {
            // Or the database has lost it, with the effects before it.
            return Err(EffectError::Overtaken("a cursor has moved".to_owned()));
        }
        // It keeps to the clock, and changes nothing that anybody reads.
        tx.commit_uncounted().await?;
        shared.metrics.applied.inc_by(self.count.unsigned_abs());
        *self = Self::default();
        Ok(())
    }
}
