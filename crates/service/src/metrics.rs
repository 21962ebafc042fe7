//! Counters and histograms, and the alert that they raise.
//!
//! Labels are fixed words: the method, the matched route (never the path), the status and the code
//! of a problem. Nothing a caller chooses can become one.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use http::{StatusCode, header};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use tokio::sync::Notify;

use crate::{
    Clock, Event, EventQueue, EventSink, Problem,
    error_rate::{Crossing, ErrorRate, PERCENT, WINDOW},
    problems,
};

/// What is measured. Clones share their numbers.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    alert: Gauge,
    rate: Mutex<ErrorRate>,
    events: Arc<dyn EventSink>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
    code: &'static str,
}

/// How many of something there are at the moment. Clones share the number.
#[derive(Clone, Debug, Default)]
pub struct LiveCount {
    number: Gauge,
    /// Told when the last one has gone.
    none: Arc<Notify>,
}

/// One of the things that a [`LiveCount`] counts, as long as this lives.
#[derive(Debug)]
pub struct Live(LiveCount);

impl LiveCount {
    /// Counts one more.
    #[must_use]
    pub fn enter(&self) -> Live {
        self.number.inc();
        Live(self.clone())
    }

    /// How many there are.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number.get()
    }

    /// Completes when there are none.
    pub async fn none(&self) {
        loop {
            // From here on it is told, so that what goes while the number is read is not missed.
            let none = self.none.notified();
            if self.number() == 0 {
                return;
            }
            none.await;
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let Self(count) = self;
        count.number.dec();
        if count.number() == 0 {
            count.none.notify_waiters();
        }
    }
}

/// How often something happened. Clones share the number.
#[derive(Clone, Debug, Default)]
pub struct Count(Counter);

impl Count {
    /// Counts `times` more.
    pub fn add(&self, times: u64) {
        self.0.inc_by(times);
    }

    /// How often it happened so far.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.get()
    }
}

/// One answered request.
pub(crate) struct Answered<'a> {
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) latency: Duration,
}

impl Metrics {
    /// Starts at zero. The alert goes to `events`.
    #[must_use]
    pub fn new(events: Arc<dyn EventSink>, clock: Arc<dyn Clock>) -> Self {
        let requests = Family::default();
        let latency = Family::new_with_constructor(histogram as fn() -> Histogram);
        let alert = Gauge::default();
        let mut registry = Registry::with_prefix("anteroom");
        registry.register(
            "http_requests",
            "Answered requests by route, status and problem code",
            Family::clone(&requests),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to its answer",
            Family::clone(&latency),
        );
        registry.register(
            "error_rate_alert",
            "1 while the share of failed requests is over the threshold",
            Gauge::clone(&alert),
        );
        Self(Arc::new(Inner {
            registry: Mutex::new(registry),
            requests,
            latency,
            alert,
            rate: Mutex::default(),
            events,
            clock,
        }))
    }

    /// Also shows how many events this queue lost.
    pub fn count_dropped(&self, queue: &EventQueue) {
        locked(&self.0.registry).register(
            "events_dropped",
            "Events that were lost because the queue was full",
            queue.drop_counter(),
        );
    }

    /// Also shows how many of something there are at the moment.
    #[must_use]
    pub fn live_count(&self, name: &'static str, help: &'static str) -> LiveCount {
        let count = LiveCount::default();
        locked(&self.0.registry).register(name, help, Gauge::clone(&count.number));
        count
    }

    /// Also shows how often something happened.
    #[must_use]
    pub fn count(&self, name: &'static str, help: &'static str) -> Count {
        let count = Count::default();
        self.show_count(name, help, &count);
        count
    }

    /// Also shows how often something happened that is counted elsewhere.
    pub fn show_count(&self, name: &'static str, help: &'static str, count: &Count) {
        locked(&self.0.registry).register(name, help, Counter::clone(&count.0));
    }

