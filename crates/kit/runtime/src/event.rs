//! The events of a service, for its observers.

use std::{num::NonZeroU64, sync::Arc};

use anteroom_protocol::Timestamp;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An event. As a JSON line: `event`, `time` (RFC 3339, UTC), `payload`.
///
/// A payload names accounts only by [`crate::Pseudonym`], and holds no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    name: &'static str,
    time: Timestamp,
    payload: Map<String, Value>,
    /// The members of the payload that are times, in seconds.
    times: Vec<&'static str>,
    /// Whether the event concerns the service itself and none of its users.
    is_of_service: bool,
}

impl Event {
    /// Creates an event without a payload.
    #[must_use]
    pub fn new(name: &'static str, time: Timestamp) -> Self {
        Self {
            name,
            time,
            payload: Map::new(),
            times: Vec::new(),
            is_of_service: false,
        }
    }

    /// Creates an event that concerns the service itself and none of its users. Its time stays
    /// exact.
    #[must_use]
    pub fn of_service(name: &'static str, time: Timestamp) -> Self {
        Self {
            is_of_service: true,
            ..Self::new(name, time)
        }
    }

    /// Adds a member to the payload.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.payload.insert(member.to_owned(), value.into());
        self
    }

    /// Adds a time to the payload, in seconds.
    #[must_use]
    pub fn with_time(mut self, member: &'static str, time: Timestamp) -> Self {
        self.times.push(member);
        self.with(member, time.as_secs())
    }

    /// Returns the event with all its times rounded down to multiples of `step` seconds. An event
    /// about the service itself is unchanged.
    #[must_use]
    pub fn in_time_steps(mut self, step: NonZeroU64) -> Self {
        if self.is_of_service {
            return self;
        }
        let round = |seconds: u64| seconds - seconds % step;
        self.time = Timestamp::from_secs(round(self.time.as_secs()));
        for member in &self.times {
            if let Some(value) = self.payload.get_mut(*member)
                && let Some(seconds) = value.as_u64()
            {
                *value = round(seconds).into();
            }
        }
        self
    }

    /// Returns the event's time.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Returns the event's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the payload's members.
    #[must_use]
    pub fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// Returns the JSON line, without a line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::json!({ "event": self.name, "time": rfc3339(self.time), "payload": self.payload })
            .to_string()
    }
}

/// Formats a time as RFC 3339, in UTC.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    // The last second of the year 9999, which is the last that RFC 3339 can express.
    const LAST: i64 = 253_402_300_799;
    let seconds = i64::try_from(time.as_secs()).unwrap_or(LAST).min(LAST);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A receiver of events.
pub trait EventSink: Send + Sync {
    /// Accepts an event. Never blocks and never fails: a sink that is too slow counts the events
    /// that it drops.
    fn emit(&self, event: Event);
}

/// A sink that drops all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _event: Event) {}
}

/// A sink that rounds the times of events and passes them to several sinks. Stored events are thus
/// less exact than the service's own knowledge.
pub struct TimeStepSink {
    /// The times are rounded down to multiples of this number of seconds.
    pub step: NonZeroU64,
    /// The sinks, in the order in which they get an event.
    pub sinks: Vec<Arc<dyn EventSink>>,
}

impl EventSink for TimeStepSink {
    fn emit(&self, event: Event) {
        let event = event.in_time_steps(self.step);
        for sink in &self.sinks {
            sink.emit(event.clone());
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

    #[test]
    fn all_times_of_an_event_are_rounded_down_to_whole_steps() {
        for (step, time, rounded) in [
            (3600, 7_199, 3_600),
            (3600, 7_200, 7_200),
            (1, 7_199, 7_199),
        ] {
            let at = Timestamp::from_secs;
            let event = Event::new("thing.happened", at(time))
                .with("count", 7_199)
                .with_time("until", at(time))
                .in_time_steps(NonZeroU64::new(step).unwrap());
            assert_eq!(event.time(), at(rounded));
            assert_eq!(event.payload().get("until"), Some(&rounded.into()));
            assert_eq!(event.payload().get("count"), Some(&7_199.into()));
            let line: Value = serde_json::from_str(&event.to_line()).unwrap();
            assert_eq!(line.get("time"), Some(&rfc3339(at(rounded)).into()));
        }
    }

    #[test]
    fn the_time_of_an_event_about_the_service_itself_stays_exact() {
        let time = Timestamp::from_secs(7_199);
        let event = Event::of_service("alert", time);
        let hour = NonZeroU64::new(3600).unwrap();
        assert_eq!(event.in_time_steps(hour).time(), time);
    }

    #[derive(Default)]
    struct Names(Mutex<Vec<&'static str>>);

    impl EventSink for Names {
        fn emit(&self, event: Event) {
            self.0.lock().unwrap().push(event.name());
        }
    }

    #[test]
    fn every_event_goes_to_every_sink() {
        let (one, two) = (Arc::new(Names::default()), Arc::new(Names::default()));
        let both = TimeStepSink {
            step: NonZeroU64::MIN,
            sinks: vec![one.clone(), two.clone()],
        };
        both.emit(Event::new("a", Timestamp::from_secs(0)));
        both.emit(Event::new("b", Timestamp::from_secs(0)));
        assert_eq!(*one.0.lock().unwrap(), ["a", "b"]);
        assert_eq!(*two.0.lock().unwrap(), ["a", "b"]);
    }
}
