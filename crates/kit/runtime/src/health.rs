//! The health of a service and of its dependencies.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::DependencyState;

/// The time after which a check counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The health of a dependency or of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It works.
    Ok,
    /// It works in part.
    Degraded,
    /// It does not work.
    Failing,
}

/// A dependency of the service.
#[async_trait]
pub trait Dependency: Send + Sync {
    /// Returns the name in the report.
    fn name(&self) -> &str;

    /// Returns whether the service cannot work at all without the dependency.
    fn required(&self) -> bool;

    /// Checks the health at the moment.
    async fn check(&self) -> Health;

    /// Returns the state that the dependency's uses report; `None` for a dependency that is checked
    /// periodically instead.
    fn state(&self) -> Option<&DependencyState> {
        None
    }
}

/// Checks a dependency. Returns `Failing` if the check takes too long.
pub(crate) async fn check(dependency: &dyn Dependency) -> Health {
    tokio::time::timeout(CHECK_TIMEOUT, dependency.check())
        .await
        .unwrap_or(Health::Failing)
}

/// The body of `/health/ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthReport {
    /// The health of the service as a whole.
    pub status: Health,
    /// The health of each dependency, by its name.
    pub dependencies: BTreeMap<String, Health>,
}

/// The dependencies of a service, which it reports on.
#[derive(Clone)]
pub struct HealthRegistry(pub(crate) Arc<[Arc<dyn Dependency>]>);

impl HealthRegistry {
    /// Creates a registry of these dependencies.
    #[must_use]
    pub fn new(dependencies: Vec<Arc<dyn Dependency>>) -> Self {
        Self(dependencies.into())
    }

    /// Checks every dependency, one after the other.
    ///
    /// The service is failing if a required dependency is, and degraded if any other one does not
    /// work fully.
    pub async fn report(&self) -> HealthReport {
        let mut report = HealthReport {
            status: Health::Ok,
            dependencies: BTreeMap::new(),
        };
        for dependency in self.0.iter() {
            let health = check(&**dependency).await;
            let worst = if dependency.required() {
                Health::Failing
            } else {
                Health::Degraded
            };
            report.status = report.status.max(health.min(worst));
            report
                .dependencies
                .insert(dependency.name().to_owned(), health);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct ConstantDependency(&'static str, bool, Health);

    #[async_trait]
    impl Dependency for ConstantDependency {
        fn name(&self) -> &'static str {
            self.0
        }

        fn required(&self) -> bool {
            self.1
        }

        async fn check(&self) -> Health {
            self.2
        }
    }

    #[tokio::test]
    async fn only_what_is_required_makes_the_whole_fail() {
        use Health::{Degraded, Failing, Ok};
        for (required, optional, whole) in [
            (Ok, Ok, Ok),
            (Ok, Degraded, Degraded),
            (Ok, Failing, Degraded),
            (Degraded, Ok, Degraded),
            (Failing, Ok, Failing),
            (Failing, Failing, Failing),
        ] {
            let registry = HealthRegistry::new(vec![
                Arc::new(ConstantDependency("keys", true, required)),
                Arc::new(ConstantDependency("events", false, optional)),
            ]);
            let report = registry.report().await;
            assert_eq!(report.status, whole);
            assert_eq!(report.dependencies["keys"], required);
            assert_eq!(report.dependencies["events"], optional);
        }
    }

    struct UnresponsiveDependency;

    #[async_trait]
    impl Dependency for UnresponsiveDependency {
        fn name(&self) -> &'static str {
            "hanging"
        }

        fn required(&self) -> bool {
            false
        }

        async fn check(&self) -> Health {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_counts_as_failed() {
        let report = HealthRegistry::new(vec![Arc::new(UnresponsiveDependency)])
            .report()
            .await;
        assert_eq!(report.status, Health::Degraded);
        assert_eq!(report.dependencies["hanging"], Health::Failing);
    }
}
