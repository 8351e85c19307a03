use bytes::Bytes;
use ids::{EventId, PracticeId};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// One thing that happened in one practice.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where it happened.
    pub practice: PracticeId,
    /// Its number in the practice's stream: 1, 2, 3, … without gaps.
    pub sequence: i64,
    /// Stable across replays.
    pub event_id: EventId,
    /// Full name of the payload's message: `evenkeel.billing.v1.BillIssued`.
    pub event_type: String,
    /// The message, encoded.
    pub payload: Bytes,
    /// When it happened.
    pub occur_time: Timestamp,
}

impl Event {
    /// The payload as the message that `event_type` names. Errors: it is not one.
    pub fn decode<M: prost::Message + Default>(&self) -> Result<M, prost::DecodeError> {
        M::decode(self.payload.clone())
    }

    /// From a row of practice_id, seq, event_id, event_type, payload, occur_time.
    pub(crate) fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            practice: row.try_get("practice_id")?,
            sequence: row.try_get("seq")?,
            event_id: row.try_get("event_id")?,
            event_type: row.try_get("event_type")?,
            payload: row.try_get::<Vec<u8>, _>("payload")?.into(),
            occur_time: row.try_get::<jiff_sqlx::Timestamp, _>("occur_time")?.into(),
        })
    }
}

/// How far a consumer has come in one practice's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The practice.
    pub practice: PracticeId,
    /// The last number that was applied; 0 for none.
    pub sequence: i64,
}
