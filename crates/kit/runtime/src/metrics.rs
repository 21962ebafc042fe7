//! The metrics of a service.
//!
//! Labels are fixed words: areas, operations, outcomes, dependencies, the method, the matched route
//! (never the path), the status and the code of a problem. No text of a caller becomes a label.

mod count;
mod source;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use self::source::SourceCollector;
pub use self::{
    count::{Count, GaugeGuard, GuardedGauge},
    source::{HistogramSample, MetricSample, MetricSource, MetricValue},
};
use crate::{
    AdmissionRecorder, Clock, EventSink, Operation, OperationRecorder,
    admission::AdmissionFamilies, dependency::DependencyRecorder, episode::EpisodeFamilies,
    operation::Operations,
};

/// The metrics of one service. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    guarded_gauges: Mutex<HashMap<&'static str, GuardedGauge>>,
    counts: Mutex<HashMap<&'static str, Count>>,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    operations: Operations,
    dependencies: EpisodeFamilies<DependencyLabels>,
    admissions: AdmissionFamilies,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DependencyLabels {
    dependency: String,
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

/// An answered request.
#[derive(Clone, Copy, Debug)]
pub struct AnswerSample<'a> {
    /// The method, or a fixed word for an unknown one.
    pub method: &'static str,
    /// The route, never the path.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The code of the problem; empty for an answer without one.
    pub code: &'static str,
    /// The time from the request's head to its answer.
    pub latency: Duration,
}

impl Metrics {
    /// Creates metrics at zero. Alerts go to `events`.
    #[must_use]
    pub fn new(events: Arc<dyn EventSink>, clock: Arc<dyn Clock>) -> Self {
        Self::of_service(None, events, clock)
    }

    /// Creates the same for one of several services of a process. The log names the service.
    #[must_use]
    pub fn of_service(
        service: Option<&'static str>,
        events: Arc<dyn EventSink>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let requests = Family::default();
        let latency = Family::new_with_constructor(histogram as fn() -> Histogram);
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
        let operations = Operations::register(&mut registry, events, Arc::clone(&clock));
        let dependencies = EpisodeFamilies::register(&mut registry, "dependency");
        let admissions = AdmissionFamilies::register(&mut registry, service);
        Self(Arc::new(Inner {
            registry: Mutex::new(registry),
            guarded_gauges: Mutex::default(),
            counts: Mutex::default(),
            requests,
            latency,
            operations,
            dependencies,
            admissions,
            clock,
        }))
    }

    /// Returns the recorder of an operation. Repeated calls return the same one.
    #[must_use]
    pub fn operation(&self, operation: Operation) -> OperationRecorder {
        self.0.operations.recorder(operation)
    }

    /// Returns the recorder of a budget, and shows its refusals and evictions from now on.
    #[must_use]
    pub fn admission(&self, budget: &'static str) -> AdmissionRecorder {
        self.0.admissions.recorder(budget)
    }

    /// Returns the recorder of a dependency, and shows its metrics from now on.
    pub(crate) fn dependency(&self, name: &str) -> DependencyRecorder {
        let labels = DependencyLabels {
            dependency: name.to_owned(),
        };
        DependencyRecorder {
            episodes: self.0.dependencies.recorder(&labels),
            clock: Arc::clone(&self.0.clock),
        }
    }

    /// Updates alerts and rates to the current time: alerts whose window has passed are cleared.
    /// [`crate::Monitor`] does so every second, and each read of the metrics does.
    pub fn tick(&self) {
        self.0.operations.tick();
    }

    /// Adds a gauge for the number of things at the moment. Repeated calls with the name return the
    /// same one.
    #[must_use]
    pub fn guarded_gauge(&self, name: &'static str, help: &'static str) -> GuardedGauge {
        let mut counts = self.0.guarded_gauges.lock();
        let count = counts.entry(name).or_insert_with(|| {
            let count = GuardedGauge::default();
            self.0
                .registry
                .lock()
                .register(name, help, count.number.clone());
            count
        });
        count.clone()
    }

    /// Adds a counter. Repeated calls with the name return the same one.
    #[must_use]
    pub fn count(&self, name: &'static str, help: &'static str) -> Count {
        let mut counts = self.0.counts.lock();
        let count = counts.entry(name).or_insert_with(|| {
            let count = Count::default();
            self.show_count(name, help, &count);
            count
        });
        count.clone()
    }

    /// Adds a counter that is counted elsewhere.
    pub fn show_count(&self, name: &'static str, help: &'static str, count: &Count) {
        self.0.registry.lock().register(name, help, count.0.clone());
    }

    /// Adds metrics that are counted elsewhere.
    pub fn show_source(&self, source: impl MetricSource) {
        let collector = Box::new(SourceCollector(source));
        self.0.registry.lock().register_collector(collector);
    }

    /// Returns the metrics at the current time, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// If a metric has no text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        self.tick();
        let mut text = String::new();
        encode(&mut text, &self.0.registry.lock())?;
        Ok(text)
    }

    /// Records an answered request.
    pub fn record(&self, sample: &AnswerSample<'_>) {
        let inner = &self.0;
        let labels = RouteLabels {
            method: sample.method,
            route: sample.route.to_owned(),
        };
        inner
            .latency
            .get_or_create(&labels)
            .observe(sample.latency.as_secs_f64());
        inner
            .requests
            .get_or_create(&RequestLabels {
                method: labels.method,
                route: labels.route,
                status: sample.status,
                code: sample.code,
            })
            .inc();
    }
}

/// Returns buckets from half a millisecond to eight seconds, each twice the one before.
fn histogram() -> Histogram {
    Histogram::new((0..15).map(|step| 0.000_5 * f64::from(1_u32 << step)))
}
