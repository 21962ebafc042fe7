//! The database as a dependency in the readiness report.

use std::sync::Arc;

use anteroom_runtime::{Dependency, Health};
use anteroom_store::{Availability, RoomsDatabase};
use async_trait::async_trait;

pub(crate) struct DatabaseHealth(pub(crate) Arc<dyn RoomsDatabase>);

#[async_trait]
impl Dependency for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        match self.0.ready().await {
            Ok(Availability::ReadWrite) => Health::Ok,
            Ok(Availability::ReadOnly) => Health::Degraded,
            Err(_) => Health::Failing,
        }
    }
}
