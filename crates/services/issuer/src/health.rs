//! The health of the database and of the server params.

use std::sync::Arc;

use anteroom_runtime::{Clock, Dependency, Health};
use anteroom_store::{Availability, IssuerDatabase};
use async_trait::async_trait;

use crate::domain::issuing_params::CurrentParams;

pub(crate) struct DatabaseHealth(pub(crate) Arc<dyn IssuerDatabase>);

#[async_trait]
impl Dependency for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    /// Recent callers are authenticated without the database.
    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match self.0.ready().await {
            Ok(Availability::ReadWrite) => Health::Ok,
            Ok(Availability::ReadOnly) => Health::Degraded,
            Err(_) => Health::Failing,
        }
    }
}

pub(crate) enum ParamsKind {
    Generic,
    Group,
}

pub(crate) struct ParamsHealth {
    pub(crate) params: Arc<CurrentParams>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) kind: ParamsKind,
}

#[async_trait]
impl Dependency for ParamsHealth {
    fn name(&self) -> &'static str {
        match self.kind {
            ParamsKind::Generic => "call-link-params",
            ParamsKind::Group => "group-params",
        }
    }

    /// Call-link credentials are issued without the group params.
    fn required(&self) -> bool {
        matches!(self.kind, ParamsKind::Generic)
    }

    async fn check(&self) -> Health {
        let (now, params) = (self.clock.now(), self.params.current());
        let live = match self.kind {
            ParamsKind::Generic => params.issuing_generic(now).is_some(),
            ParamsKind::Group => params.issuing_group(now).is_some(),
        };
        if live { Health::Ok } else { Health::Failing }
    }
}
