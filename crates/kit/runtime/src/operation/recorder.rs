//! The record of operations, from their start to their outcome.

use std::{fmt, sync::Arc, time::Instant};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::{
    Area, AreaRates, Operation, OperationOutcome, alerts::Alerts, dependency_wait::WaitMark,
};
use crate::{
    Clock, EventSink,
    episode::{EpisodeFamilies, EpisodeRecorder},
};

/// The histogram buckets of durations, in seconds. One boundary is half a second, the target for
/// logins and devices.
const DURATIONS: [f64; 14] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    area: &'static str,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    area: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

/// The operations of a service, with their metrics and alerts.
pub(crate) struct Operations {
    clock: Arc<dyn Clock>,
    outcomes: Family<OutcomeLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
    episodes: EpisodeFamilies<OperationLabels>,
    recovery_rates: AreaRates,
    recorders: Mutex<Vec<OperationRecorder>>,
    alerts: Arc<Mutex<Alerts>>,
}

impl Operations {
    /// Registers the metrics. Alerts go to `events`.
    pub(crate) fn register(
        registry: &mut Registry,
        events: Arc<dyn EventSink>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let outcomes = Family::default();
        let durations =
            Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> Histogram);
        registry.register(
            "operations",
            "Operations by area, name and outcome",
            Family::clone(&outcomes),
        );
        registry.register(
            "operation_duration_seconds",
            "Time from the start of an operation to its outcome",
            Family::clone(&durations),
        );
        let episodes = EpisodeFamilies::register(registry, "operation");
        let recovery_rates = AreaRates::register(
            registry,
            "error_recovery_rate",
            "Share of recovered failure episodes of operations in those recovered or overdue",
        );
        recovery_rates.set(None, 0, 0);
        Self {
            clock,
            outcomes,
            durations,
            episodes,
            recovery_rates,
            recorders: Mutex::default(),
            alerts: Arc::new(Mutex::new(Alerts::register(registry, events))),
        }
    }

    /// Returns the recorder of an operation, and shows its metrics from now on.
    pub(crate) fn recorder(&self, operation: Operation) -> OperationRecorder {
        let mut recorders = self.recorders.lock();
        let known = recorders
            .iter()
            .find(|recorder| recorder.0.operation == operation);
        if let Some(known) = known {
            return known.clone();
        }
        self.alerts.lock().watch(operation.area);
        self.recovery_rates.set(Some(operation.area), 0, 0);
        let recorder = OperationRecorder(Arc::new(self.described(operation, recorders.len())));
        recorders.push(recorder.clone());
        recorder
    }

    fn described(&self, operation: Operation, number: usize) -> Inner {
        let (area, name) = (operation.area.as_str(), operation.name());
        let labels = OperationLabels {
            area,
            operation: name,
        };
        let counter = |outcome: OperationOutcome| {
            self.outcomes.get_or_create_owned(&OutcomeLabels {
                area,
                operation: name,
                outcome: outcome.as_str(),
            })
        };
        Inner {
            operation,
            number,
            succeeded: counter(OperationOutcome::Succeeded),
            refused: counter(OperationOutcome::Refused),
            failed: counter(OperationOutcome::Failed),
            durations: self.durations.get_or_create_owned(&labels),
            episodes: self.episodes.recorder(&labels),
            alerts: Arc::clone(&self.alerts),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Updates the alerts and the rates to the current time.
    pub(crate) fn tick(&self) {
        self.alerts.lock().tick(self.clock.now());
        let recorders = self.recorders.lock();
        for area in Area::ALL.map(Some).into_iter().chain([None]) {
            let ends = recorders.iter().filter_map(|OperationRecorder(recorder)| {
                let is_meant = area.is_none_or(|area| area == recorder.operation.area);
                is_meant.then(|| recorder.episodes.ends())
            });
            let sum = ends.reduce(|sum, ends| (sum.0 + ends.0, sum.1 + ends.1));
            if let Some((recovered, overdue)) = sum {
                self.recovery_rates.set(area, recovered, overdue);
            }
        }
    }
}

/// Records one operation of a service. Clones record the same one.
#[derive(Clone)]
pub struct OperationRecorder(Arc<Inner>);

struct Inner {
    operation: Operation,
    /// The number of the operation among those of the service.
    number: usize,
    succeeded: Counter,
    refused: Counter,
    failed: Counter,
    durations: Histogram,
    episodes: EpisodeRecorder,
    alerts: Arc<Mutex<Alerts>>,
    clock: Arc<dyn Clock>,
}

impl OperationRecorder {
    /// Returns the operation.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Starts an operation.
    pub fn start(&self) -> RunningOperation {
        RunningOperation {
            recorder: Some(self.clone()),
            started: Instant::now(),
            mark: WaitMark::default(),
        }
    }
}

impl fmt::Debug for OperationRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OperationRecorder")
            .field(&self.0.operation)
            .finish()
    }
}

/// A running operation. It ends exactly once, with the outcome passed to `end`. If it is dropped
/// before, its caller has disconnected: it has failed if it waited for a dependency in trouble
/// ([`super::dependency_wait`]), and is refused otherwise.
#[must_use = "an operation that is dropped counts as refused"]
#[derive(Debug)]
pub struct RunningOperation {
    recorder: Option<OperationRecorder>,
    started: Instant,
    mark: WaitMark,
}

impl RunningOperation {
    /// Runs a part of the operation, and records its waits for dependencies.
    pub async fn run<F: Future>(&self, part: F) -> F::Output {
        self.mark.run(part).await
    }

    /// Ends the operation.
    pub fn end(mut self, outcome: OperationOutcome) {
        self.record(outcome);
    }

    fn record(&mut self, outcome: OperationOutcome) {
        let Some(OperationRecorder(recorder)) = self.recorder.take() else {
            return;
        };
        let Inner {
            operation, number, ..
        } = *recorder;
        let elapsed = self.started.elapsed();
        recorder.durations.observe(elapsed.as_secs_f64());
        let failed = match outcome {
            OperationOutcome::Refused => {
                recorder.refused.inc();
                return;
            }
            OperationOutcome::Succeeded => false,
            OperationOutcome::Failed => true,
        };
        let now = recorder.clock.now();
        if failed {
            recorder.failed.inc();
            recorder.episodes.failed(now);
        } else {
            recorder.succeeded.inc();
            recorder.episodes.succeeded(now);
        }
        recorder
            .alerts
            .lock()
            .record(now, operation, number, failed);
    }
}

impl Drop for RunningOperation {
    fn drop(&mut self) {
        self.record(match self.mark.is_set() {
            true => OperationOutcome::Failed,
            false => OperationOutcome::Refused,
        });
    }
}
