//! The task that updates the alerts, and checks the dependencies that do not report their uses.

use std::{sync::Arc, time::Duration};

use tracing::Instrument as _;

use crate::{
    Dependency, DependencyState, Health, HealthRegistry, Metrics, health, task_span, ticks,
};

/// The interval of alert updates.
const TICK: Duration = Duration::from_secs(1);
/// The interval of dependency checks.
const CHECK: Duration = Duration::from_secs(5);

/// Monitors the dependencies of a service and its alerts.
///
/// A dependency with a [`DependencyState`] reports each of its uses itself. The others are checked
/// as the readiness report does.
pub struct Monitor {
    metrics: Metrics,
    checked: Vec<(Arc<dyn Dependency>, DependencyState)>,
}

impl Monitor {
    /// Creates a monitor of the registry's dependencies.
    #[must_use]
    pub fn new(registry: &HealthRegistry, metrics: &Metrics) -> Self {
        let mut checked = Vec::new();
        for dependency in registry.0.iter() {
            let recorder = metrics.dependency(dependency.name());
            if let Some(state) = dependency.state() {
                state.connect(recorder);
            } else {
                let state = DependencyState::default();
                state.connect(recorder);
                checked.push((Arc::clone(dependency), state));
            }
        }
        Self {
            metrics: metrics.clone(),
            checked,
        }
    }

    /// Runs until it is dropped.
    pub async fn run(&self) {
        let monitoring = async { tokio::join!(self.tick(), self.check()) };
        monitoring.instrument(task_span("monitor")).await;
    }

    async fn tick(&self) {
        let mut ticks = ticks(TICK);
        loop {
            ticks.tick().await;
            self.metrics.tick();
        }
    }

    async fn check(&self) {
        let mut checks = ticks(CHECK);
        loop {
            checks.tick().await;
            self.check_once().await;
        }
    }

    /// Checks each dependency that does not report its uses.
    pub async fn check_once(&self) {
        for (dependency, state) in &self.checked {
            match health::check(&**dependency).await {
                Health::Ok => {
                    state.succeeded();
                }
                Health::Degraded | Health::Failing => {
                    state.failed();
                }
            }
        }
    }
}