    /// `GET /metrics` in the Prometheus text format: for the admin listener, never a public one.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    pub(crate) fn record(&self, answered: &Answered<'_>) {
        let inner = &self.0;
        let labels = RouteLabels {
            method: answered.method,
            route: answered.route.to_owned(),
        };
        inner
            .latency
            .get_or_create(&labels)
            .observe(answered.latency.as_secs_f64());
        inner
            .requests
            .get_or_create(&RequestLabels {
                method: labels.method,
                route: labels.route,
                status: answered.status.as_u16(),
                code: answered.code,
            })
            .inc();
        self.watch(answered.status.is_server_error());
    }

    fn watch(&self, failed: bool) {
        let now = self.0.clock.now();
        let crossing = locked(&self.0.rate).record(now, failed);
        let event = Event::new("alert", now)
            .with("alert", "error_rate")
            .with("threshold_percent", PERCENT)
            .with("window_seconds", WINDOW);
        match crossing {
            None => {}
            Some(Crossing::Raised { total, failed }) => {
                self.0.alert.set(1);
                tracing::error!(total, failed, "the error rate is over the threshold");
                self.0.events.emit(
                    event
                        .with("state", "raised")
                        .with("requests", total)
                        .with("failed", failed),
                );
            }
            Some(Crossing::Cleared) => {
                self.0.alert.set(0);
                tracing::info!("the error rate is below the threshold again");
                self.0.events.emit(event.with("state", "cleared"));
            }
        }
    }
}

/// From half a millisecond to eight seconds, in doublings.
fn histogram() -> Histogram {
    Histogram::new((0..15).map(|step| 0.000_5 * f64::from(1_u32 << step)))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn metrics(State(metrics): State<Metrics>) -> axum::response::Response {
    let mut text = String::new();
    match encode(&mut text, &locked(&metrics.0.registry)) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => Problem::new(&problems::INTERNAL).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use anteroom_protocol::Timestamp;
    use futures::FutureExt as _;

    use super::*;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(1_700_000_000)
        }
    }

    #[derive(Default)]
    struct Kept(Mutex<Vec<Event>>);

    impl EventSink for Kept {
        fn emit(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    #[test]
    fn a_live_count_goes_up_and_down_and_is_shown() {
        let metrics = Metrics::new(Arc::new(Kept::default()), Arc::new(Fixed));
        let count = metrics.live_count("open_things", "Things that are open");
        let (one, two) = (count.enter(), count.clone().enter());
        drop(one);
        let mut text = String::new();
        encode(&mut text, &metrics.0.registry.lock().unwrap()).unwrap();
        assert!(text.contains("anteroom_open_things 1"), "{text}");
        drop(two);
        assert_eq!(count.number(), 0);
    }

    #[tokio::test]
    async fn the_end_of_the_last_one_is_told() {
        let count = LiveCount::default();
        count.none().await;
        let (one, two) = (count.enter(), count.enter());
        let mut none = pin!(count.none());
        assert!(none.as_mut().now_or_never().is_none());
        drop(one);
        assert!(none.as_mut().now_or_never().is_none());
        drop(two);
        assert!(none.as_mut().now_or_never().is_some());
    }

    #[test]
    fn a_rate_over_the_threshold_raises_one_alert_event_and_the_gauge() {
        let events = Arc::new(Kept::default());
        let metrics = Metrics::new(events.clone(), Arc::new(Fixed));
        for n in 0..30 {
            metrics.record(&Answered {
                method: "GET",
                route: "/v1/params",
                status: if n % 10 == 0 {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    StatusCode::OK
                },
                code: if n % 10 == 0 { "UNAVAILABLE" } else { "" },
                latency: Duration::from_millis(n),
            });
        }
        let events = events.0.lock().unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].name(), "alert");
        assert_eq!(events[0].payload()["state"], "raised");
        let mut text = String::new();
        encode(&mut text, &metrics.0.registry.lock().unwrap()).unwrap();
        assert!(text.contains("anteroom_error_rate_alert 1"), "{text}");
        let line = "anteroom_http_requests_total{method=\"GET\",route=\"/v1/params\",\
                    status=\"503\",code=\"UNAVAILABLE\"} 3";
        assert!(text.contains(line), "{text}");
    }
}
