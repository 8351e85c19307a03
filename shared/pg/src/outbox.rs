//! Numbered events. A reader that asks for "position > last" of a sequence or an identity column skips the event of a
//! slow writer, because such numbers are given before the commit (14 % lost with 16 writers). Here the number
//! comes from one row per practice whose lock is held until the commit: the order of numbers is the order of commits.

use ids::{EventId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use prost_reflect::ReflectMessage;
use sqlx::AssertSqlSafe;

use crate::Tx;
use crate::plumbing::checked;
use crate::wake::Wake;

/// One thing that happened, ready to be numbered.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// Stable identity of the event.
    pub event_id: EventId,
    /// Full name of the payload's message: `evenkeel.billing.v1.BillIssued`.
    pub event_type: String,
    /// The message, encoded.
    pub payload: Vec<u8>,
}

impl Announcement {
    /// The announcement of a message of the suite's contracts, under its full name.
    pub fn of(event_id: EventId, message: &impl ReflectMessage) -> Self {
        let event_type = message.descriptor().full_name().to_owned();
        Self {
            event_id,
            event_type,
            payload: message.encode_to_vec(),
        }
    }
}

/// The events of one service.
#[derive(Clone, Copy, Debug)]
pub struct Outbox {
    schema: &'static str,
}

impl Outbox {
    /// The outbox of a schema.
    pub const fn new(schema: &'static str) -> Self {
        Self {
            schema: checked(schema),
        }
    }

    /// Numbers and writes the events, and answers the last one's number; none at all answers 0 and does nothing.
    ///
    /// Must be the last statement before the commit: from here on every other writer of the practice waits. The
    /// transaction has to see the practice.
    pub async fn append(
        self,
        tx: &mut Tx,
        practice: PracticeId,
        now: Timestamp,
        announcements: &[Announcement],
    ) -> Result<i64, sqlx::Error> {
        if announcements.is_empty() {
            return Ok(0);
        }
        tx.wait_for_disk().await?;
        let (mut ids, mut types, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
        for announcement in announcements {
            ids.push(announcement.event_id.uuid());
            types.push(announcement.event_type.as_str());
            payloads.push(announcement.payload.as_slice());
        }
        let head: i64 = sqlx::query_scalar(AssertSqlSafe(self.append_sql()))
            .bind(practice.uuid())
            .bind(announcements.len() as i64)
            .bind(ids)
            .bind(types)
            .bind(payloads)
            .bind(now.to_sqlx())
            .fetch_one(&mut **tx)
            .await?;
        tx.wake_after_commit(Wake {
            schema: self.schema,
            practice: practice.uuid(),
            head,
        });
        Ok(head)
    }

    /// Appends for several practices, in the order of their ids, so that two such transactions cannot lock each other
    /// out. Leaves the transaction seeing the last practice.
    pub async fn append_many(
        self,
        tx: &mut Tx,
        now: Timestamp,
        mut announcements: Vec<(PracticeId, Vec<Announcement>)>,
    ) -> Result<(), sqlx::Error> {
        announcements.sort_by_key(|(practice, _)| *practice);
        for (practice, announcements) in announcements {
            tx.turn_to(practice).await?;
            self.append(tx, practice, now, &announcements).await?;
        }
        Ok(())
    }

    fn append_sql(self) -> String {
        let schema = self.schema;
        format!(
            "with stream as (
                insert into {schema}.streams as stream (practice_id, head)
                values ($1, $2)
                on conflict (practice_id) do update set head = stream.head + excluded.head
                returning head
            ), written as (
                insert into {schema}.outbox (practice_id, seq, event_id, event_type, payload, occur_time)
                select $1, stream.head - $2 + event.ordinality, event.id, event.type, event.payload, $6
                from stream
                cross join unnest($3::uuid[], $4::text[], $5::bytea[])
                    with ordinality as event (id, type, payload, ordinality)
            )
            select head from stream"
        )
    }
}
