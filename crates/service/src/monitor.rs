//! The task that lets time pass for the alerts, and checks the dependencies that nobody else does.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{Dependency, DependencyState, Health, HealthRegistry, Metrics, health};

/// Between two looks at the alerts.
const TICK: Duration = Duration::from_secs(1);
/// Between two checks of the dependencies.
const CHECK: Duration = Duration::from_secs(5);

/// Watches the dependencies of a service and its alerts.
///
/// A dependency that has a [`DependencyState`] tells of each of its uses itself; the others are
/// checked, as the readiness report does it.
pub struct Monitor {
    metrics: Metrics,
    checked: Vec<(Arc<dyn Dependency>, DependencyState)>,
}

impl Monitor {
    /// Watches what the registry knows.
    #[must_use]
    pub fn new(registry: &HealthRegistry, metrics: &Metrics) -> Self {
        let mut checked = Vec::new();
        for dependency in registry.dependencies() {
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
        tokio::join!(self.tick(), self.check());
    }

    async fn tick(&self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.metrics.tick();
        }
    }

    async fn check(&self) {
        let mut checks = interval(CHECK);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            checks.tick().await;
            self.check_once().await;
        }
    }

    /// Checks each dependency that does not tell of its uses itself.
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
