//! What happened, for who watches the service.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Something that happened. As a JSON line: `event`, `time` (RFC 3339, UTC), `payload`.
///
/// A payload names accounts by [`crate::Pseudonym`] only and holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    #[serde(rename = "event")]
    name: &'static str,
    time: String,
    payload: Map<String, Value>,
}

impl Event {
    /// An event without a payload.
    #[must_use]
    pub fn new(name: &'static str, time: Timestamp) -> Self {
        Self {
            name,
            time: rfc3339(time),
            payload: Map::new(),
        }
    }

    /// Adds a member to the payload.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.payload.insert(member.to_owned(), value.into());
        self
    }

    /// The event's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The payload's members.
    #[must_use]
    pub fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// The JSON line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::json!({ "event": self.name, "time": self.time, "payload": self.payload })
            .to_string()
    }
}

/// A moment as RFC 3339 writes it, in UTC.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    // The last second of the year 9999, the last that RFC 3339 can write.
    const LAST: i64 = 253_402_300_799;
    let seconds = i64::try_from(time.as_secs()).unwrap_or(LAST).min(LAST);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// Takes events.
pub trait EventSink: Send + Sync {
    /// Takes one event. Never blocks and never fails: a sink that cannot keep up counts what it
    /// lost.
    fn emit(&self, event: Event);
}

/// Throws events away.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _event: Event) {}
}

/// Gives every event to several sinks.
pub struct FanOut(Vec<Arc<dyn EventSink>>);

impl FanOut {
    /// To these sinks, in this order.
    #[must_use]
    pub fn new(sinks: Vec<Arc<dyn EventSink>>) -> Self {
        Self(sinks)
    }
}

impl EventSink for FanOut {
    fn emit(&self, event: Event) {
        if let Some((last, others)) = self.0.split_last() {
            for sink in others {
                sink.emit(event.clone());
            }
            last.emit(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn an_event_is_one_line_of_json_with_name_time_and_payload() {
        for (seconds, time) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            let event = Event::new("thing.happened", Timestamp::from_secs(seconds))
                .with("account_id", "line\nbreak")
                .with("count", 3);
            let line = event.to_line();
            assert!(!line.contains('\n'));
            assert_eq!(
                serde_json::from_str::<Value>(&line).unwrap(),
                serde_json::json!({
                    "event": "thing.happened",
                    "time": time,
                    "payload": { "account_id": "line\nbreak", "count": 3 },
                })
            );
        }
    }

    #[derive(Default)]
    struct Names(Mutex<Vec<&'static str>>);

    impl EventSink for Names {
        fn emit(&self, event: Event) {
            self.0.lock().unwrap().push(event.name());
        }
    }

    #[test]
    fn a_fan_out_gives_every_event_to_every_sink() {
        let (one, two) = (Arc::new(Names::default()), Arc::new(Names::default()));
        let fan = FanOut::new(vec![one.clone(), two.clone()]);
        fan.emit(Event::new("a", Timestamp::from_secs(0)));
        fan.emit(Event::new("b", Timestamp::from_secs(0)));
        assert_eq!(*one.0.lock().unwrap(), ["a", "b"]);
        assert_eq!(*two.0.lock().unwrap(), ["a", "b"]);
    }
}
