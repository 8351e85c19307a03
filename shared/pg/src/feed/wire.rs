use jiff::Timestamp;
use prost_types::Timestamp as WireTimestamp;
use proto::feed::v1;

use crate::feed::{Event, Position};

pub(crate) fn from_event(event: &Event) -> v1::Event {
    v1::Event {
        practice_id: event.practice.to_string(),
        sequence: event.sequence,
        event_id: event.event_id.to_string(),
        event_type: event.event_type.clone(),
        payload: event.payload.clone(),
        occur_time: Some(from_time(event.occur_time)),
    }
}

/// None when an id or the time cannot be read.
pub(crate) fn to_event(event: v1::Event) -> Option<Event> {
    Some(Event {
        practice: event.practice_id.parse().ok()?,
        sequence: event.sequence,
        event_id: event.event_id.parse().ok()?,
        event_type: event.event_type,
        payload: event.payload,
        occur_time: to_time(event.occur_time?)?,
    })
}

pub(crate) fn from_position(position: &Position) -> v1::Position {
    v1::Position {
        practice_id: position.practice.to_string(),
        sequence: position.sequence,
    }
}

/// None when the id cannot be read.
pub(crate) fn to_position(position: &v1::Position) -> Option<Position> {
    Some(Position {
        practice: position.practice_id.parse().ok()?,
        sequence: position.sequence,
    })
}

/// On the wire the nanoseconds always count forward, also before 1970.
fn from_time(time: Timestamp) -> WireTimestamp {
    let nanoseconds = time.as_nanosecond();
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let nanos = nanoseconds.rem_euclid(1_000_000_000);
    WireTimestamp {
        seconds: i64::try_from(seconds).unwrap_or(0),
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}

fn to_time(time: WireTimestamp) -> Option<Timestamp> {
    Timestamp::new(time.seconds, time.nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_to_the_microsecond_also_before_1970() {
        for text in [
            "2026-03-31T12:00:00.123456Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00Z",
        ] {
            let time: Timestamp = text.parse().expect("a time");
            assert!(from_time(time).nanos >= 0);
            assert_eq!(to_time(from_time(time)), Some(time));
        }
        assert_eq!(
            to_time(WireTimestamp {
                seconds: i64::MAX,
                nanos: 0
            }),
            None
        );
    }
}
